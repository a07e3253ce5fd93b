// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IKeyedVerifier, PolicyGateBase} from "./PolicyGateBase.sol";

/// @title Verifier of `policy-s` or `policy-m`, as written by `exportSolidityVerifier`
interface IPolicyVerifier is IKeyedVerifier {
    /// @notice Tells whether the proof holds for the signals; false, never a revert, for any values.
    /// @param signals reveal0, reveal1, handle, nullifier, policyDigest, scope, message, now, verifierKey,
    /// verifierKey2, anchorsRoot
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[11] calldata signals
    ) external view returns (bool);
}

/// @title Lets a caller through once per nullifier, on a proof that a Soul satisfies one policy
/// @notice The gate builds every public signal that it can by itself: digest, scope, message, and both verifier
/// keys, which are 0, so that no designated verifier could have made the proof. The caller brings the rest.
/// @dev Inherit and act in `_accepted`. Everything is checked and the nullifier spent before it runs.
abstract contract PolicyGate is PolicyGateBase {
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

    event PolicyAccepted(
        address indexed caller,
        uint256 indexed nullifier,
        uint256[2] reveals,
        uint256 handle,
        uint256 anchorsRoot
    );

    constructor(Settings memory settings) PolicyGateBase(settings) {
        // Verifiers of profiles with other signals have another function; that of `policy-m-timed`, too, whose proofs say
        // nothing by themselves.
        uint256[2] memory zero;
        uint256[11] memory signals;
        try IPolicyVerifier(address(settings.verifier)).verifyProof(zero, [zero, zero], zero, signals) returns (bool isValid) {
            if (isValid) revert PolicyGate__VerifierInvalid();
        } catch {
            revert PolicyGate__VerifierInvalid();
        }
    }

    /// @notice Accepts a proof for the sender, once per nullifier.
    /// @param payload what the sender asks for; its meaning is the inheritor's
    function enter(PolicyProof calldata proof, bytes calldata payload) external {
        _checkOutside(proof.anchorsRoot, proof.provedAt, proof.handle, proof.nullifier);

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
        if (!IPolicyVerifier(address(verifier)).verifyProof(proof.a, proof.b, proof.c, signals)) {
            revert PolicyGate__ProofInvalid();
        }

        spent[proof.nullifier] = true;
        emit PolicyAccepted(msg.sender, proof.nullifier, proof.reveals, proof.handle, proof.anchorsRoot);
        _accepted(msg.sender, proof.nullifier, proof.reveals, proof.handle, payload);
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
