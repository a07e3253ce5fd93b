pragma circom 2.2.0;

include "../lib/bits.circom";
include "../lib/compare.circom";
include "../lib/handle.circom";
include "../lib/ledger-entries.circom";
include "../lib/ledger-slot.circom";
include "../lib/nullifier.circom";
include "../lib/soul.circom";

/**
 * Proves: of all entries of my Soul in the ledger with this root, from `fewest` to `most` are of a category of the mask, at
 * or after `since`, with an amount of at least `least`, and the nullifier is my Soul's in this scope, OR my secret is that
 * of verifierKey, OR of verifierKey2.
 *
 * Every check of the claim is a bit, so that the verifier has a witness for any nullifier and root.
 *
 * @param ENTRIES   most entries that a handle may have
 * @param DEPTH     levels of the ledger tree
 *
 * @verifier ledgerRoot is a root of the ledger that it accepts and that is fresh enough; ledgerId and categories are the
 *           ledger's; mask is below 16, since below 2^40, least (an amount + 2^64) below 2^65, fewest and most below 2^16
 */
template LedgerHistory(ENTRIES, DEPTH) {
    var C = LEDGER_CATEGORIES();
    assert(C == 4);
    signal input nullifier;
    signal input scope;
    signal input message;
    signal input verifierKey;
    signal input verifierKey2;
    signal input ledgerRoot;
    signal input ledgerId;
    signal input categories;
    signal input mask;
    signal input since;
    signal input least;
    signal input fewest;
    signal input most;

    signal input secret;
    signal input handle;
    signal input next;
    signal input counts[C];
    signal input sums[C];
    signal input head;
    signal input index[2 * DEPTH];
    signal input children[DEPTH][4];
    signal input size;
    signal input queueLength;
    signal input queueHead;
    signal input used[ENTRIES];
    signal input category[ENTRIES][2];
    signal input content[ENTRIES];

    signal commitment <== Soul()(secret);
    signal {handle} own <== Handle()(ledgerId, secret);
    component slot = LedgerSlot(DEPTH);
    slot.own <== own;
    slot.ledgerId <== ledgerId;
    slot.categories <== categories;
    slot.root <== ledgerRoot;
    slot.handle <== handle;
    slot.next <== next;
    slot.leafCounts <== counts;
    slot.leafSums <== sums;
    slot.head <== head;
    slot.index <== index;
    slot.children <== children;
    slot.size <== size;
    slot.queueLength <== queueLength;
    slot.queueHead <== queueHead;

    component entries = LedgerEntries(ENTRIES);
    entries.handle <== own;
    entries.mask <== Bits(4)(mask);
    entries.since <== since;
    entries.least <== least;
    entries.used <== used;
    entries.category <== category;
    entries.content <== content;

    signal complete <== IsEqual()([entries.head, slot.history]);
    signal {binary} enough <== AtLeast(16)([entries.matches, fewest]);
    signal {binary} few <== AtLeast(16)([most, entries.matches]);

    signal effectiveScope;
    signal {binary} designated;
    (effectiveScope, designated) <== EffectiveScope()(scope, verifierKey, verifierKey2);
    signal {binary} personal <== 0;
    signal computedNullifier <== Nullifier()(effectiveScope, designated, personal, secret);
    signal isNullifier <== IsEqual()([computedNullifier, nullifier]);

    signal opened <== slot.opened * complete;
    signal within <== enough * few;
    signal holds <== opened * within;
    signal claim <== holds * isNullifier;
    signal isVerifier <== IsVerifier()(commitment, verifierKey, verifierKey2);
    (1 - claim) * (1 - isVerifier) === 0;

    // Groth16 lets anybody change a public input that no constraint uses.
    signal messageSquare <== message * message;
}

component main {
    public [
        nullifier, scope, message, verifierKey, verifierKey2, ledgerRoot, ledgerId, categories, mask, since, least, fewest,
        most
    ]
} = LedgerHistory(32, 10);
