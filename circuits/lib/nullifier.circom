pragma circom 2.2.0;

include "./compare.circom";
include "./domains.circom";
include "./hash.circom";

/**
 * The scope from which the nullifier is derived: the public one, or for designated proofs (a verifier key is not 0)
 * Poseidon(tag, scope, verifierKey, verifierKey2, beacon), so that a later public proof does not show that a
 * designated transcript was real. The beacon of a statement that is not timed is 0.
 */
template EffectiveScope() {
    signal input scope;
    signal input verifierKey;
    signal input verifierKey2;
    signal output out;
    signal nobody <== IsZero()(verifierKey);
    signal nobody2 <== IsZero()(verifierKey2);
    signal open <== nobody * nobody2;
    signal designated <== Hash(5)([DOMAIN_DESIGNATED_SCOPE(), scope, verifierKey, verifierKey2, 0]);
    out <== designated + open * (scope - designated);
}

/**
 * Tells whether a commitment is one of two verifier keys. A key of 0 is nobody's: a commitment is a Poseidon hash, and
 * 0 has no known preimage.
 */
template IsVerifier() {
    signal input commitment;
    signal input verifierKey;
    signal input verifierKey2;
    signal output {binary} out;
    signal first <== IsEqual()([commitment, verifierKey]);
    signal second <== IsEqual()([commitment, verifierKey2]);
    out <== first + second - first * second;
}
