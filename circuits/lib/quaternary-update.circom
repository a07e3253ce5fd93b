pragma circom 2.2.0;

include "./bits.circom";
include "./hash.circom";

/**
 * The roots of a quaternary tree before and after one leaf is replaced; every other leaf stays.
 *
 * Both paths share the position and the children: the new row is the old one with the new node at the position, added as a
 * difference there alone.
 *
 * @param DEPTH                   levels
 * @input before, after           the leaf, any field elements
 * @input index[2 DEPTH] {binary} position, lowest bit first, two bits a level from the leaf up
 * @input children[DEPTH][4]      of the tree before; free but for the one that is the path's node
 * @output rootBefore, rootAfter
 */
template QuaternaryUpdate(DEPTH) {
    signal input before;
    signal input after;
    signal input {binary} index[2 * DEPTH];
    signal input children[DEPTH][4];
    signal output rootBefore;
    signal output rootAfter;
    signal left[DEPTH];
    signal right[DEPTH];
    signal both[DEPTH];
    signal changes[DEPTH][4];
    signal changed[DEPTH][4];
    signal old[DEPTH + 1];
    signal new[DEPTH + 1];
    old[0] <== before;
    new[0] <== after;
    for (var i = 0; i < DEPTH; i++) {
        var low = index[2 * i];
        var high = index[2 * i + 1];
        left[i] <== children[i][0] + index[2 * i] * (children[i][1] - children[i][0]);
        right[i] <== children[i][2] + index[2 * i] * (children[i][3] - children[i][2]);
        index[2 * i + 1] * (right[i] - left[i]) === old[i] - left[i];
        both[i] <== index[2 * i] * index[2 * i + 1];
        // The four places add up to 1, and so do the changes to the difference.
        changes[i][1] <== (low - both[i]) * (new[i] - old[i]);
        changes[i][2] <== (high - both[i]) * (new[i] - old[i]);
        changes[i][3] <== both[i] * (new[i] - old[i]);
        changes[i][0] <== new[i] - old[i] - changes[i][1] - changes[i][2] - changes[i][3];
        for (var j = 0; j < 4; j++) changed[i][j] <== children[i][j] + changes[i][j];
        old[i + 1] <== Hash(4)(children[i]);
        new[i + 1] <== Hash(4)(changed[i]);
    }
    rootBefore <== old[DEPTH];
    rootAfter <== new[DEPTH];
}
