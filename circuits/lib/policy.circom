pragma circom 2.2.0;

include "./clause.circom";
include "./compare.circom";
include "./domains.circom";
include "./formula.circom";
include "./handle.circom";
include "./hash.circom";
include "./interval.circom";
include "./load.circom";
include "./nullifier.circom";
include "./sbt-slot.circom";
include "./soul.circom";
include "./timed-bit.circom";

/**
 * Proves: my Soul holds SBTs that satisfy the policy with this digest at time now under the roots of anchorsRoot, and
 * reveals, handle and nullifier are what the policy derives from them, OR my secret is that of verifierKey, OR of
 * verifierKey2.
 *
 * The policy is a program of private inputs under the public digest: one circuit serves every policy of its size. All
 * checks of the claim are bits, so that the verifier's branch has a witness whatever reveals, handle and nullifier say.
 * No bit that depends on an opening is negated on its way to `claim`.
 *
 * Program bits, lowest first, in the order of `src/policy/compile.ts`:
 *   per clause: operation 3, slot 4, claim 4, useNow 1, useNext 1;
 *   per clause and per gate but the last: parent PARENT_BITS, weight 7;
 *   per gate: threshold 12;
 *   per reveal: on 1, slot 4, claim 4; nullifier: on 1, slot 4, claim 4; per set: slot 4, claim 4; handle: on 1.
 *
 * @param PROFILE                               name and version of the profile, part of the digest
 * @param SBTS, SETS, CLAUSES, GATES, REVEALS   sizes; SETS is 0 or 1
 * @param PARENT_BITS                           2^PARENT_BITS >= GATES
 * @param TIMED                                 1: all this, OR truth = 0 in P = blinding B8 + (1 - truth) H (see TimedBit). The scope
 *                                              is then Poseidon(tag, scope, verifierKey, verifierKey2, beacon), computed
 *                                              outside, and the nullifier a designated one
 *
 * @verifier policyDigest is that of a policy it compiled itself, anchorsRoot that of this policy under roots it accepts,
 *           now is its clock (below 2^64), verifierKey and verifierKey2 are what it asked for, or 0; a timed statement
 *           says nothing without a proof that truth is 1 or the delay has passed
 */
