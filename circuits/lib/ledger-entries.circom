pragma circom 2.2.0;

include "./bits.circom";
include "./compare.circom";
include "./domains.circom";
include "./formula.circom";
include "./hash.circom";
include "./ledger-hash.circom";

/**
 * Opens the entries of one handle, and counts those that match: of a category in the mask, at or after `since`, with an
 * amount of at least `least`.
 *
 * The chain of the entries, from the empty history on, is their only way to `head`: no other entries, order or number of
 * them leads there. Entries are used from the first on; what is not used counts for nothing. More entries than fit
 * lead to no head. An entry's words are read in one way, because its content is decomposed into 253 bits, and its
 * subject is the handle with a category of two bits.
 *
 * @param ENTRIES              most entries
 * @input handle {handle}      whose entries they are
 * @input mask[4] {binary}     categories that match, by number
 * @input since                below 2^40, as the entries' times
 * @input least                amount + 2^64, below 2^65, as it stands in entries
 * @input used[ENTRIES], category[ENTRIES][2], content[ENTRIES]
 * @output head                of the history of the entries that are used
 * @output matches             how many of them match
 */
template LedgerEntries(ENTRIES) {
    signal input {handle} handle;
    signal input {binary} mask[4];
    signal input since;
    signal input least;
    signal input used[ENTRIES];
    signal input category[ENTRIES][2];
    signal input content[ENTRIES];
    signal output head;
    signal output matches;

    signal {binary} isUsed[ENTRIES] <== BitArray(ENTRIES)(used);
    signal {binary} kind[ENTRIES][2];
    signal {binary} bits[ENTRIES][253];
    signal extended[ENTRIES];
    signal state[ENTRIES + 1];
    signal unit[ENTRIES][4];
    signal inMask[ENTRIES][4];
    signal {binary} recent[ENTRIES];
    signal {binary} large[ENTRIES];
    signal both[ENTRIES];
    signal counted[ENTRIES];
    signal match[ENTRIES];
    state[0] <== DOMAIN_LEDGER_HISTORY();
    var sum = 0;
    for (var i = 0; i < ENTRIES; i++) {
        if (i > 0) isUsed[i] * (1 - isUsed[i - 1]) === 0;
        kind[i] <== BitArray(2)(category[i]);
        bits[i] <== Bits(253)(content[i]);
        extended[i] <== Hash(3)([state[i], handle + HANDLE_BOUND() * (kind[i][0] + 2 * kind[i][1]), content[i]]);
        state[i + 1] <== state[i] + isUsed[i] * (extended[i] - state[i]);

        unit[i] <== OneHot(2)(kind[i]);
        var wanted = 0;
        for (var c = 0; c < 4; c++) {
            inMask[i][c] <== unit[i][c] * mask[c];
            wanted += inMask[i][c];
        }
        var amount = 0;
        for (var b = 0; b < 65; b++) amount += bits[i][b] * (1 << b);
        var at = 0;
        for (var b = 0; b < 40; b++) at += bits[i][65 + b] * (1 << b);
        recent[i] <== AtLeast(40)([at, since]);
        large[i] <== AtLeast(65)([amount, least]);
        both[i] <== recent[i] * large[i];
        counted[i] <== isUsed[i] * wanted;
        match[i] <== counted[i] * both[i];
        sum += match[i];
    }
    head <== state[ENTRIES];
    matches <== sum;
}
