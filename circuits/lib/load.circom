pragma circom 2.2.0;

include "./bits.circom";
include "./compare.circom";
include "./select.circom";

/**
 * Loads a claim of the SBT that counts for a slot of the policy. If none does, value and held are 0.
 *
 * Which SBT it is stays hidden and is not chosen: it is the one whose anchor names the slot. No two that count may name the
 * same slot: then value would be their sum and held their number, and not binary. That is no way around a predicate, because
 * the statement multiplies the whole claim by `distinct`, which is 0 in that case, whatever is computed from held.
 *
 * @param SBTS                 number of SBTs
 * @input slot[4] {binary}     number of the slot, lowest bit first
 * @input claim[4] {binary}    position of the claim; positions from 10 on hold 0
 * @input slots[SBTS]          the slot that each SBT's anchor names
 * @input valid[SBTS] {binary} whether each counts
 * @input claims[SBTS][10]     their claims
 * @output value               the claim, or 0
 * @output held {binary}       whether an SBT counts for the slot
 */
template Load(SBTS) {
    signal input {binary} slot[4];
    signal input {binary} claim[4];
    signal input slots[SBTS];
    signal input {binary} valid[SBTS];
    signal input claims[SBTS][10];
    signal output value;
    signal output {binary} held;
    signal number <== FromBits(4)(slot);
    signal named[SBTS];
    signal match[SBTS];
    signal selected[SBTS];
    signal part[SBTS];
    var anyMatch = 0;
    var sum = 0;
    for (var m = 0; m < SBTS; m++) {
        named[m] <== IsEqual()([slots[m], number]);
        match[m] <== valid[m] * named[m];
        selected[m] <== Select(10, 4)(claims[m], claim);
        part[m] <== match[m] * selected[m];
        anyMatch += match[m];
        sum += part[m];
    }
    value <== sum;
    held <== anyMatch;
}
