pragma circom 2.2.0;

include "./clause.circom";
include "./compare.circom";
include "./domains.circom";
include "./formula.circom";
include "./handle.circom";
include "./hash.circom";
include "./interval.circom";
include "./ledger-slot.circom";
include "./load.circom";
include "./nullifier.circom";
include "./sbt-slot.circom";
include "./select.circom";
include "./soul.circom";
include "./timed-bit.circom";

/**
 * Proves: my Soul holds SBTs and has entries in ledgers, or none, that satisfy the policy with this digest at time now under
 * the roots of anchorsRoot and ledgerRoot, and reveals, handle and nullifier are what the policy derives from them, OR my
 * secret is that of verifierKey, OR of verifierKey2.
 *
 * The policy is a program of private inputs under the public digest: one circuit serves every policy of its size. All
 * checks of the claim are bits, so that the verifier's branch has a witness whatever reveals, handle and nullifier say.
 * No bit that depends on an opening is negated on its way to `claim`.
 *
 * Program bits, lowest first, in the order of `src/policy/compile.ts`:
 *   per clause: operation 3, slot 4, claim 4, useNow 1, useNext 1, with two sets: set 1, with ledgers: fromLedger 1;
 *   per clause and per gate but the last: parent PARENT_BITS, weight 7;
 *   per gate: threshold 12;
 *   per reveal: on 1, slot 4, claim 4; nullifier: on 1, slot 4, claim 4; per set: slot 4, claim 4; handle: on 1.
 *
 * A clause from a ledger loads no claim: its slot is the number of the ledger, its claim 2 category for a count, 2 category + 1
 * for a sum. It is held if the ledger opens.
 *
 * @param PROFILE                               name and version of the profile, part of the digest
 * @param SBTS, LEDGERS, SETS, CLAUSES, GATES, REVEALS   sizes; LEDGERS and SETS are at most 2
 * @param PARENT_BITS                           2^PARENT_BITS >= GATES
 * @param TIMED                                 1: all this, OR truth = 0 in P = blinding B8 + (1 - truth) H (see TimedBit). The scope
 *                                              is then Poseidon(tag, scope, verifierKey, verifierKey2, beacon), computed
 *                                              outside, and the nullifier a designated one
 *
 * @verifier policyDigest is that of a policy it compiled itself, anchorsRoot that of this policy under roots it accepts,
 *           now is its clock (below 2^64), verifierKey and verifierKey2 are what it asked for, or 0; ledgerRoot are
 *           roots of the policy's ledgers that it accepts with anchorsRoot, 0 where the policy reads none; a timed
 *           statement says nothing without a proof that truth is 1 or the delay has passed
 */
