pragma circom 2.2.0;

include "../lib/bits.circom";
include "../lib/lean-root.circom";

/** For the bench only: a leaf is in a binary tree of so many levels, so that any number of constraints can be measured. */
template MerklePath(LEVELS) {
    signal input root;
    signal input leaf;
    signal input index[LEVELS];
    signal input siblings[LEVELS];

    signal {binary} used[LEVELS];
    for (var i = 0; i < LEVELS; i++) used[i] <== 1;
    signal computedRoot <== LeanRoot(LEVELS)(leaf, BitArray(LEVELS)(index), used, siblings);
    computedRoot === root;
}
