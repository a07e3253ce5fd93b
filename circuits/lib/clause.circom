pragma circom 2.2.0;

include "./bits.circom";
include "./compare.circom";

/**
 * One predicate on a loaded claim.
 *
 * Operations: 0 never, 1 held, 2 equal, 3 not equal, 4 less, 5 at least, 6 in the set, 7 not in the set. All eight are
 * defined, and each is 0 unless the SBT is held. Set answers come from openings and are never negated.
 *
 * The right operand is constant + useNow * now + useNext * (the next clause's value). Operations 4 and 5 order the
 * integers left - right in -2^65..2^65 - 1; a difference outside has no witness, so that nothing wraps around r. Constants
 * and now are the verifier's, and values of ordered types are below 2^64 when they are issued. A claim outside its type can
 * only come from its issuer, and is ordered as the integer next to right that it stands for: r - 1 is -1.
 *
 * @input operation[3] {binary}
 * @input useNow, useNext {binary}
 * @input constant            bound by the policy digest
 * @input value, held         the claim (see Load)
 * @input next, nextHeld      value and held of the next clause
 * @input inSet, notInSet     answers of the set opening (see Interval)
 * @output satisfied {binary}
 */
template Clause() {
    signal input {binary} operation[3];
    signal input {binary} useNow;
    signal input {binary} useNext;
    signal input constant;
    signal input now;
    signal input value;
    signal input {binary} held;
    signal input next;
    signal input {binary} nextHeld;
    signal input {binary} inSet;
    signal input {binary} notInSet;
    signal output {binary} satisfied;

    signal fromNow <== useNow * now;
    signal fromNext <== useNext * next;
    signal right <== constant + fromNow + fromNext;
    signal rightHeld <== 1 - useNext * (1 - nextHeld);
    signal bothHeld <== held * rightHeld;

    signal isOrder <== operation[2] * (1 - operation[1]);
    signal orders <== isOrder * bothHeld;
    signal difference <== orders * (value - right);
    signal atLeast <== AtLeast(65)([difference, 0]);
    signal equal <== IsEqual()([value, right]);

    // A choice among the eight, the lowest bit first: (0, 1), (equal, not equal), (less, at least), (in, not in).
    signal equality <== equal + operation[0] * (1 - 2 * equal);
    signal order <== 1 - atLeast + operation[0] * (2 * atLeast - 1);
    signal set <== inSet + operation[0] * (notInSet - inSet);
    signal lower <== operation[0] + operation[1] * (equality - operation[0]);
    signal upper <== order + operation[1] * (set - order);
    signal chosen <== lower + operation[2] * (upper - lower);
    satisfied <== chosen * bothHeld;
}
