pragma circom 2.2.0;

include "../lib/bits.circom";
include "../lib/compare.circom";
include "../lib/domains.circom";
include "../lib/ledger-hash.circom";
include "../lib/ledger-touch.circom";

/**
 * Proves: the ledger's root oldRoot becomes newRoot by the next entries of its queue, which then has length queueLength and
 * head queueHead; no entry is left out, repeated, reordered or given another effect, and no other leaf changes.
 *
 * oldRoot 0 is the empty ledger, with the tree EMPTY_ROOT: no contract has to be trusted with a first root.
 *
 * @param TOUCHES       leaves that can be touched: an entry of a new handle touches two, any other one
 * @param DEPTH         levels of the tree
 * @param EMPTY_ROOT    root of the tree with the leaf of handle 0 alone
 *
 * @verifier oldRoot is the last root that it accepted of this ledger, or 0 for the first; queueHead is the head of the
 *           ledger's queue after queueLength entries
 */
template LedgerBatch(TOUCHES, DEPTH, EMPTY_ROOT) {
    var C = LEDGER_CATEGORIES();
    signal input oldRoot;
    signal input newRoot;
    signal input ledgerId;
    signal input categories;
    signal input queueLength;
    signal input queueHead;

    signal input treeRoot;
    signal input size;
    signal input oldQueueLength;
    signal input oldQueueHead;

    signal input isSkip[TOUCHES];
    signal input isUpdate[TOUCHES];
    signal input isLink[TOUCHES];
    signal input isOverflow[TOUCHES];
    signal input handle[TOUCHES];
    signal input category[TOUCHES][5];
    signal input content[TOUCHES];
    signal input leafHandle[TOUCHES];
    signal input next[TOUCHES];
    signal input counts[TOUCHES][C];
    signal input sums[TOUCHES][C];
    signal input head[TOUCHES];
    signal input index[TOUCHES][2 * DEPTH];
    signal input children[TOUCHES][DEPTH][4];

    // The state before.
    signal isFirst <== IsZero()(oldRoot);
    isFirst * (treeRoot - EMPTY_ROOT) === 0;
    isFirst * (size - 1) === 0;
    isFirst * oldQueueLength === 0;
    isFirst * (oldQueueHead - DOMAIN_LEDGER_QUEUE()) === 0;
    signal computedOldRoot <== LedgerRoot()(ledgerId, categories, treeRoot, size, oldQueueLength, oldQueueHead);
    (1 - isFirst) * (computedOldRoot - oldRoot) === 0;

    component touch[TOUCHES];
    signal {binary} links[TOUCHES + 1];
    links[0] <== 0;
    for (var t = 0; t < TOUCHES; t++) {
        touch[t] = LedgerTouch(DEPTH);
        if (t == 0) {
            touch[t].treeRoot <== treeRoot;
            touch[t].size <== size;
            touch[t].queueLength <== oldQueueLength;
            touch[t].queueHead <== oldQueueHead;
            touch[t].linkedHandle <== 0;
            touch[t].linkedNext <== 0;
        } else {
            touch[t].treeRoot <== touch[t - 1].newTreeRoot;
            touch[t].size <== touch[t - 1].newSize;
            touch[t].queueLength <== touch[t - 1].newQueueLength;
            touch[t].queueHead <== touch[t - 1].newQueueHead;
            touch[t].linkedHandle <== handle[t - 1];
            touch[t].linkedNext <== next[t - 1];
        }
        touch[t].linking <== links[t];
        touch[t].isSkip <== isSkip[t];
        touch[t].isUpdate <== isUpdate[t];
        touch[t].isLink <== isLink[t];
        touch[t].isOverflow <== isOverflow[t];
        touch[t].handle <== handle[t];
        touch[t].category <== category[t];
        touch[t].content <== content[t];
        touch[t].leafHandle <== leafHandle[t];
        touch[t].next <== next[t];
        touch[t].counts <== counts[t];
        touch[t].sums <== sums[t];
        touch[t].head <== head[t];
        touch[t].index <== index[t];
        touch[t].children <== children[t];
        links[t + 1] <== touch[t].links;
    }
    links[TOUCHES] === 0;

    // The state after.
    queueLength === touch[TOUCHES - 1].newQueueLength;
    queueHead === touch[TOUCHES - 1].newQueueHead;
    signal computedNewRoot <== LedgerRoot()(
        ledgerId, categories, touch[TOUCHES - 1].newTreeRoot, touch[TOUCHES - 1].newSize, queueLength, queueHead
    );
    newRoot === computedNewRoot;
}

component main {
    public [oldRoot, newRoot, ledgerId, categories, queueLength, queueHead]
} = LedgerBatch(4, 10, 4212327989370954672477321502924629971881860045490950379308368660699962441684);