template Policy(PROFILE, SBTS, LEDGERS, SETS, CLAUSES, GATES, PARENT_BITS, REVEALS, TIMED) {
    assert(SETS <= 2);
    assert(LEDGERS <= 2);
    assert(TIMED <= 1);
    var DEPTH = 10;
    var ANCHOR_DEPTH = 3;
    var NODES = CLAUSES + GATES - 1;
    var CATEGORIES = LEDGER_CATEGORIES();
    var SET_BIT = 13;
    var LEDGER_BIT = SETS > 1 ? 14 : 13;
    var CLAUSE_BITS = LEDGERS > 0 ? LEDGER_BIT + 1 : LEDGER_BIT;
    var BITS = CLAUSE_BITS * CLAUSES + (PARENT_BITS + 7) * NODES + 12 * GATES + 9 * REVEALS + 9 + 8 * SETS + 1;
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
    signal input ledgerRoot[LEDGERS];
    signal input P[2 * TIMED];

    // The Soul, or the verifier.
    signal input secret;

    // Of timed statements.
    signal input blinding[TIMED];
    signal input truth[TIMED];

    // The program.
    signal input source;
    signal input ledgerId;
    signal input ledgerIds[LEDGERS];
    signal input ledgerCategories[LEDGERS];
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

    // Openings of ledgers.
    signal input ledgerHandle[LEDGERS];
    signal input ledgerNext[LEDGERS];
    signal input ledgerCounts[LEDGERS][CATEGORIES];
    signal input ledgerSums[LEDGERS][CATEGORIES];
    signal input ledgerHead[LEDGERS];
    signal input ledgerIndex[LEDGERS][2 * DEPTH];
    signal input ledgerChildren[LEDGERS][DEPTH][4];
    signal input ledgerSize[LEDGERS];
    signal input ledgerQueueLength[LEDGERS];
    signal input ledgerQueueHead[LEDGERS];

    signal {binary} bits[BITS] <== BitArray(BITS)(program);
    component digest = PolicyDigest(PROFILE, LEDGERS, SETS, CLAUSES, BITS);
    digest.source <== source;
    digest.ledgerId <== ledgerId;
    digest.ledgerIds <== ledgerIds;
    digest.ledgerCategories <== ledgerCategories;
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
    var NODE = CLAUSE_BITS * CLAUSES;
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
        var at = CLAUSE_BITS * j + 3;
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

    component ledger[LEDGERS];
    for (var k = 0; k < LEDGERS; k++) {
        ledger[k] = LedgerSlot(DEPTH);
        ledger[k].own <== Handle()(ledgerIds[k], secret);
        ledger[k].ledgerId <== ledgerIds[k];
        ledger[k].categories <== ledgerCategories[k];
        ledger[k].root <== ledgerRoot[k];
        ledger[k].handle <== ledgerHandle[k];
        ledger[k].next <== ledgerNext[k];
        ledger[k].leafCounts <== ledgerCounts[k];
        ledger[k].leafSums <== ledgerSums[k];
        ledger[k].head <== ledgerHead[k];
        ledger[k].index <== ledgerIndex[k];
        ledger[k].children <== ledgerChildren[k];
        ledger[k].size <== ledgerSize[k];
        ledger[k].queueLength <== ledgerQueueLength[k];
        ledger[k].queueHead <== ledgerQueueHead[k];
    }

    // The left operand of each clause: a claim, or a tally of a ledger.
    signal value[CLAUSES];
    signal {binary} held[CLAUSES];
    component tally[CLAUSES][LEDGERS];
    component tallyOf[CLAUSES];
    component openedOf[CLAUSES];
    for (var j = 0; j < CLAUSES; j++) {
        if (LEDGERS == 0) {
            value[j] <== load[j].value;
            held[j] <== load[j].held;
        } else {
            var at = CLAUSE_BITS * j;
            tallyOf[j] = Select(LEDGERS, 4);
            openedOf[j] = Select(LEDGERS, 4);
            for (var k = 0; k < LEDGERS; k++) {
                tally[j][k] = Select(2 * CATEGORIES, 4);
                for (var c = 0; c < CATEGORIES; c++) {
                    tally[j][k].in[2 * c] <== ledger[k].counts[c];
                    tally[j][k].in[2 * c + 1] <== ledger[k].sums[c];
                }
                for (var i = 0; i < 4; i++) tally[j][k].index[i] <== bits[at + 7 + i];
                tallyOf[j].in[k] <== tally[j][k].out;
                openedOf[j].in[k] <== ledger[k].opened;
            }
            for (var i = 0; i < 4; i++) {
                tallyOf[j].index[i] <== bits[at + 3 + i];
                openedOf[j].index[i] <== bits[at + 3 + i];
            }
            value[j] <== load[j].value + bits[at + LEDGER_BIT] * (tallyOf[j].out - load[j].value);
            held[j] <== load[j].held + bits[at + LEDGER_BIT] * (openedOf[j].out - load[j].held);
        }
    }

    signal {binary} no <== 0;
    signal {binary} inSet[CLAUSES];
    signal {binary} notInSet[CLAUSES];
    component clause[CLAUSES];
    component formula = Formula(CLAUSES, GATES, PARENT_BITS, 7, 12);
    for (var j = 0; j < CLAUSES; j++) {
        clause[j] = Clause();
        var at = CLAUSE_BITS * j;
        for (var i = 0; i < 3; i++) clause[j].operation[i] <== bits[at + i];
        clause[j].useNow <== bits[at + 11];
        clause[j].useNext <== bits[at + 12];
        clause[j].constant <== constants[j];
        clause[j].now <== now;
        clause[j].value <== value[j];
        clause[j].held <== held[j];
        if (j + 1 < CLAUSES) {
            clause[j].next <== value[j + 1];
            clause[j].nextHeld <== held[j + 1];
        } else {
            clause[j].next <== 0;
            clause[j].nextHeld <== no;
        }
        if (SETS == 0) {
            inSet[j] <== no;
            notInSet[j] <== no;
        } else if (SETS == 1) {
            inSet[j] <== set[0].isMember;
            notInSet[j] <== set[0].isNoMember;
        } else {
            inSet[j] <== set[0].isMember + bits[at + SET_BIT] * (set[1].isMember - set[0].isMember);
            notInSet[j] <== set[0].isNoMember + bits[at + SET_BIT] * (set[1].isNoMember - set[0].isNoMember);
        }
        clause[j].inSet <== inSet[j];
        clause[j].notInSet <== notInSet[j];
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
template PolicyDigest(PROFILE, LEDGERS, SETS, CLAUSES, BITS) {
    signal input source;
    signal input ledgerId;
    signal input ledgerIds[LEDGERS];
    signal input ledgerCategories[LEDGERS];
    signal input setRoots[SETS];
    signal input constants[CLAUSES];
    signal input {binary} bits[BITS];
    signal output out;
    var WORDS = (BITS + 247) \ 248;
    var ROOTS = 3 + 2 * LEDGERS;
    component chain = HashChain(ROOTS + SETS + CLAUSES + WORDS);
    chain.tag <== DOMAIN_POLICY();
    chain.in[0] <== PROFILE;
    chain.in[1] <== source;
    chain.in[2] <== ledgerId;
    for (var k = 0; k < LEDGERS; k++) {
        chain.in[3 + 2 * k] <== ledgerIds[k];
        chain.in[4 + 2 * k] <== ledgerCategories[k];
    }
    for (var k = 0; k < SETS; k++) chain.in[ROOTS + k] <== setRoots[k];
    for (var j = 0; j < CLAUSES; j++) chain.in[ROOTS + SETS + j] <== constants[j];
    for (var w = 0; w < WORDS; w++) {
        var word = 0;
        for (var i = 0; i < 248; i++) {
            if (248 * w + i < BITS) word += bits[248 * w + i] * (1 << i);
        }
        chain.in[ROOTS + SETS + CLAUSES + w] <== word;
    }
    out <== chain.out;
}
