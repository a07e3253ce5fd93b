pragma circom 2.2.0;

include "../lib/compare.circom";
include "../lib/domains.circom";
include "../lib/lean-root.circom";
include "../lib/nullifier.circom";
include "../lib/soul.circom";

/**
 * Proves: my Soul's identity commitment is in the group with this root and the nullifier is my Soul's in this scope,
 * OR my secret is that of verifierKey, OR of verifierKey2.
 *
 * Every check of the claim is a bit, so that the verifier has a witness for any canonical public signals. A group of
 * one member has root = commitment and depth 0.
 *
 * @verifier the root is one of the group's, not 0; commitments enter the group only with a proof that they are those of
 *           a key, because an inner node of another tree could be registered as one
 */
template Membership(MAX_DEPTH) {
    signal input nullifier;
    signal input root;
    signal input scope;
    signal input message;
    signal input verifierKey;
    signal input verifierKey2;

    signal input secret;
    signal input index[MAX_DEPTH];
    signal input used[MAX_DEPTH];
    signal input siblings[MAX_DEPTH];

    signal commitment <== Soul()(secret);
    signal computedRoot <== LeanRoot(MAX_DEPTH)(
        commitment, BitArray(MAX_DEPTH)(index), BitArray(MAX_DEPTH)(used), siblings
    );
    signal isMember <== IsEqual()([computedRoot, root]);

    signal effectiveScope;
    signal {binary} designated;
    (effectiveScope, designated) <== EffectiveScope()(scope, verifierKey, verifierKey2);
    signal {binary} personal <== 0;
    signal computedNullifier <== Nullifier()(effectiveScope, designated, personal, secret);
    signal isNullifier <== IsEqual()([computedNullifier, nullifier]);

    signal claim <== isMember * isNullifier;
    signal isVerifier <== IsVerifier()(commitment, verifierKey, verifierKey2);
    (1 - claim) * (1 - isVerifier) === 0;

    // Groth16 lets anybody change a public input that no constraint uses.
    signal messageSquare <== message * message;
}

component main {public [nullifier, root, scope, message, verifierKey, verifierKey2]} = Membership(20);
