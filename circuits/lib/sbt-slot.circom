pragma circom 2.2.0;

include "./compare.circom";
include "./domains.circom";
include "./eddsa.circom";
include "./hash.circom";
include "./quaternary-root.circom";

/**
 * One SBT of the wallet: tells whether it counts for the policy's slot with number `slot`.
 *
 * It counts if an anchor of the snapshot, opened as one leaf, names slot, type, roots and flags such that
 * - the SBT is issued to this Soul: its hash contains Poseidon(tag, commitment, salt);
 * - it is signed by the anchor's key, the anchor takes signatures and, where it wants a status, the leaf at statusId
 *   under the status root is 0; or it is a leaf under the registry root and the anchor takes registered SBTs;
 * - issuedAt <= now, now < expiresAt unless that is 0, and now - issuedAt <= maxAge.
 *
 * Registry and status root stand in one leaf with flags that say which applies, so that neither is taken for the
 * other, and a missing root is a flag and never the number 0. The type binds the key, and the tag in it tells keys
 * from contracts, which cannot sign. An SBT that does not count only gives valid = 0: any values will do, as long as
 * the times are within 2^64 of now and maxAge.
 *
 * A second opening of flags and maxAge from the same number does not exist: flags are bits, and a maxAge that differs
 * by a fraction of 8 is not within 2^64 of an age.
 *
 * @param DEPTH          levels of registry and status trees
 * @param ANCHOR_DEPTH   levels of the anchors snapshot
 * @input now            the verifier's clock, Unix seconds (checked outside)
 * @output valid {binary}
 * @output hash          the SBT's hash; two slots with one hash hold the same SBT
 */
template SbtSlot(DEPTH, ANCHOR_DEPTH) {
    signal input commitment;
    signal input now;
    signal input anchorsRoot;

    signal input slot;
    signal input salt;
    signal input schemaHash;
    signal input issuedAt;
    signal input expiresAt;
    signal input statusId;
    signal input claims[10];
    signal input issuer[2];
    signal input isContract;
    signal input isSigned;
    signal input R8[2];
    signal input s;
    signal input index[2 * DEPTH];
    signal input children[DEPTH][4];
    signal input registryRoot;
    signal input statusRoot;
    signal input acceptsSigned;
    signal input acceptsRegistered;
    signal input wantsStatus;
    signal input maxAge;
    signal input anchorIndex[2 * ANCHOR_DEPTH];
    signal input anchorChildren[ANCHOR_DEPTH][4];

    signal output {binary} valid;
    signal output hash;

    signal {binary} contract <== Bit()(isContract);
    signal {binary} signed <== Bit()(isSigned);
    signal {binary} flags[3] <== BitArray(3)([acceptsSigned, acceptsRegistered, wantsStatus]);
    signal {binary} position[2 * DEPTH] <== BitArray(2 * DEPTH)(index);

    // What is attested.
    signal holder <== Hash(3)([DOMAIN_HOLDER(), commitment, salt]);
    component sbt = Hash(16);
    sbt.in[0] <== DOMAIN_SBT();
    sbt.in[1] <== schemaHash;
    sbt.in[2] <== holder;
    sbt.in[3] <== issuedAt;
    sbt.in[4] <== expiresAt;
    sbt.in[5] <== statusId;
    for (var i = 0; i < 10; i++) sbt.in[6 + i] <== claims[i];
    hash <== sbt.out;

    // By whom, for which slot, under which roots and flags.
    signal type <== Hash(4)([
        DOMAIN_KEY_TYPE() + contract * (DOMAIN_CONTRACT_TYPE() - DOMAIN_KEY_TYPE()), issuer[0], issuer[1], schemaHash
    ]);
    signal anchor <== Hash(6)([
        DOMAIN_ANCHOR(), slot, type, registryRoot, statusRoot, flags[0] + 2 * flags[1] + 4 * flags[2] + 8 * maxAge
    ]);
    signal anchorRoot <== QuaternaryRoot(ANCHOR_DEPTH)(
        anchor, BitArray(2 * ANCHOR_DEPTH)(anchorIndex), anchorChildren
    );
    signal anchored <== IsEqual()([anchorRoot, anchorsRoot]);

    // Signed: the leaf at statusId is 0. Registered: the leaf is the SBT's.
    signal registered <== Hash(3)([DOMAIN_REGISTERED(), type, hash]);
    signal root <== QuaternaryRoot(DEPTH)((1 - signed) * registered, position, children);
    signal expectedRoot <== registryRoot + signed * (statusRoot - registryRoot);
    signal opened <== IsEqual()([root, expectedRoot]);
    signal openedAt <== FromBits(2 * DEPTH)(position);
    signal atStatusId <== IsEqual()([openedAt, statusId]);
    signal notRevoked <== opened * atStatusId;
    signal statusHolds <== 1 - flags[2] * (1 - notRevoked);

    // A contract's numbers are no point, so that the signature is then checked for B8, without effect.
    var base[2] = BASE8();
    signal key[2];
    for (var i = 0; i < 2; i++) key[i] <== base[i] + signed * (issuer[i] - base[i]);
    signal signatureHolds <== Eddsa()(key, R8, s, hash);
    signal byKey <== signatureHolds * (1 - contract);
    signal taken <== byKey * flags[0];
    signal signedHolds <== taken * statusHolds;
    signal registeredHolds <== opened * flags[1];
    signal attested <== registeredHolds + signed * (signedHolds - registeredHolds);

    // When.
    signal begun <== AtLeast(64)([now, issuedAt]);
    signal young <== AtLeast(64)([maxAge, now - issuedAt]);
    signal unexpired <== AtLeast(64)([expiresAt, now + 1]);
    signal forever <== IsZero()(expiresAt);
    signal lasting <== unexpired + forever - unexpired * forever;
    signal inTime <== begun * young;
    signal timely <== inTime * lasting;

    signal counts <== anchored * attested;
    valid <== counts * timely;
}
