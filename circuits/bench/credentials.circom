pragma circom 2.2.0;

include "../lib/bits.circom";
include "../lib/compare.circom";
include "../lib/eddsa.circom";
include "../lib/hash.circom";
include "../lib/lean-root.circom";

/**
 * For the bench only: CREDENTIALS signed hashes of six claims each, every claim from min to max, and the first PATHS of
 * the hashes in binary trees of 32 levels. What wallets of other projects prove, in our gadgets.
 *
 * @verifier whose the keys are is not proved, so that this is good for nothing but to be measured
 */
template Credentials(CREDENTIALS, PATHS) {
    var CLAIMS = 6;
    var DEPTH = 32;
    signal input roots[PATHS];
    signal input min;
    signal input max;

    signal input claims[CREDENTIALS][CLAIMS];
    signal input A[CREDENTIALS][2];
    signal input R8[CREDENTIALS][2];
    signal input s[CREDENTIALS];
    signal input index[PATHS][DEPTH];
    signal input siblings[PATHS][DEPTH];

    _ <== Bits(64)(min);
    _ <== Bits(64)(max);
    signal hash[CREDENTIALS];
    signal notBelow[CREDENTIALS][CLAIMS];
    signal notAbove[CREDENTIALS][CLAIMS];
    signal valid[CREDENTIALS];
    for (var i = 0; i < CREDENTIALS; i++) {
        for (var j = 0; j < CLAIMS; j++) {
            _ <== Bits(64)(claims[i][j]);
            notBelow[i][j] <== AtLeast(64)([claims[i][j], min]);
            notAbove[i][j] <== AtLeast(64)([max, claims[i][j]]);
            notBelow[i][j] * notAbove[i][j] === 1;
        }
        hash[i] <== Hash(CLAIMS)(claims[i]);
        valid[i] <== Eddsa()(A[i], R8[i], s[i], hash[i]);
        valid[i] === 1;
    }

    signal {binary} used[DEPTH];
    for (var i = 0; i < DEPTH; i++) used[i] <== 1;
    signal computedRoot[PATHS];
    for (var i = 0; i < PATHS; i++) {
        computedRoot[i] <== LeanRoot(DEPTH)(hash[i], BitArray(DEPTH)(index[i]), used, siblings[i]);
        computedRoot[i] === roots[i];
    }
}
