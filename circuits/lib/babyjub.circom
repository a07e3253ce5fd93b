pragma circom 2.2.0;

include "./bits.circom";

// Baby Jubjub (EIP-2494): a x^2 + y^2 = 1 + d x^2 y^2 with a = 168700, d = 168696; its Montgomery form
// v^2 = u^3 + A u^2 + u has A = 168698 and the maps u = (1 + y) / (1 - y), v = u / x.

function EDWARDS_A() { return 168700; }
function EDWARDS_D() { return 168696; }
function MONTGOMERY_A() { return 168698; }

/** Order l of the prime subgroup. */
function SUBGROUP_ORDER() { return 2736030358979909402780800718157159386076813972158567259200215660948447373041; }

/** B8, the generator of the prime subgroup. */
function BASE8() {
    return [
        5299619240641551281634865583518297030282874472190772894086521144482721001553,
        16950150798460657717958625567821834550301663161624707787222815936182638968203
    ];
}

/**
 * The sum of two points of the curve, by the complete twisted Edwards law.
 *
 * d is not a square, so that 1 + t and 1 - t are never 0 for points of the curve, and the quotients are determined
 * (Bernstein, Birkner, Joye, Lange, Peters 2008).
 *
 * @input p, q    points of the curve (constrained by the caller)
 * @output out    p + q
 */
template EdwardsAdd() {
    signal input p[2];
    signal input q[2];
    signal output out[2];
    signal yy <== p[1] * q[1];
    signal xx <== p[0] * q[0];
    signal cross <== (p[0] + p[1]) * (q[0] + q[1]);
    signal t <== EDWARDS_D() * xx * yy;
    out[0] <-- (cross - xx - yy) / (1 + t); // pinned below: 1 + t is not 0
    out[0] * (1 + t) === cross - xx - yy;
    out[1] <-- (yy - EDWARDS_A() * xx) / (1 - t); // pinned below: 1 - t is not 0
    out[1] * (1 - t) === yy - EDWARDS_A() * xx;
}

/**
 * The Montgomery form of a point. For the identity and the point of order two there is no witness, or a free one:
 * the caller excludes them.
 */
template ToMontgomery() {
    signal input in[2];
    signal output out[2];
    out[0] <-- (1 + in[1]) / (1 - in[1]); // pinned below unless y = 1
    out[0] * (1 - in[1]) === 1 + in[1];
    out[1] <-- out[0] / in[0]; // pinned below unless x = 0
    out[1] * in[0] === out[0];
}

/** The Edwards form of a Montgomery point with v != 0 and u != -1, as all points of odd order are. */
template ToEdwards() {
    signal input in[2];
    signal output out[2];
    out[0] <-- in[0] / in[1]; // pinned below unless v = 0
    out[0] * in[1] === in[0];
    out[1] <-- (in[0] - 1) / (in[0] + 1); // pinned below unless u = -1
    out[1] * (in[0] + 1) === in[0] - 1;
}

/**
 * p + q on the Montgomery form for p != q and p != -q, which the caller argues: three products.
 */
template MontgomeryAdd() {
    signal input p[2];
    signal input q[2];
    signal output out[2];
    signal slope <-- (q[1] - p[1]) / (q[0] - p[0]); // pinned below: the u differ
    slope * (q[0] - p[0]) === q[1] - p[1];
    out[0] <== slope * slope - MONTGOMERY_A() - p[0] - q[0];
    out[1] <== slope * (p[0] - out[0]) - p[1];
}
