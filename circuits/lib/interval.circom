pragma circom 2.2.0;

include "./compare.circom";
include "./domains.circom";
include "./hash.circom";
include "./quaternary-root.circom";

/**
 * Tells whether a value is in a sorted interval set, and whether it is not: both are 0 if the opening is not of the set's
 * root or the value is not held.
 *
 * A leaf (low, high, lowIsMember) says that no member lies strictly between low and high. The leaves of a set cover
 * the field without gap, none wider than 2^252 (see `src/merkle/set.ts`), and high 0 stands for r. In the gap,
 * v - low - 1 and high - v - 1 both fit in 252 bits; then their sum is below 2^253 < r, hence equal to high - low - 2
 * over the integers, and low < v < high. This holds for every field element, without comparing 254-bit numbers.
 *
 * Neither answer is the negation of the other: both depend on the opening. A sentinel (lowIsMember = 0) is no member,
 * and its value is proved not to be one by its own leaf.
 *
 * @param DEPTH      levels of the tree
 * @input value      any field element
 * @input held {binary}
 * @input root       the set's root (bound by the policy digest)
 */
template Interval(DEPTH) {
    signal input value;
    signal input {binary} held;
    signal input root;
    signal input low;
    signal input high;
    signal input lowIsMember;
    signal input index[2 * DEPTH];
    signal input children[DEPTH][4];
    signal output {binary} isMember;
    signal output {binary} isNoMember;

    signal {binary} flag <== Bit()(lowIsMember);
    signal leaf <== Hash(4)([DOMAIN_INTERVAL(), low, high, flag]);
    signal computedRoot <== QuaternaryRoot(DEPTH)(leaf, BitArray(2 * DEPTH)(index), children);
    signal isRoot <== IsEqual()([computedRoot, root]);
    signal opened <== isRoot * held;
    signal isLow <== IsEqual()([value, low]);
    signal atLow <== opened * isLow;
    signal inGap <== opened - atLow;

    signal below <== inGap * (value - low - 1);
    signal above <== inGap * (high - value - 1);
    _ <== Bits(252)(below);
    _ <== Bits(252)(above);

    isMember <== atLow * flag;
    isNoMember <== opened - isMember;
}
