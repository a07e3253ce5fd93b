pragma circom 2.2.0;

include "./bits.circom";
include "./domains.circom";
include "./hash.circom";

/**
 * The handle of a Soul in a ledger: the low 248 bits of Poseidon(tag, ledgerId, secret), canonically decomposed. Without
 * the bound at r - 1, a hash below 2^254 - r would give two handles.
 *
 * @output out {handle}   below 2^248
 */
template Handle() {
    signal input ledgerId;
    signal input secret;
    signal output {handle} out;
    signal hash <== Hash(3)([DOMAIN_HANDLE(), ledgerId, secret]);
    signal {binary} bits[254];
    var sum = 0;
    for (var i = 0; i < 254; i++) {
        bits[i] <-- (hash >> i) & 1; // pinned by the two lines below and the bound
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * (1 << i);
    }
    sum === hash;
    AtMostConstant(254, -1)(bits);
    signal {binary} low[248];
    for (var i = 0; i < 248; i++) low[i] <== bits[i];
    out <== FromBits(248)(low);
}
