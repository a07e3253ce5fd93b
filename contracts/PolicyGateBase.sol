// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What every gate asks a verifier written by `exportSolidityVerifier`
interface IKeyedVerifier {
    /// @notice Tells whether the key is one of the project's development keys, for which anyone can forge.
    function isDevelopmentKey() external view returns (bool);
}

/// @title What the gates of all profiles share: settings, published anchors, scope and message, spent nullifiers
/// @dev Inherit from `PolicyGate` or `LedgerPolicyGate`, which know the signals of their profiles.
abstract contract PolicyGateBase {
    /// @notice Immutable settings of a gate.
    struct Settings {
        /// @dev Verifier of the profile that the policy compiles to.
        IKeyedVerifier verifier;
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

    /// @notice Order r of the field in which circuits compute; every public signal lies below it.
    uint256 internal constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice The usual `maxClockSkew`, in seconds.
    uint256 public constant DEFAULT_MAX_CLOCK_SKEW = 300;

    IKeyedVerifier public immutable verifier;
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

    error PolicyGate__DevelopmentKey();
    error PolicyGate__VerifierInvalid();
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

    /// @dev Refuses what the verifier contract cannot see: roots and clocks of another time, a handle that the policy does not
    /// disclose, a nullifier that was used.
    function _checkOutside(uint256 anchorsRoot, uint256 provedAt, uint256 handle, uint256 nullifier) internal view {
        uint256 rootPublishedAt = publishedAt[anchorsRoot];
        if (rootPublishedAt == 0) revert PolicyGate__RootUnknown();
        if (block.timestamp - rootPublishedAt > maxRootAge) revert PolicyGate__RootExpired();
        uint256 skew = provedAt > block.timestamp ? provedAt - block.timestamp : block.timestamp - provedAt;
        if (skew > maxClockSkew) revert PolicyGate__ClockSkew();
        if (handle != 0 && !disclosesHandle) revert PolicyGate__HandleNotZero();
        if (spent[nullifier]) revert PolicyGate__NullifierSpent();
    }
}
