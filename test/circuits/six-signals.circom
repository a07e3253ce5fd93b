pragma circom 2.2.3;

/**
 * Has the public signals of `ledger-batch`, in their order, and no statement: whoever picks the signals can prove them. For
 * tests of the contract that stands behind a proof.
 *
 * Each signal is squared, because Groth16 binds a public signal only through a constraint that uses it.
 */
template SixSignals() {
    signal input oldRoot;
    signal input newRoot;
    signal input ledgerId;
    signal input categories;
    signal input queueLength;
    signal input queueHead;

    signal squares[6];
    squares[0] <== oldRoot * oldRoot;
    squares[1] <== newRoot * newRoot;
    squares[2] <== ledgerId * ledgerId;
    squares[3] <== categories * categories;
    squares[4] <== queueLength * queueLength;
    squares[5] <== queueHead * queueHead;
}

component main {
    public [oldRoot, newRoot, ledgerId, categories, queueLength, queueHead]
} = SixSignals();
