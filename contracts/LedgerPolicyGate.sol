// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IKeyedVerifier, PolicyGateBase} from "./PolicyGateBase.sol";

/// @title Verifier of `policy-l`, as written by `exportSolidityVerifier`
interface ILedgerPolicyVerifier is IKeyedVerifier {
    /// @notice Tells whether the proof holds for the signals; false, never a revert, for any values.
    /// @param signals reveal0 to reveal3, handle, nullifier, policyDigest, scope, message, now, verifierKey,
    /// verifierKey2, anchorsRoot, ledgerRoot0, ledgerRoot1
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[15] calldata signals
    ) external view returns (bool);
}

/// @title What a gate asks a ledger, such as `Ledger`
interface ILedgerRoots {
    /// @notice Tells whether a root is accepted, contains so many entries, and lacks none older than this.
    /// @param greatestAge seconds
    function isFresh(uint256 root, uint256 leastQueueLength, uint256 greatestAge) external view returns (bool);
}

/// @title A gate for policies of the profile `policy-l`, which read ledgers
/// @notice Beyond what `PolicyGate` does, it asks each ledger that the policy names whether it accepted the root that the
/// proof is for, and whether the root is fresh. A Soul cannot come with a root from before its last entry, once that
/// entry is older than the greatest age.
/// @dev Inherit and act in `_accepted`. Everything is checked and the nullifier spent before it runs.
abstract contract LedgerPolicyGate is PolicyGateBase {
    /// @notice What the gate demands of the root of one ledger.
    struct LedgerDemand {
        /// @dev Accepts roots. Its place in the list is that of the ledger in the policy.
        ILedgerRoots ledger;
        /// @dev Seconds; entries older than this are in every root that passes.
        uint64 greatestAge;
        /// @dev Entries of the queue that a root has to contain at least.
        uint64 leastQueueLength;
    }

    /// @notice A Groth16 proof and the public signals that only the caller knows.
    struct PolicyProof {
        uint256[2] a;
        uint256[2][2] b;
        uint256[2] c;
        uint256[4] reveals;
        uint256 handle;
        uint256 nullifier;
        /// @dev Signal `now`: the clock of the proof, Unix seconds.
        uint256 provedAt;
        uint256 anchorsRoot;
        /// @dev In the order of the policy's ledgers; 0 where it has none.
        uint256[2] ledgerRoots;
    }

    /// @notice Ledgers by their place in the policy; address 0 where it has none.
    LedgerDemand[2] public ledgers;

    event PolicyAccepted(
        address indexed caller,
        uint256 indexed nullifier,
        uint256[4] reveals,
        uint256 handle,
        uint256 anchorsRoot,
        uint256[2] ledgerRoots
    );

    error LedgerPolicyGate__LedgersInvalid();
    error LedgerPolicyGate__LedgerRootUnused();
    error LedgerPolicyGate__LedgerRootNotFresh();

    /// @param demands one for each ledger of the policy, in its order; at most 2
    constructor(Settings memory settings, LedgerDemand[] memory demands) PolicyGateBase(settings) {
        if (demands.length > ledgers.length) revert LedgerPolicyGate__LedgersInvalid();
        for (uint256 k = 0; k < demands.length; k++) {
            if (address(demands[k].ledger).code.length == 0) revert LedgerPolicyGate__LedgersInvalid();
            ledgers[k] = demands[k];
        }
        // Verifiers of profiles with other signals have another function.
        uint256[2] memory zero;
        uint256[15] memory signals;
        try ILedgerPolicyVerifier(address(settings.verifier)).verifyProof(zero, [zero, zero], zero, signals) returns (
            bool isValid
        ) {
            if (isValid) revert PolicyGate__VerifierInvalid();
        } catch {
            revert PolicyGate__VerifierInvalid();
        }
    }

    /// @notice Accepts a proof for the sender, once per nullifier.
    /// @param payload what the sender asks for; its meaning is the inheritor's
    function enter(PolicyProof calldata proof, bytes calldata payload) external {
        _checkOutside(proof.anchorsRoot, proof.provedAt, proof.handle, proof.nullifier);
        for (uint256 k = 0; k < 2; k++) _checkLedgerRoot(ledgers[k], proof.ledgerRoots[k]);

        // Signals 10 and 11, the verifier keys, stay 0. The verifier refuses signals that are not below r, so
        // that nullifier + r is no second nullifier.
        uint256[15] memory signals;
        for (uint256 i = 0; i < 4; i++) signals[i] = proof.reveals[i];
        signals[4] = proof.handle;
        signals[5] = proof.nullifier;
        signals[6] = policyDigest;
        signals[7] = scope();
        signals[8] = messageFor(msg.sender, payload);
        signals[9] = proof.provedAt;
        signals[12] = proof.anchorsRoot;
        signals[13] = proof.ledgerRoots[0];
        signals[14] = proof.ledgerRoots[1];
        if (!ILedgerPolicyVerifier(address(verifier)).verifyProof(proof.a, proof.b, proof.c, signals)) {
            revert PolicyGate__ProofInvalid();
        }

        spent[proof.nullifier] = true;
        emit PolicyAccepted(
            msg.sender, proof.nullifier, proof.reveals, proof.handle, proof.anchorsRoot, proof.ledgerRoots
        );
        _accepted(msg.sender, proof.nullifier, proof.reveals, proof.handle, payload);
    }

    /// @dev A place without a ledger has root 0, which no proof opens: what a policy reads there is never true.
    function _checkLedgerRoot(LedgerDemand memory demand, uint256 root) private view {
        if (address(demand.ledger) == address(0)) {
            if (root != 0) revert LedgerPolicyGate__LedgerRootUnused();
        } else if (!demand.ledger.isFresh(root, demand.leastQueueLength, demand.greatestAge)) {
            revert LedgerPolicyGate__LedgerRootNotFresh();
        }
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
        uint256[4] calldata reveals,
        uint256 handle,
        bytes calldata payload
    ) internal virtual;
}
