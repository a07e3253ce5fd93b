// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPolicyHub} from "../IPolicyHub.sol";
import {PolicyGate} from "../PolicyGate.sol";

/// @title Votes of an OpenZeppelin Governor by Souls that satisfy a policy, one each and all of weight 1
/// @notice The electorate is that of the proposal's snapshot: proofs are as of that time and for the anchors root that was the latest then. Whoever
/// gets an SBT later has no vote, and whoever loses one keeps it, as with tokens.
/// @dev The voter in events, and of `hasVoted`, is an address that no one owns: the low 160 bits of the nullifier, which differ from proposal
/// to proposal. The params of a vote are an ABI-encoded `PolicyProof`. Votes without one are refused, whatever function they come by.
abstract contract GovernorSouls is Governor, GovernorCountingSimple {
    /// @notice Holds the policy, and the roots that electorates follow from.
    IPolicyHub public immutable hub;

    /// @notice Digest of the policy whose Souls vote.
    uint256 public immutable policyDigest;

    error GovernorSouls__ProofMissing();

    constructor(IPolicyHub hub_, uint256 policyDigest_) {
        // Reverts for a policy that the hub does not know.
        hub_.policyOf(policyDigest_);
        hub = hub_;
        policyDigest = policyDigest_;
    }

    /// @inheritdoc Governor
    function clock() public view virtual override returns (uint48) {
        return SafeCast.toUint48(block.timestamp);
    }

    /// @inheritdoc Governor
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure virtual override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc GovernorCountingSimple
    // solhint-disable-next-line func-name-mixedcase
    function COUNTING_MODE() public pure virtual override(IGovernor, GovernorCountingSimple) returns (string memory) {
        return "support=bravo&quorum=for,abstain&params=soulproof";
    }

    /// @notice Returns what the proof of a vote has to be bound to, besides the account.
    function ballotOf(uint256 proposalId, uint8 support, string memory reason) public pure returns (bytes32) {
        return keccak256(abi.encode(proposalId, support, keccak256(bytes(reason))));
    }

    /// @notice Returns scope, message, clock and root of the proof of a vote.
    /// @param account sender of the vote; 0 if anybody may bring it, by `castVoteByProof`
    function contextOf(uint256 proposalId, uint8 support, string calldata reason, address account)
        external
        view
        returns (uint256 scope, uint256 message, uint256 timepoint, uint256 anchorsRoot)
    {
        timepoint = proposalSnapshot(proposalId);
        scope = hub.scopeOf(address(this), proposalId);
        message = hub.messageOf(address(this), account, ballotOf(proposalId, support, reason));
        anchorsRoot = hub.anchorsRootAt(policyDigest, uint48(timepoint));
    }

    /// @notice Casts the vote of a Soul whose proof is bound to no account, so that a relayer can send it and a copy changes nothing.
    function castVoteByProof(
        uint256 proposalId,
        uint8 support,
        string calldata reason,
        PolicyGate.PolicyProof calldata proof
    ) external returns (uint256) {
        return _castVote(proposalId, address(0), support, reason, abi.encode(proof));
    }

    /// @dev Replaces the sender by the Soul's address in this proposal, after the proof is checked. That a nullifier votes once is then
    /// what the counting module refuses anyway.
    function _castVote(
        uint256 proposalId,
        address account,
        uint8 support,
        string memory reason,
        bytes memory params
    ) internal virtual override returns (uint256) {
        if (params.length == 0) revert GovernorSouls__ProofMissing();
        PolicyGate.PolicyProof memory proof = abi.decode(params, (PolicyGate.PolicyProof));
        _validateStateBitmap(proposalId, _encodeStateBitmap(ProposalState.Active));
        hub.checkAt(
            uint48(proposalSnapshot(proposalId)),
            policyDigest,
            proposalId,
            account,
            ballotOf(proposalId, support, reason),
            proof
        );
        // Without the params, so that the event does not carry the proof again.
        return super._castVote(proposalId, address(uint160(proof.nullifier)), support, reason, "");
    }

    /// @dev Of weight 1, which no query shows: Souls have votes, and addresses have none.
    function _countVote(uint256 proposalId, address account, uint8 support, uint256, bytes memory params)
        internal
        virtual
        override(Governor, GovernorCountingSimple)
        returns (uint256)
    {
        return super._countVote(proposalId, account, support, 1, params);
    }

    /// @dev 0 for every address. A threshold for proposals above 0 could therefore never be met.
    function _getVotes(address, uint256, bytes memory) internal pure virtual override returns (uint256) {
        return 0;
    }
}
