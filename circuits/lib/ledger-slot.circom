pragma circom 2.2.0;

include "./bits.circom";
include "./compare.circom";
include "./ledger-hash.circom";
include "./quaternary-root.circom";

/**
 * What a ledger says of a Soul's handle: its tallies, from its own leaf, or none, from the gap in which it would lie.
 *
 * A leaf (handle, next, ...) of a ledger's list says that no handle strictly between the two is in the tree; the batch keeps it
 * so. For every handle there is either a leaf or a gap, never both: whoever has entries has no gap to open. The gap is
 * strict, so that neither the handle below nor `next` lies in it. The own handle and those of the tree are below
 * 2^248, next at most 2^248: both differences fit in 248 bits exactly if handle < own < next over the integers.
 * In an overflowed ledger handles are missing, and gaps say nothing.
 *
 * A root that the opening does not lead to only gives opened = 0, for which any values will do.
 *
 * @param DEPTH              levels of the tree
 * @input own {handle}       the Soul's handle in this ledger
 * @input ledgerId, categories    bound by the policy digest
 * @input root               the ledger's root; a public signal
 * @output opened {binary}   1 if the ledger says something of the handle
 * @output counts, sums      by category; 0 unless opened at the own leaf
 * @output history            head of the handle's entries; that of none unless opened at the own leaf
 */
template LedgerSlot(DEPTH) {
    var C = LEDGER_CATEGORIES();
    signal input {handle} own;
    signal input ledgerId;
    signal input categories;
    signal input root;

    signal input handle;
    signal input next;
    signal input leafCounts[C];
    signal input leafSums[C];
    signal input head;
    signal input index[2 * DEPTH];
    signal input children[DEPTH][4];
    signal input size;
    signal input queueLength;
    signal input queueHead;

    signal output {binary} opened;
    signal output counts[C];
    signal output sums[C];
    signal output history;

    signal leaf <== LedgerLeaf()(handle, next, leafCounts, leafSums, head);
    signal treeRoot <== QuaternaryRoot(DEPTH)(leaf, BitArray(2 * DEPTH)(index), children);
    signal computedRoot <== LedgerRoot()(ledgerId, categories, treeRoot, size, queueLength, queueHead);
    signal isRoot <== IsEqual()([computedRoot, root]);

    signal isOwn <== IsEqual()([handle, own]);
    signal atLeaf <== isRoot * isOwn;
    signal inGap <== isRoot - atLeaf;
    signal below <== inGap * (own - handle - 1);
    signal above <== inGap * (next - own - 1);
    _ <== Bits(248)(below);
    _ <== Bits(248)(above);
    signal overflowed <== IsEqual()([size, (1 << (2 * DEPTH)) + 1]);
    opened <== isRoot - inGap * overflowed;
    for (var c = 0; c < C; c++) {
        counts[c] <== atLeaf * leafCounts[c];
        sums[c] <== atLeaf * leafSums[c];
    }
    history <== DOMAIN_LEDGER_HISTORY() + atLeaf * (head - DOMAIN_LEDGER_HISTORY());
}
