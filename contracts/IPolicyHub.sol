// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IPolicyVerifier, PolicyGate} from "./PolicyGate.sol";
import {IKeyedVerifier} from "./PolicyGateBase.sol";

/// @title Verifier of `membership`, as written by `exportSolidityVerifier`
interface IMembershipVerifier is IKeyedVerifier {
    /// @notice Tells whether the proof holds for the signals; false, never a revert, for any values.
    /// @param signals nullifier, root, scope, message, verifierKey, verifierKey2
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[6] calldata signals
    ) external view returns (bool);
}

/// @title What apps and wallets ask a hub of policies
interface IPolicyHub {
    /// @notice How proofs of a policy are checked.
    struct Policy {
        /// @dev Verifier of `policy-s` or `policy-m`, whichever the policy compiles to; of a group, an `IMembershipVerifier`.
        IPolicyVerifier verifier;
        /// @dev Seconds for which a published anchors root is accepted.
        uint32 maxRootAge;
        /// @dev Seconds for which a root is accepted after another one was published: the time that a revocation takes.
        uint32 grace;
        /// @dev Seconds by which a proof's clock may differ from the block's, either way; usually 300. Of a group 0: its proofs have none.
        uint16 maxClockSkew;
        /// @dev Whether the policy says `discloseHandle`; otherwise the handle must be 0.
        bool disclosesHandle;
        /// @dev When the policy was closed, Unix seconds; 0 while it is open, whatever `addPolicy` was given.
        uint48 closedAt;
    }

    /// @notice A Groth16 proof of `membership` and the public signals that only the caller knows.
    struct MembershipProof {
        uint256[2] a;
        uint256[2][2] b;
        uint256[2] c;
        uint256 nullifier;
        uint256 root;
    }

    /// @notice Accepts a proof for the calling app, once per nullifier and topic, as of now. Reverts otherwise.
    /// @param topic within which a Soul has one nullifier; the app's choice
    /// @param account to whom the proof is bound; 0 if anybody may bring it, then everything that matters is in the payload
    /// @param payload hash of what the proof is to do, bound to it
    function spend(
        uint256 policyDigest,
        uint256 topic,
        address account,
        bytes32 payload,
        PolicyGate.PolicyProof calldata proof
    ) external;

    /// @notice Accepts a proof that a Soul is in a group, as `spend` does for policies. In one topic a Soul has the same nullifier for
    /// groups as for policies whose nullifier is the Soul's.
    /// @param group number under which `addPolicy` has the verifier of `membership`, and the publisher publishes the group's roots
    function spendMembership(
        uint256 group,
        uint256 topic,
        address account,
        bytes32 payload,
        MembershipProof calldata proof
    ) external;

    /// @notice Checks a proof as of a past time, and spends nothing: its clock is that time, its root the one that was the latest
    /// then. All proofs for a time look alike but for nullifier and reveals. Reverts if the proof does not hold.
    /// @dev The app has to see to it that a nullifier counts once.
    /// @param timepoint Unix seconds, before this block
    function checkAt(
        uint48 timepoint,
        uint256 policyDigest,
        uint256 topic,
        address account,
        bytes32 payload,
        PolicyGate.PolicyProof calldata proof
    ) external view;

    /// @notice Returns the scope of proofs for an app's topic: on this chain, in this hub.
    function scopeOf(address app, uint256 topic) external view returns (uint256);

    /// @notice Returns the message that binds a proof to this chain, this hub, the app, an account and a payload.
    function messageOf(address app, address account, bytes32 payload) external view returns (uint256);

    /// @notice Returns the root that was the latest at a past time, if it was not too old then.
    /// @param timepoint Unix seconds, before this block
    function anchorsRootAt(uint256 policyDigest, uint48 timepoint) external view returns (uint256);

    /// @notice Returns the settings of a policy.
    function policyOf(uint256 policyDigest) external view returns (Policy memory);

    /// @notice Tells whether a nullifier was spent in an app's topic.
    function isSpent(address app, uint256 topic, uint256 nullifier) external view returns (bool);

    /// @notice Returns the seconds for which the hub has been paused altogether, so that apps can put off their deadlines.
    function pausedSeconds() external view returns (uint256);
}
