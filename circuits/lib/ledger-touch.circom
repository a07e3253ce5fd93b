pragma circom 2.2.0;

include "./bits.circom";
include "./domains.circom";
include "./formula.circom";
include "./hash.circom";
include "./ledger-hash.circom";
include "./quaternary-update.circom";

/**
 * One step of a batch: touches one leaf of the ledger tree and consumes the next entry of the queue, as one of
 *
 *   skip      the entry's category has no effect; it is consumed
 *   update    the leaf is that of the entry's handle; the entry changes it
 *   link      the handle lies in the leaf's gap: the leaf points to it from now on; nothing is consumed
 *   insert    right after a link, and always then: the free leaf at position `size` becomes the handle's, with the entry
 *   overflow  the handle lies in the leaf's gap and no leaf is free: the entry is consumed, the ledger has overflowed
 *   nothing   none of the five
 *
 * Exactly one of these fits the next entry: its category decides about skip, the list about update (leaves and gaps
 * exclude each other), the size about insert and overflow. So an entry can be neither frozen, skipped nor chosen.
 *
 * Ranges. The handle of an entry is below 2^248: checked as such, or by lying in a gap, or by being a leaf's. An entry's words
 * are below 2^253, so that handle, category and amount are read from them in one way. Two range checks serve all
 * steps: `wide` takes the content of an entry or the upper part of a gap, `narrow` the handle or the lower part.
 * In a gap low + 1 + a + 1 + b = next with a < 2^248, b < 2^253: below r, hence over the integers, low < handle < next.
 *
 * Sums and counts of leaves are below 2^64, by induction from the empty ledger. A count stays so, because it never
 * exceeds the length of the queue.
 *
 * @param DEPTH                     levels of the tree
 * @input treeRoot, size, queueLength, queueHead    the state before
 * @input linking {binary}, linkedHandle, linkedNext    what the step before linked, if it was a link
 * @input isSkip, isUpdate, isLink, isOverflow      which step it is; insert follows from linking
 * @input handle                    of the entry
 * @input category[5]               of the entry, lowest bit first
 * @input content                   of the entry
 * @input leafHandle, next, counts, sums, head, index, children    the leaf before; of a free leaf the content is 0
 * @output newTreeRoot, newSize, newQueueLength, newQueueHead       the state after
 */
template LedgerTouch(DEPTH) {
    var C = LEDGER_CATEGORIES();
    var CAPACITY = 1 << (2 * DEPTH);
    assert(C == 4);
    signal input treeRoot;
    signal input size;
    signal input queueLength;
    signal input queueHead;
    signal input {binary} linking;
    signal input linkedHandle;
    signal input linkedNext;

    signal input isSkip;
    signal input isUpdate;
    signal input isLink;
    signal input isOverflow;
    signal input handle;
    signal input category[5];
    signal input content;
    signal input leafHandle;
    signal input next;
    signal input counts[C];
    signal input sums[C];
    signal input head;
    signal input index[2 * DEPTH];
    signal input children[DEPTH][4];

    signal output newTreeRoot;
    signal output newSize;
    signal output newQueueLength;
    signal output newQueueHead;
    signal output {binary} links;

    // One step at most. Insert exactly after a link.
    signal {binary} skip <== Bit()(isSkip);
    signal {binary} update <== Bit()(isUpdate);
    signal {binary} link <== Bit()(isLink);
    signal {binary} overflow <== Bit()(isOverflow);
    signal {binary} insert <== linking;
    _ <== Bit()(skip + update + link + overflow + insert);
    links <== link;
    signal takes <== skip + update + insert + overflow;
    signal effect <== update + insert;
    signal gap <== link + overflow;

    // Category: 4 to 31 without effect, 0 to 3 with one.
    signal {binary} kind[5] <== BitArray(5)(category);
    signal noneHigh <== (1 - kind[2]) * (1 - kind[3]);
    signal hasEffect <== noneHigh * (1 - kind[4]);
    skip * hasEffect === 0;
    (takes - skip) * (1 - hasEffect) === 0;

    // Ranges, shared.
    signal narrow <== handle - gap * (leafHandle + 1);
    signal wide <== content + gap * (next - handle - 1 - content);
    _ <== Bits(248)(narrow);
    signal {binary} wideBits[253] <== Bits(253)(wide);

    // The queue.
    signal subject <== handle + HANDLE_BOUND() * (kind[0] + 2 * kind[1] + 4 * kind[2] + 8 * kind[3] + 16 * kind[4]);
    signal extended <== Hash(3)([queueHead, subject, content]);
    newQueueHead <== queueHead + takes * (extended - queueHead);
    newQueueLength <== queueLength + takes;

    // Whose leaf it is. A free leaf's content is 0.
    update * (handle - leafHandle) === 0;
    insert * (handle - linkedHandle) === 0;
    insert * leafHandle === 0;
    insert * next === 0;
    insert * head === 0;
    for (var c = 0; c < C; c++) {
        insert * counts[c] === 0;
        insert * sums[c] === 0;
    }

    // The tally of the category after the entry: v = sum + amount + 2^64 is below 3 2^64, its two top bits say below 0,
    // within the range, above it.
    signal unit[C] <== OneHot(2)([kind[0], kind[1]]);
    signal part[C];
    var selected = 0;
    for (var c = 0; c < C; c++) {
        part[c] <== unit[c] * sums[c];
        selected += part[c];
    }
    var biased = 0;
    for (var i = 0; i < 65; i++) biased += wideBits[i] * (1 << i);
    signal {binary} v[66] <== Bits(66)(selected + biased);
    var low = 0;
    for (var i = 0; i < 64; i++) low += v[i] * (1 << i);
    signal inRange <== v[64] * low;
    signal sum <== inRange + v[65] * ((1 << 64) - 1);
    signal counted[C];
    signal change[C];
    component leafAfter = LedgerLeaf();
    for (var c = 0; c < C; c++) {
        counted[c] <== effect * unit[c];
        change[c] <== counted[c] * (sum - selected);
        leafAfter.counts[c] <== counts[c] + counted[c];
        leafAfter.sums[c] <== sums[c] + change[c];
    }

    // Its history.
    signal start <== head + insert * DOMAIN_LEDGER_HISTORY();
    signal history <== Hash(3)([start, subject, content]);
    leafAfter.head <== start + effect * (history - start);

    // Its place in the list.
    leafAfter.handle <== leafHandle + insert * handle;
    signal linkedTo <== link * (handle - next);
    leafAfter.next <== next + linkedTo + insert * linkedNext;

    // The tree.
    signal leafBefore <== LedgerLeaf()(leafHandle, next, counts, sums, head);
    signal before <== leafBefore - insert * leafBefore;
    signal {binary} position[2 * DEPTH] <== BitArray(2 * DEPTH)(index);
    signal rootBefore;
    (rootBefore, newTreeRoot) <== QuaternaryUpdate(DEPTH)(before, leafAfter.out, position, children);
    rootBefore === treeRoot;

    // Its size. A new leaf is the first free one; without a free leaf, size is the number of leaves, or one more for ever.
    signal at <== FromBits(2 * DEPTH)(position);
    insert * (at - size) === 0;
    signal isFull <== (size - CAPACITY) * (size - CAPACITY - 1);
    overflow * isFull === 0;
    signal overflows <== overflow * (CAPACITY + 1 - size);
    newSize <== size + insert + overflows;
}
