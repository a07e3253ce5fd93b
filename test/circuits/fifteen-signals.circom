pragma circom 2.2.3;

/**
 * Has the public signals of `policy-l`, in their order, and no statement: whoever picks the signals can prove them.
 * For tests of the gate behind such proofs.
 *
 * Each signal is squared, because Groth16 binds a public signal only through a constraint that uses it.
 */
template FifteenSignals() {
    signal input reveals[4];
    signal input handleIn;
    signal input nullifierIn;
    signal output reveal[4] <== reveals;
    signal output handle <== handleIn;
    signal output nullifier <== nullifierIn;
    signal input policyDigest;
    signal input scope;
    signal input message;
    signal input now;
    signal input verifierKey;
    signal input verifierKey2;
    signal input anchorsRoot;
    signal input ledgerRoot[2];

    signal squares[15];
    for (var i = 0; i < 4; i++) {
        squares[i] <== reveal[i] * reveal[i];
    }
    squares[4] <== handle * handle;
    squares[5] <== nullifier * nullifier;
    squares[6] <== policyDigest * policyDigest;
    squares[7] <== scope * scope;
    squares[8] <== message * message;
    squares[9] <== now * now;
    squares[10] <== verifierKey * verifierKey;
    squares[11] <== verifierKey2 * verifierKey2;
    squares[12] <== anchorsRoot * anchorsRoot;
    squares[13] <== ledgerRoot[0] * ledgerRoot[0];
    squares[14] <== ledgerRoot[1] * ledgerRoot[1];
}

component main {
    public [policyDigest, scope, message, now, verifierKey, verifierKey2, anchorsRoot, ledgerRoot]
} = FifteenSignals();
