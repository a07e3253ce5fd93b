// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Verifier of `policy-s` or `policy-m`, as written by `exportSolidityVerifier`
interface IPolicyVerifier {
    /// @notice Tells whether the proof holds for the signals; false, never a revert, for any values.
    /// @param signals reveal0, reveal1, handle, nullifier, policyDigest, scope, message, now, verifierKey,
    /// verifierKey2, anchorsRoot
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[11] calldata signals
    ) external view returns (bool);

    /// @notice Tells whether the key is one of the project's development keys, for which anyone can forge.
    function isDevelopmentKey() external view returns (bool);
}

/// @title Lets a caller through once per nullifier, on a proof that a Soul satisfies one policy
/// @notice The gate builds every public signal that it can by itself: digest, scope, message, and both verifier
/// keys, which are 0, so that no designated verifier could have made the proof. The caller brings the rest.
/// @dev Inherit and act in `_accepted`. Everything is checked and the nullifier spent before it runs.
abstract contract PolicyGate {
    /// @notice Immutable settings of a gate.
    struct Settings {
        /// @dev Verifier of the profile that the policy compiles to.
        IPolicyVerifier verifier;
        /// @dev `policyDigest` of the policy.
        uint256 policyDigest;
        /// @dev Seconds for which a published anchors root is accepted.
        uint256 maxRootAge;
        /// @dev Seconds by which a proof's clock may differ from the block's, either way.
        uint256 maxClockSkew;
        /// @dev Whether the policy says `discloseHandle`; otherwise the handle must be 0.
        bool disclosesHandle;
        /// @dev Accept a verifier of a development key. Never on a chain whose state has value.
        bool allowDevelopmentKey;
        /// @dev Publishes anchors roots, and so decides which issuers and trees the gate believes.
        address owner;
    }

    /// @notice A Groth16 proof and the public signals that only the caller knows.
    struct PolicyProof {
        uint256[2] a;
        uint256[2][2] b;
        uint256[2] c;
        uint256[2] reveals;
        uint256 handle;
        uint256 nullifier;
        /// @dev Signal `now`: the clock of the proof, Unix seconds.
        uint256 provedAt;
        uint256 anchorsRoot;
    }

    /// @notice Order r of the field in which circuits compute; every public signal lies below it.
    uint256 private constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice The usual `maxClockSkew`, in seconds.
    uint256 public constant DEFAULT_MAX_CLOCK_SKEW = 300;

    IPolicyVerifier public immutable verifier;
    uint256 public immutable policyDigest;
    uint256 public immutable maxRootAge;
    uint256 public immutable maxClockSkew;
    bool public immutable disclosesHandle;

    address public owner;
    address public pendingOwner;

    /// @notice Block time at which an anchors root was last published; 0 if it is not accepted.
    mapping(uint256 anchorsRoot => uint256) public publishedAt;

    /// @notice Nullifiers that have been used here.
    mapping(uint256 nullifier => bool) public spent;

    event AnchorsRootPublished(uint256 indexed anchorsRoot);
    event AnchorsRootRetired(uint256 indexed anchorsRoot);
    event OwnershipOffered(address indexed owner, address indexed pendingOwner);
    event OwnershipTransferred(address indexed oldOwner, address indexed newOwner);
    event PolicyAccepted(
        address indexed caller,
        uint256 indexed nullifier,
        uint256[2] reveals,
        uint256 handle,
        uint256 anchorsRoot
    );

    error PolicyGate__DevelopmentKey();
    error PolicyGate__DigestInvalid();
    error PolicyGate__OwnerInvalid();
    error PolicyGate__NotOwner();
    error PolicyGate__NotPendingOwner();
    error PolicyGate__RootInvalid();
    error PolicyGate__RootUnknown();
    error PolicyGate__RootExpired();
    error PolicyGate__ClockSkew();
    error PolicyGate__HandleNotZero();
    error PolicyGate__NullifierSpent();
    error PolicyGate__ProofInvalid();

    modifier onlyOwner() {
        if (msg.sender != owner) revert PolicyGate__NotOwner();
        _;
    }

    constructor(Settings memory settings) {
        if (settings.owner == address(0)) revert PolicyGate__OwnerInvalid();
        if (settings.policyDigest == 0 || settings.policyDigest >= FIELD_MODULUS) revert PolicyGate__DigestInvalid();
        if (!settings.allowDevelopmentKey && settings.verifier.isDevelopmentKey()) {
            revert PolicyGate__DevelopmentKey();
        }
        verifier = settings.verifier;
        policyDigest = settings.policyDigest;
        maxRootAge = settings.maxRootAge;
        maxClockSkew = settings.maxClockSkew;
        disclosesHandle = settings.disclosesHandle;
        owner = settings.owner;
        emit OwnershipTransferred(address(0), settings.owner);
    }

    /// @notice Returns the scope of every proof for this gate: a Soul has one nullifier here.
    /// @dev Computed at each call, so that it changes with the chain id after a fork.
    function scope() public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), policyDigest))) >> 8;
    }

    /// @notice Returns the message that binds a proof to this chain, this gate, its sender and the payload.
    function messageFor(address caller, bytes calldata payload) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), caller, keccak256(payload)))) >> 8;
    }

    /// @notice Accepts a proof for the sender, once per nullifier.
    /// @param payload what the sender asks for; its meaning is the inheritor's
    function enter(PolicyProof calldata proof, bytes calldata payload) external {
        uint256 rootPublishedAt = publishedAt[proof.anchorsRoot];
        if (rootPublishedAt == 0) revert PolicyGate__RootUnknown();
        if (block.timestamp - rootPublishedAt > maxRootAge) revert PolicyGate__RootExpired();
        uint256 skew = proof.provedAt > block.timestamp
            ? proof.provedAt - block.timestamp
            : block.timestamp - proof.provedAt;
        if (skew > maxClockSkew) revert PolicyGate__ClockSkew();
        if (proof.handle != 0 && !disclosesHandle) revert PolicyGate__HandleNotZero();
        if (spent[proof.nullifier]) revert PolicyGate__NullifierSpent();

        // Signals 8 and 9, the verifier keys, stay 0. The verifier refuses signals that are not below r, so
        // that nullifier + r is no second nullifier.
        uint256[11] memory signals;
        signals[0] = proof.reveals[0];
        signals[1] = proof.reveals[1];
        signals[2] = proof.handle;
        signals[3] = proof.nullifier;
        signals[4] = policyDigest;
        signals[5] = scope();
        signals[6] = messageFor(msg.sender, payload);
        signals[7] = proof.provedAt;
        signals[10] = proof.anchorsRoot;
        if (!verifier.verifyProof(proof.a, proof.b, proof.c, signals)) revert PolicyGate__ProofInvalid();

        spent[proof.nullifier] = true;
        emit PolicyAccepted(msg.sender, proof.nullifier, proof.reveals, proof.handle, proof.anchorsRoot);
        _accepted(msg.sender, proof.nullifier, proof.reveals, proof.handle, payload);
    }

    /// @notice Accepts proofs under an anchors root for `maxRootAge` seconds from now; again to refresh it.
    function publishAnchorsRoot(uint256 anchorsRoot) external onlyOwner {
        if (anchorsRoot == 0 || anchorsRoot >= FIELD_MODULUS) revert PolicyGate__RootInvalid();
        publishedAt[anchorsRoot] = block.timestamp;
        emit AnchorsRootPublished(anchorsRoot);
    }

    /// @notice Stops accepting an anchors root at once, as after a revocation that cannot wait.
    function retireAnchorsRoot(uint256 anchorsRoot) external onlyOwner {
        if (publishedAt[anchorsRoot] == 0) revert PolicyGate__RootUnknown();
        delete publishedAt[anchorsRoot];
        emit AnchorsRootRetired(anchorsRoot);
    }

    /// @notice Offers the ownership; 0 withdraws the offer. Nothing changes before `acceptOwnership`.
    function transferOwnership(address newOwner) external onlyOwner {
        pendingOwner = newOwner;
        emit OwnershipOffered(owner, newOwner);
    }

    /// @notice Takes the ownership that was offered to the sender.
    function acceptOwnership() external {
        if (msg.sender != pendingOwner) revert PolicyGate__NotPendingOwner();
        emit OwnershipTransferred(owner, msg.sender);
        owner = msg.sender;
        delete pendingOwner;
    }

    /// @notice Acts on an accepted proof; a revert undoes the acceptance.
    /// @param caller sender, to whom the proof is bound
    /// @param nullifier spent by this call, for the first time
    /// @param reveals encoded values of the claims that the policy reveals, in its order; 0 where there is none
    /// @param handle the Soul's handle in the ledger that the policy names, or 0
    /// @param payload as given to `enter`, bound to the proof
    function _accepted(
        address caller,
        uint256 nullifier,
        uint256[2] calldata reveals,
        uint256 handle,
        bytes calldata payload
    ) internal virtual;
}
