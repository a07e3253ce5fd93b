pragma circom 2.2.0;

include "./bits.circom";
include "./compare.circom";

/**
 * Evaluates a tree of weighted thresholds over clauses; the last gate is the root.
 *
 * Each clause and each gate but the root has a weight and a parent. A gate is satisfied if the weights of its satisfied
 * children exceed `threshold`, which is one less than the least sum, so that no gate holds without a child. A gate's
 * parent is a later gate: a number of an earlier one, its own, or none leads nowhere.
 *
 * @param CLAUSES, GATES
 * @param PARENT_BITS, WEIGHT_BITS, THRESHOLD_BITS    widths; all weights together stay below 2^THRESHOLD_BITS
 * @input satisfied[CLAUSES] {binary}
 * @input parents[CLAUSES + GATES - 1][PARENT_BITS] {binary}    gate number, lowest bit first; clauses, then gates
 * @input weights[CLAUSES + GATES - 1]                          below 2^WEIGHT_BITS
 * @input thresholds[GATES]                                     below 2^THRESHOLD_BITS
 * @output out {binary}
 */
template Formula(CLAUSES, GATES, PARENT_BITS, WEIGHT_BITS, THRESHOLD_BITS) {
    assert((CLAUSES + GATES) * ((1 << WEIGHT_BITS) - 1) < (1 << THRESHOLD_BITS));
    var NODES = CLAUSES + GATES - 1;
    var CHOICES = 1 << PARENT_BITS;
    assert(GATES <= CHOICES);
    signal input {binary} satisfied[CLAUSES];
    signal input {binary} parents[NODES][PARENT_BITS];
    signal input weights[NODES];
    signal input thresholds[GATES];
    signal output {binary} out;

    signal {binary} value[NODES + 1];
    signal weight[NODES];
    signal part[NODES][GATES];
    component choice[NODES];
    var sums[GATES];
    for (var g = 0; g < GATES; g++) sums[g] = 0;
    for (var n = 0; n <= NODES; n++) {
        if (n < CLAUSES) {
            value[n] <== satisfied[n];
        } else {
            value[n] <== AtLeast(THRESHOLD_BITS)([sums[n - CLAUSES], thresholds[n - CLAUSES] + 1]);
        }
        if (n < NODES) {
            weight[n] <== weights[n] * value[n];
            choice[n] = OneHot(PARENT_BITS);
            choice[n].in <== parents[n];
            for (var g = 0; g < GATES; g++) {
                if (g > n - CLAUSES) {
                    part[n][g] <== choice[n].out[g] * weight[n];
                } else {
                    part[n][g] <== 0;
                }
                sums[g] += part[n][g];
            }
        }
    }
    out <== value[NODES];
}

/** The unit vector at a position given by B bits, 1 to 3 of them. */
template OneHot(B) {
    assert(B >= 1 && B <= 3);
    signal input {binary} in[B];
    signal output out[1 << B];
    signal both;
    if (B == 1) {
        both <== 0;
        out[0] <== 1 - in[0];
        out[1] <== in[0];
    } else {
        both <== in[0] * in[1];
        var unit[4] = [1 - in[0] - in[1] + both, in[0] - both, in[1] - both, both];
        if (B == 2) {
            for (var i = 0; i < 4; i++) out[i] <== unit[i];
        } else {
            for (var i = 0; i < 4; i++) {
                out[4 + i] <== in[2] * unit[i];
                out[i] <== unit[i] - out[4 + i];
            }
        }
    }
}
