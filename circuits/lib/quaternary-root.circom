pragma circom 2.2.0;

include "./bits.circom";
include "./hash.circom";

/**
 * The root of a quaternary Poseidon tree of fixed depth that holds `leaf` at the position given by its bits.
 *
 * A level takes all four children and enforces that the one at the position is the node below: two products for a
 * choice among four by constrained bits, one equality. The other three children are free, as siblings are.
 *
 * @param DEPTH                   levels
 * @input leaf                    any field element
 * @input index[2 DEPTH] {binary} position, lowest bit first, two bits a level from the leaf up
 * @input children[DEPTH][4]      free but for the one that is the path's node
 * @output out                    the root
 */
template QuaternaryRoot(DEPTH) {
    signal input leaf;
    signal input {binary} index[2 * DEPTH];
    signal input children[DEPTH][4];
    signal output out;
    signal left[DEPTH];
    signal right[DEPTH];
    signal node[DEPTH + 1];
    node[0] <== leaf;
    for (var i = 0; i < DEPTH; i++) {
        left[i] <== children[i][0] + index[2 * i] * (children[i][1] - children[i][0]);
        right[i] <== children[i][2] + index[2 * i] * (children[i][3] - children[i][2]);
        index[2 * i + 1] * (right[i] - left[i]) === node[i] - left[i];
        node[i + 1] <== Hash(4)(children[i]);
    }
    out <== node[DEPTH];
}
