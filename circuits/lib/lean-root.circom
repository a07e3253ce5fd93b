pragma circom 2.2.0;

include "./bits.circom";
include "./hash.circom";

/**
 * The root of a LeanIMT (binary, nodes Poseidon(left, right), levels without a sibling skipped) that holds `leaf`.
 *
 * A level is used or not by a constrained bit, and after an unused level none is used: the depth is the number of
 * used levels and cannot exceed MAX_DEPTH. Left and right come from a constrained bit; their sum is node + sibling
 * in either order.
 *
 * @param MAX_DEPTH                    most levels with a sibling
 * @input leaf                         any field element
 * @input index[MAX_DEPTH] {binary}    1 where the node is the right child
 * @input used[MAX_DEPTH] {binary}     1 for the levels that the path has, first ones first
 * @input siblings[MAX_DEPTH]          free
 * @output out                         the root
 */
template LeanRoot(MAX_DEPTH) {
    signal input leaf;
    signal input {binary} index[MAX_DEPTH];
    signal input {binary} used[MAX_DEPTH];
    signal input siblings[MAX_DEPTH];
    signal output out;
    signal node[MAX_DEPTH + 1];
    signal left[MAX_DEPTH];
    signal parent[MAX_DEPTH];
    node[0] <== leaf;
    for (var i = 0; i < MAX_DEPTH; i++) {
        if (i > 0) used[i] * (1 - used[i - 1]) === 0;
        left[i] <== node[i] + index[i] * (siblings[i] - node[i]);
        parent[i] <== Hash(2)([left[i], node[i] + siblings[i] - left[i]]);
        node[i + 1] <== node[i] + used[i] * (parent[i] - node[i]);
    }
    out <== node[MAX_DEPTH];
}
