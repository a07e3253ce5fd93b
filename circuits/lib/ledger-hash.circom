pragma circom 2.2.0;

include "./domains.circom";
include "./hash.circom";

/** Categories of a ledger: each leaf has a count and a sum for each. The same as `LEDGER_CATEGORIES`. */
function LEDGER_CATEGORIES() { return 4; }

/** Handles are below it; the `next` of the last leaf. */
function HANDLE_BOUND() { return 1 << 248; }

/** A leaf of a ledger tree. All inputs are free. */
template LedgerLeaf() {
    signal input handle;
    signal input next;
    signal input counts[LEDGER_CATEGORIES()];
    signal input sums[LEDGER_CATEGORIES()];
    signal input head;
    signal output out;
    var C = LEDGER_CATEGORIES();
    component hash = Hash(4 + 2 * C);
    hash.in[0] <== DOMAIN_LEDGER_LEAF();
    hash.in[1] <== handle;
    hash.in[2] <== next;
    for (var c = 0; c < C; c++) {
        hash.in[3 + 2 * c] <== counts[c];
        hash.in[4 + 2 * c] <== sums[c];
    }
    hash.in[3 + 2 * C] <== head;
    out <== hash.out;
}

/** The root of a ledger: everything that a state of it binds. All inputs are free. */
template LedgerRoot() {
    signal input ledgerId;
    signal input categories;
    signal input treeRoot;
    signal input size;
    signal input queueLength;
    signal input queueHead;
    signal output out <== Hash(7)([
        DOMAIN_LEDGER_ROOT(), ledgerId, categories, treeRoot, size, queueLength, queueHead
    ]);
}
