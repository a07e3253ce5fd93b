pragma circom 2.2.0;

include "./base8-multiply.circom";
include "./bits.circom";
include "./hash.circom";

/**
 * The identity commitment Poseidon(A.x, A.y) of the key A = secret * B8, for a canonical secret below l.
 *
 * Were secret + l allowed too, one key would have two nullifiers.
 *
 * @input secret          any field element; from l on there is no witness
 * @output commitment     Semaphore v4's identity commitment
 */
template Soul() {
    signal input secret;
    signal output commitment;
    signal {binary} low[251] <== Bits(251)(secret);
    AtMostConstant(251, SUBGROUP_ORDER() - 1)(low);
    signal {binary} bits[252];
    for (var i = 0; i < 251; i++) bits[i] <== low[i];
    bits[251] <== 0;
    commitment <== Hash(2)(Base8Multiply()(bits));
}
