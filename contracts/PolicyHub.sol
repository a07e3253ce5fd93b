// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IMembershipVerifier, IPolicyHub} from "./IPolicyHub.sol";
import {IPolicyVerifier, PolicyGate} from "./PolicyGate.sol";

/// @title The policies of an organisation, the anchors that it believes, and the nullifiers that its apps spent
/// @notice Apps give the hub a proof and what it has to be bound to. The hub builds every public signal that it can by itself,
/// so that no app can forget one: digest, scope, message, and both verifier keys, which are 0.
/// @dev Roles are those of the authority, an OpenZeppelin AccessManager: whoever may call `addPolicy`, `closePolicy`,
/// `publishAnchorsRoot`, `retireAnchorsRoot`, `pause`, `unpause` and `upgradeToAndCall`. Behind an ERC-1967 proxy the hub can be upgraded;
/// behind a minimal proxy (ERC-1167) it cannot.
contract PolicyHub is IPolicyHub, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @notice A root that was published, and when.
    struct Publication {
        uint256 anchorsRoot;
        uint48 publishedAt;
    }

    /// @notice Ages of a root: when it was last published, when another one took its place, and when it was retired; 0 if never.
    struct RootTimes {
        uint48 publishedAt;
        uint48 supersededAt;
        uint48 retiredAt;
    }

    /// @custom:storage-location erc7201:soulproof.storage.PolicyHub
    struct HubStorage {
        mapping(uint256 policyDigest => Policy) policies;
        mapping(uint256 policyDigest => Publication[]) history;
        mapping(uint256 policyDigest => mapping(uint256 anchorsRoot => RootTimes)) roots;
        // By scope, so that a policy of one app says nothing about the nullifiers of another.
        mapping(uint256 scope => mapping(uint256 nullifier => bool)) spent;
        bool allowsDevelopmentKeys;
        uint48 pausedAt;
        uint48 pausedUntil;
        uint48 pausedBefore;
    }

    /// @notice Order r of the field in which circuits compute.
    uint256 private constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    // keccak256(abi.encode(uint256(keccak256("soulproof.storage.PolicyHub")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xbd72ed013327a56ec114160c762a1941f33fd9a8752f6791b521014382fe2400;

    /// @notice Longest pause, in seconds.
    uint48 public constant MAX_PAUSE = 3 days;

    /// @notice Seconds after the end of a pause for which there is no other.
    uint48 public constant PAUSE_COOLDOWN = 7 days;

    event PolicyAdded(uint256 indexed policyDigest, Policy policy);
    event PolicyClosed(uint256 indexed policyDigest);
    event AnchorsRootPublished(uint256 indexed policyDigest, uint256 indexed anchorsRoot);
    event AnchorsRootRetired(uint256 indexed policyDigest, uint256 indexed anchorsRoot);
    event Spent(
        uint256 indexed policyDigest, address indexed app, uint256 indexed nullifier, uint256 topic, uint256 anchorsRoot
    );
    event Paused(uint48 until);
    event Unpaused();

    error PolicyHub__DevelopmentKey();
    error PolicyHub__VerifierInvalid();
    error PolicyHub__DigestInvalid();
    error PolicyHub__PolicyKnown();
    error PolicyHub__PolicyUnknown();
    error PolicyHub__PolicyClosed();
    error PolicyHub__RootInvalid();
    error PolicyHub__RootUnknown();
    error PolicyHub__RootExpired();
    error PolicyHub__RootSuperseded();
    error PolicyHub__RootRetired();
    error PolicyHub__RootOfAnotherTime();
    error PolicyHub__ClockSkew();
    error PolicyHub__ClockOfAnotherTime();
    error PolicyHub__NotPast();
    error PolicyHub__HandleNotZero();
    error PolicyHub__NullifierSpent();
    error PolicyHub__ProofInvalid();
    error PolicyHub__Paused();
    error PolicyHub__NotPaused();
    error PolicyHub__PauseTooSoon();

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority AccessManager that knows the roles
    /// @param allowsDevelopmentKeys accept verifiers of development keys. Never on a chain whose state has value.
    function initialize(address authority, bool allowsDevelopmentKeys) external initializer {
        __AccessManaged_init(authority);
        _hub().allowsDevelopmentKeys = allowsDevelopmentKeys;
    }

    // What apps call

    /// @inheritdoc IPolicyHub
    function spend(
        uint256 policyDigest,
        uint256 topic,
        address account,
        bytes32 payload,
        PolicyGate.PolicyProof calldata proof
    ) external {
        (Policy memory policy, uint256 scope) = _admit(policyDigest, topic, proof.anchorsRoot, proof.nullifier);
        uint256 provedAt = proof.provedAt;
        uint256 skew = provedAt > block.timestamp ? provedAt - block.timestamp : block.timestamp - provedAt;
        if (skew > policy.maxClockSkew) revert PolicyHub__ClockSkew();
        _verify(policy, policyDigest, scope, messageOf(msg.sender, account, payload), proof);
        _record(policyDigest, scope, topic, proof.nullifier, proof.anchorsRoot);
    }

    /// @inheritdoc IPolicyHub
    function spendMembership(
        uint256 group,
        uint256 topic,
        address account,
        bytes32 payload,
        MembershipProof calldata proof
    ) external {
        (Policy memory policy, uint256 scope) = _admit(group, topic, proof.root, proof.nullifier);
        // Signals 4 and 5, the verifier keys, stay 0.
        uint256[6] memory signals;
        signals[0] = proof.nullifier;
        signals[1] = proof.root;
        signals[2] = scope;
        signals[3] = messageOf(msg.sender, account, payload);
        IMembershipVerifier verifier = IMembershipVerifier(address(policy.verifier));
        if (!verifier.verifyProof(proof.a, proof.b, proof.c, signals)) revert PolicyHub__ProofInvalid();
        _record(group, scope, topic, proof.nullifier, proof.root);
    }

    /// @inheritdoc IPolicyHub
    function checkAt(
        uint48 timepoint,
        uint256 policyDigest,
        uint256 topic,
        address account,
        bytes32 payload,
        PolicyGate.PolicyProof calldata proof
    ) external view {
        Policy memory policy = _policy(_hub(), policyDigest);
        if (proof.provedAt != timepoint) revert PolicyHub__ClockOfAnotherTime();
        if (proof.anchorsRoot != anchorsRootAt(policyDigest, timepoint)) revert PolicyHub__RootOfAnotherTime();
        _verify(policy, policyDigest, scopeOf(msg.sender, topic), messageOf(msg.sender, account, payload), proof);
    }

    // What wallets read

    /// @inheritdoc IPolicyHub
    function scopeOf(address app, uint256 topic) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), app, topic))) >> 8;
    }

    /// @inheritdoc IPolicyHub
    function messageOf(address app, address account, bytes32 payload) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), app, account, payload))) >> 8;
    }

    /// @inheritdoc IPolicyHub
    function anchorsRootAt(uint256 policyDigest, uint48 timepoint) public view returns (uint256) {
        if (timepoint >= block.timestamp) revert PolicyHub__NotPast();
        HubStorage storage $ = _hub();
        Policy memory policy = _policy($, policyDigest);
        if (policy.closedAt != 0 && policy.closedAt <= timepoint) revert PolicyHub__PolicyClosed();
        Publication[] storage history = $.history[policyDigest];
        // The first publication after the timepoint; whatever was published in that second counts.
        uint256 low = 0;
        uint256 high = history.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (history[middle].publishedAt > timepoint) high = middle;
            else low = middle + 1;
        }
        if (low == 0) revert PolicyHub__RootUnknown();
        Publication memory found = history[low - 1];
        if (timepoint - found.publishedAt > policy.maxRootAge) revert PolicyHub__RootExpired();
        if ($.roots[policyDigest][found.anchorsRoot].retiredAt != 0) revert PolicyHub__RootRetired();
        return found.anchorsRoot;
    }

    /// @inheritdoc IPolicyHub
    function policyOf(uint256 policyDigest) external view returns (Policy memory) {
        return _policy(_hub(), policyDigest);
    }

    /// @notice Returns the ages of a root; all 0 if it was never published for this policy.
    function rootTimes(uint256 policyDigest, uint256 anchorsRoot) external view returns (RootTimes memory) {
        return _hub().roots[policyDigest][anchorsRoot];
    }

    /// @notice Returns how many times a root was published for a policy.
    function publications(uint256 policyDigest) external view returns (uint256) {
        return _hub().history[policyDigest].length;
    }

    /// @notice Returns a root that was published, by its number from 0, and when.
    function publication(uint256 policyDigest, uint256 index) external view returns (Publication memory) {
        return _hub().history[policyDigest][index];
    }

    /// @inheritdoc IPolicyHub
    function isSpent(address app, uint256 topic, uint256 nullifier) external view returns (bool) {
        return _hub().spent[scopeOf(app, topic)][nullifier];
    }

    /// @inheritdoc IPolicyHub
    function pausedSeconds() external view returns (uint256) {
        HubStorage storage $ = _hub();
        uint256 end = block.timestamp < $.pausedUntil ? block.timestamp : $.pausedUntil;
        return $.pausedBefore + end - $.pausedAt;
    }

    // What roles may do

    /// @notice Adds a policy, whose settings never change.
    function addPolicy(uint256 policyDigest, Policy calldata policy) external restricted {
        HubStorage storage $ = _hub();
        if (policyDigest == 0 || policyDigest >= FIELD_MODULUS) revert PolicyHub__DigestInvalid();
        if (address($.policies[policyDigest].verifier) != address(0)) revert PolicyHub__PolicyKnown();
        _checkVerifier(policy.verifier, $.allowsDevelopmentKeys);
        $.policies[policyDigest] = policy;
        $.policies[policyDigest].closedAt = 0;
        emit PolicyAdded(policyDigest, $.policies[policyDigest]);
    }

    /// @notice Ends a policy for good. Electorates of earlier times can still be asked for.
    function closePolicy(uint256 policyDigest) external restricted {
        HubStorage storage $ = _hub();
        if (_policy($, policyDigest).closedAt != 0) revert PolicyHub__PolicyClosed();
        $.policies[policyDigest].closedAt = uint48(block.timestamp);
        emit PolicyClosed(policyDigest);
    }

    /// @notice Makes a root the latest of a policy; again to refresh it. The one before it holds for the policy's grace.
    function publishAnchorsRoot(uint256 policyDigest, uint256 anchorsRoot) external restricted {
        HubStorage storage $ = _hub();
        _policy($, policyDigest);
        if (anchorsRoot == 0 || anchorsRoot >= FIELD_MODULUS) revert PolicyHub__RootInvalid();
        mapping(uint256 => RootTimes) storage roots = $.roots[policyDigest];
        if (roots[anchorsRoot].retiredAt != 0) revert PolicyHub__RootRetired();
        Publication[] storage history = $.history[policyDigest];
        if (history.length > 0) roots[history[history.length - 1].anchorsRoot].supersededAt = uint48(block.timestamp);
        roots[anchorsRoot] = RootTimes(uint48(block.timestamp), 0, 0);
        history.push(Publication(anchorsRoot, uint48(block.timestamp)));
        emit AnchorsRootPublished(policyDigest, anchorsRoot);
    }

    /// @notice Stops accepting a root at once and for good, as one that named a wrong issuer.
    function retireAnchorsRoot(uint256 policyDigest, uint256 anchorsRoot) external restricted {
        RootTimes storage times = _hub().roots[policyDigest][anchorsRoot];
        if (times.publishedAt == 0) revert PolicyHub__RootUnknown();
        if (times.retiredAt != 0) revert PolicyHub__RootRetired();
        times.retiredAt = uint48(block.timestamp);
        emit AnchorsRootRetired(policyDigest, anchorsRoot);
    }

    /// @notice Stops `spend` for `MAX_PAUSE`, once in `PAUSE_COOLDOWN` after the end of the last pause. Never what was
    /// promised already: apps pay, release, burn and count votes without `spend`.
    function pause() external restricted {
        HubStorage storage $ = _hub();
        if ($.pausedUntil != 0 && block.timestamp < $.pausedUntil + PAUSE_COOLDOWN) revert PolicyHub__PauseTooSoon();
        $.pausedBefore += $.pausedUntil - $.pausedAt;
        $.pausedAt = uint48(block.timestamp);
        $.pausedUntil = uint48(block.timestamp) + MAX_PAUSE;
        emit Paused($.pausedUntil);
    }

    /// @notice Ends a pause early.
    function unpause() external restricted {
        HubStorage storage $ = _hub();
        if (block.timestamp >= $.pausedUntil) revert PolicyHub__NotPaused();
        $.pausedUntil = uint48(block.timestamp);
        emit Unpaused();
    }

    /// @dev The authority's delay for `upgradeToAndCall` is the time in which apps and Souls see an upgrade coming.
    function _authorizeUpgrade(address) internal override restricted {}

    // Inside

    /// @dev Refuses what no proof can mend: a pause, a policy that is closed, a root of another time, a nullifier that is spent.
    function _admit(uint256 policyDigest, uint256 topic, uint256 root, uint256 nullifier)
        private
        view
        returns (Policy memory policy, uint256 scope)
    {
        HubStorage storage $ = _hub();
        if (block.timestamp < $.pausedUntil) revert PolicyHub__Paused();
        policy = _policy($, policyDigest);
        if (policy.closedAt != 0) revert PolicyHub__PolicyClosed();
        _checkRootNow(policy, $.roots[policyDigest][root]);
        scope = scopeOf(msg.sender, topic);
        if ($.spent[scope][nullifier]) revert PolicyHub__NullifierSpent();
    }

    function _record(uint256 policyDigest, uint256 scope, uint256 topic, uint256 nullifier, uint256 root) private {
        _hub().spent[scope][nullifier] = true;
        emit Spent(policyDigest, msg.sender, nullifier, topic, root);
    }

    function _checkRootNow(Policy memory policy, RootTimes memory times) private view {
        if (times.publishedAt == 0) revert PolicyHub__RootUnknown();
        if (times.retiredAt != 0) revert PolicyHub__RootRetired();
        if (block.timestamp - times.publishedAt > policy.maxRootAge) revert PolicyHub__RootExpired();
        if (times.supersededAt != 0 && block.timestamp - times.supersededAt > policy.grace) {
            revert PolicyHub__RootSuperseded();
        }
    }

    function _verify(
        Policy memory policy,
        uint256 policyDigest,
        uint256 scope,
        uint256 message,
        PolicyGate.PolicyProof calldata proof
    ) private view {
        if (proof.handle != 0 && !policy.disclosesHandle) revert PolicyHub__HandleNotZero();
        // Signals 8 and 9, the verifier keys, stay 0. The verifier refuses signals that are not below r, so that
        // nullifier + r is no second nullifier.
        uint256[11] memory signals;
        signals[0] = proof.reveals[0];
        signals[1] = proof.reveals[1];
        signals[2] = proof.handle;
        signals[3] = proof.nullifier;
        signals[4] = policyDigest;
        signals[5] = scope;
        signals[6] = message;
        signals[7] = proof.provedAt;
        signals[10] = proof.anchorsRoot;
        if (!policy.verifier.verifyProof(proof.a, proof.b, proof.c, signals)) revert PolicyHub__ProofInvalid();
    }

    /// @dev A verifier of a statement with other signals has another function, and so is refused.
    function _checkVerifier(IPolicyVerifier verifier, bool allowsDevelopmentKeys) private view {
        if (address(verifier).code.length == 0) revert PolicyHub__VerifierInvalid();
        if (!allowsDevelopmentKeys && verifier.isDevelopmentKey()) revert PolicyHub__DevelopmentKey();
        uint256[2] memory zero;
        uint256[11] memory signals;
        try verifier.verifyProof(zero, [zero, zero], zero, signals) returns (bool isValid) {
            if (isValid) revert PolicyHub__VerifierInvalid();
            return;
        } catch {}
        uint256[6] memory ofMembership;
        try IMembershipVerifier(address(verifier)).verifyProof(zero, [zero, zero], zero, ofMembership) returns (
            bool isValid
        ) {
            if (isValid) revert PolicyHub__VerifierInvalid();
        } catch {
            revert PolicyHub__VerifierInvalid();
        }
    }

    function _policy(HubStorage storage $, uint256 policyDigest) private view returns (Policy memory policy) {
        policy = $.policies[policyDigest];
        if (address(policy.verifier) == address(0)) revert PolicyHub__PolicyUnknown();
    }

    function _hub() private pure returns (HubStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
