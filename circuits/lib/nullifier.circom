pragma circom 2.2.0;

include "./compare.circom";
include "./domains.circom";
include "./hash.circom";

/**
 * The scope from which the nullifier is derived: the public one, or for designated proofs (a verifier key is not 0)
 * Poseidon(tag, scope, verifierKey, verifierKey2, beacon), so that a later public proof does not show that a
 * designated transcript was real. The beacon of a statement that is not timed is 0.
 *
 * `designated` selects another tag for the nullifier too (see Nullifier): otherwise an app could choose the designated scope
 * as its public one, and a public proof there would show the transcript's nullifier.
 */
template EffectiveScope() {
    signal input scope;
    signal input verifierKey;
    signal input verifierKey2;
    signal output out;
    signal output {binary} designated;
    signal nobody <== IsZero()(verifierKey);
    signal nobody2 <== IsZero()(verifierKey2);
    designated <== 1 - nobody * nobody2;
    signal hidden <== Hash(5)([DOMAIN_DESIGNATED_SCOPE(), scope, verifierKey, verifierKey2, 0]);
    out <== scope + designated * (hidden - scope);
}

/**
 * The nullifier of an effective scope: Poseidon(tag, scope, unique), with four tags for public or designated proofs of a
 * Soul (unique is its secret) or a person (unique is a secret claim).
 */
template Nullifier() {
    signal input scope;
    signal input {binary} designated;
    signal input {binary} personal;
    signal input unique;
    signal output out;
    signal soulTag <== DOMAIN_NULLIFIER() + designated * (DOMAIN_DESIGNATED_NULLIFIER() - DOMAIN_NULLIFIER());
    signal personTag <== DOMAIN_PERSONAL_NULLIFIER()
        + designated * (DOMAIN_DESIGNATED_PERSONAL_NULLIFIER() - DOMAIN_PERSONAL_NULLIFIER());
    signal tag <== soulTag + personal * (personTag - soulTag);
    out <== Hash(3)([tag, scope, unique]);
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
