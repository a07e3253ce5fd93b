pragma circom 2.2.3;

/**
 * Has the public signals of `policy-s` and `policy-m`, in their order, and no statement: whoever picks the
 * signals can prove them. For tests of what stands behind a proof, the verifier contract and the gate.
 *
 * Each signal is squared, because Groth16 binds a public signal only through a constraint that uses it.
 */
template ElevenSignals() {
    signal input reveals[2];
    signal input handleIn;
    signal input nullifierIn;
    signal output reveal0 <== reveals[0];
    signal output reveal1 <== reveals[1];
    signal output handle <== handleIn;
    signal output nullifier <== nullifierIn;
    signal input policyDigest;
    signal input scope;
    signal input message;
    signal input now;
    signal input verifierKey;
    signal input verifierKey2;
    signal input anchorsRoot;

    signal squares[11];
    squares[0] <== reveal0 * reveal0;
    squares[1] <== reveal1 * reveal1;
    squares[2] <== handle * handle;
    squares[3] <== nullifier * nullifier;
    squares[4] <== policyDigest * policyDigest;
    squares[5] <== scope * scope;
    squares[6] <== message * message;
    squares[7] <== now * now;
    squares[8] <== verifierKey * verifierKey;
    squares[9] <== verifierKey2 * verifierKey2;
    squares[10] <== anchorsRoot * anchorsRoot;
}

component main {
    public [policyDigest, scope, message, now, verifierKey, verifierKey2, anchorsRoot]
} = ElevenSignals();