template Policy(PROFILE, SBTS, SETS, CLAUSES, GATES, PARENT_BITS, REVEALS, TIMED) {
    assert(SETS <= 1);
    assert(TIMED <= 1);
    var DEPTH = 10;
    var ANCHOR_DEPTH = 3;
    var NODES = CLAUSES + GATES - 1;
    var BITS = 13 * CLAUSES + (PARENT_BITS + 7) * NODES + 12 * GATES + 9 * REVEALS + 9 + 8 * SETS + 1;
    var WORDS = (BITS + 247) \ 248;

    // Public signals, in the order of the protocol.
    signal input reveal[REVEALS];
    signal input handle;
    signal input nullifier;
    signal input policyDigest;
    signal input scope;
    signal input message;
    signal input now;
    signal input verifierKey;
    signal input verifierKey2;
    signal input anchorsRoot;
    signal input P[2 * TIMED];

    // The Soul, or the verifier.
    signal input secret;

    // Of timed statements.
    signal input blinding[TIMED];
    signal input truth[TIMED];

    // The program.
    signal input source;
    signal input ledgerId;
    signal input setRoots[SETS];
    signal input constants[CLAUSES];
    signal input program[BITS];

    // The SBTs, in any order.
    signal input slot[SBTS];
    signal input salt[SBTS];
    signal input schemaHash[SBTS];
    signal input issuedAt[SBTS];
    signal input expiresAt[SBTS];
    signal input statusId[SBTS];
    signal input claims[SBTS][10];
    signal input issuer[SBTS][2];
    signal input isContract[SBTS];
    signal input isSigned[SBTS];
    signal input R8[SBTS][2];
    signal input s[SBTS];
    signal input index[SBTS][2 * DEPTH];
    signal input children[SBTS][DEPTH][4];
    signal input registryRoot[SBTS];
    signal input statusRoot[SBTS];
    signal input acceptsSigned[SBTS];
    signal input acceptsRegistered[SBTS];
    signal input wantsStatus[SBTS];
    signal input maxAge[SBTS];
    signal input anchorIndex[SBTS][2 * ANCHOR_DEPTH];
    signal input anchorChildren[SBTS][ANCHOR_DEPTH][4];

    // Openings of sets.
    signal input setLow[SETS];
    signal input setHigh[SETS];
    signal input setLowIsMember[SETS];
    signal input setIndex[SETS][2 * DEPTH];
    signal input setChildren[SETS][DEPTH][4];

    signal {binary} bits[BITS] <== BitArray(BITS)(program);
    component digest = PolicyDigest(PROFILE, SETS, CLAUSES, BITS);
    digest.source <== source;
    digest.ledgerId <== ledgerId;
    digest.setRoots <== setRoots;
    digest.constants <== constants;
    digest.bits <== bits;
    policyDigest === digest.out;

    signal commitment <== Soul()(secret);

    component sbt[SBTS];
    signal {binary} valid[SBTS];
    for (var m = 0; m < SBTS; m++) {
        sbt[m] = SbtSlot(DEPTH, ANCHOR_DEPTH);
        sbt[m].commitment <== commitment;
        sbt[m].now <== now;
        sbt[m].anchorsRoot <== anchorsRoot;
        sbt[m].slot <== slot[m];
        sbt[m].salt <== salt[m];
        sbt[m].schemaHash <== schemaHash[m];
        sbt[m].issuedAt <== issuedAt[m];
        sbt[m].expiresAt <== expiresAt[m];
        sbt[m].statusId <== statusId[m];
        sbt[m].claims <== claims[m];
        sbt[m].issuer <== issuer[m];
        sbt[m].isContract <== isContract[m];
        sbt[m].isSigned <== isSigned[m];
        sbt[m].R8 <== R8[m];
        sbt[m].s <== s[m];
        sbt[m].index <== index[m];
        sbt[m].children <== children[m];
        sbt[m].registryRoot <== registryRoot[m];
        sbt[m].statusRoot <== statusRoot[m];
        sbt[m].acceptsSigned <== acceptsSigned[m];
        sbt[m].acceptsRegistered <== acceptsRegistered[m];
        sbt[m].wantsStatus <== wantsStatus[m];
        sbt[m].maxAge <== maxAge[m];
        sbt[m].anchorIndex <== anchorIndex[m];
        sbt[m].anchorChildren <== anchorChildren[m];
        valid[m] <== sbt[m].valid;
    }

    // No two SBTs that count may be the same SBT or fill the same slot.
    var PAIRS = SBTS * (SBTS - 1) \ 2;
    signal bothValid[PAIRS];
    signal sameSbt[PAIRS];
    signal sameSlot[PAIRS];
    signal clash[PAIRS];
    signal counted[PAIRS];
    var clashes = 0;
    var pair = 0;
    for (var a = 0; a < SBTS; a++) {
        for (var b = a + 1; b < SBTS; b++) {
            bothValid[pair] <== valid[a] * valid[b];
            sameSbt[pair] <== IsEqual()([sbt[a].hash, sbt[b].hash]);
            sameSlot[pair] <== IsEqual()([slot[a], slot[b]]);
            clash[pair] <== sameSbt[pair] + sameSlot[pair] - sameSbt[pair] * sameSlot[pair];
            counted[pair] <== bothValid[pair] * clash[pair];
            clashes += counted[pair];
            pair++;
        }
    }
    signal distinct <== IsZero()(clashes);

    // Where the parts of the program begin.
    var NODE = 13 * CLAUSES;
    var THRESHOLD = NODE + (PARENT_BITS + 7) * NODES;
    var REVEAL = THRESHOLD + 12 * GATES;
    var NULLIFIER = REVEAL + 9 * REVEALS;
    var SET = NULLIFIER + 9;
    var HANDLE = SET + 8 * SETS;

    // Loads: one per clause, set, reveal, and for the nullifier.
    var LOADS = CLAUSES + SETS + REVEALS + 1;
    component load[LOADS];
    for (var j = 0; j < LOADS; j++) {
        load[j] = Load(SBTS);
        var at = 13 * j + 3;
        if (j >= CLAUSES) at = SET + 8 * (j - CLAUSES);
        if (j >= CLAUSES + SETS) at = REVEAL + 9 * (j - CLAUSES - SETS) + 1;
        if (j == LOADS - 1) at = NULLIFIER + 1;
        for (var i = 0; i < 4; i++) {
            load[j].slot[i] <== bits[at + i];
            load[j].claim[i] <== bits[at + 4 + i];
        }
        for (var m = 0; m < SBTS; m++) {
            load[j].slots[m] <== slot[m];
            load[j].valid[m] <== valid[m];
            load[j].claims[m] <== claims[m];
        }
    }

    component set[SETS];
    for (var k = 0; k < SETS; k++) {
        set[k] = Interval(DEPTH);
        set[k].value <== load[CLAUSES + k].value;
        set[k].held <== load[CLAUSES + k].held;
        set[k].root <== setRoots[k];
        set[k].low <== setLow[k];
        set[k].high <== setHigh[k];
        set[k].lowIsMember <== setLowIsMember[k];
        set[k].index <== setIndex[k];
        set[k].children <== setChildren[k];
    }

    signal {binary} no <== 0;
    component clause[CLAUSES];
    component formula = Formula(CLAUSES, GATES, PARENT_BITS, 7, 12);
    for (var j = 0; j < CLAUSES; j++) {
        clause[j] = Clause();
        for (var i = 0; i < 3; i++) clause[j].operation[i] <== bits[13 * j + i];
        clause[j].useNow <== bits[13 * j + 11];
        clause[j].useNext <== bits[13 * j + 12];
        clause[j].constant <== constants[j];
        clause[j].now <== now;
        clause[j].value <== load[j].value;
        clause[j].held <== load[j].held;
        if (j + 1 < CLAUSES) {
            clause[j].next <== load[j + 1].value;
            clause[j].nextHeld <== load[j + 1].held;
        } else {
            clause[j].next <== 0;
            clause[j].nextHeld <== no;
        }
        if (SETS == 0) {
            clause[j].inSet <== no;
            clause[j].notInSet <== no;
        } else {
            clause[j].inSet <== set[0].isMember;
            clause[j].notInSet <== set[0].isNoMember;
        }
        formula.satisfied[j] <== clause[j].satisfied;
    }
    for (var n = 0; n < NODES; n++) {
        var at = NODE + (PARENT_BITS + 7) * n;
        for (var i = 0; i < PARENT_BITS; i++) formula.parents[n][i] <== bits[at + i];
        var weight = 0;
        for (var i = 0; i < 7; i++) weight += bits[at + PARENT_BITS + i] * (1 << i);
        formula.weights[n] <== weight;
    }
    for (var g = 0; g < GATES; g++) {
        var threshold = 0;
        for (var i = 0; i < 12; i++) threshold += bits[THRESHOLD + 12 * g + i] * (1 << i);
        formula.thresholds[g] <== threshold;
    }

    // Reveals of claims whose slot the formula forces to be held; 0 where the policy reveals nothing.
    signal computedReveal[REVEALS];
    signal revealHolds[REVEALS];
    signal revealsHold[REVEALS + 1];
    revealsHold[0] <== 1;
    for (var r = 0; r < REVEALS; r++) {
        computedReveal[r] <== bits[REVEAL + 9 * r] * load[CLAUSES + SETS + r].value;
        revealHolds[r] <== IsEqual()([reveal[r], computedReveal[r]]);
        revealsHold[r + 1] <== revealsHold[r] * revealHolds[r];
    }

    signal handleOfSoul <== Handle()(ledgerId, secret);
    signal computedHandle <== bits[HANDLE] * handleOfSoul;
    signal handleHolds <== IsEqual()([handle, computedHandle]);

    // Of the Soul, or of a claim of a slot that the formula forces to be held.
    signal effectiveScope;
    signal {binary} designated;
    if (TIMED == 0) {
        (effectiveScope, designated) <== EffectiveScope()(scope, verifierKey, verifierKey2);
    } else {
        effectiveScope <== scope;
        designated <== 1;
    }
    signal unique <== secret + bits[NULLIFIER] * (load[LOADS - 1].value - secret);
    signal {binary} personal <== bits[NULLIFIER];
    signal computedNullifier <== Nullifier()(effectiveScope, designated, personal, unique);
    signal nullifierHolds <== IsEqual()([nullifier, computedNullifier]);

    signal formulaHolds <== formula.out * distinct;
    signal disclosed <== revealsHold[REVEALS] * handleHolds;
    signal derived <== disclosed * nullifierHolds;
    signal claim <== formulaHolds * derived;
    signal isVerifier <== IsVerifier()(commitment, verifierKey, verifierKey2);
    signal {binary} isTrue[TIMED];
    signal lie[TIMED];
    signal committed[2 * TIMED];
    if (TIMED == 0) {
        (1 - claim) * (1 - isVerifier) === 0;
    } else {
        isTrue[0] <== Bit()(truth[0]);
        lie[0] <== (1 - claim) * (1 - isVerifier);
        isTrue[0] * lie[0] === 0;
        committed <== TimedBit()(blinding[0], isTrue[0]);
        P === committed;
    }

    // Groth16 lets anybody change a public input that no constraint uses.
    signal messageSquare <== message * message;
}

/** The digest of a policy's program. */
template PolicyDigest(PROFILE, SETS, CLAUSES, BITS) {
    signal input source;
    signal input ledgerId;
    signal input setRoots[SETS];
    signal input constants[CLAUSES];
    signal input {binary} bits[BITS];
    signal output out;
    var WORDS = (BITS + 247) \ 248;
    component chain = HashChain(3 + SETS + CLAUSES + WORDS);
    chain.tag <== DOMAIN_POLICY();
    chain.in[0] <== PROFILE;
    chain.in[1] <== source;
    chain.in[2] <== ledgerId;
    for (var k = 0; k < SETS; k++) chain.in[3 + k] <== setRoots[k];
    for (var j = 0; j < CLAUSES; j++) chain.in[3 + SETS + j] <== constants[j];
    for (var w = 0; w < WORDS; w++) {
        var word = 0;
        for (var i = 0; i < 248; i++) {
            if (248 * w + i < BITS) word += bits[248 * w + i] * (1 << i);
        }
        chain.in[3 + SETS + CLAUSES + w] <== word;
    }
    out <== chain.out;
}
