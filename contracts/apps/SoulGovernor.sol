// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IPolicyHub} from "../IPolicyHub.sol";
import {GovernorSouls} from "./GovernorSouls.sol";

/// @title A Governor whose voters are the Souls that satisfy a policy
/// @notice Anybody may propose. The quorum is a number of Souls, because nobody knows how many there are.
contract SoulGovernor is GovernorSouls {
    uint256 private immutable _votingDelay;
    uint256 private immutable _votingPeriod;
    uint256 private immutable _quorum;

    error SoulGovernor__SettingsInvalid();

    /// @param votingDelay_ seconds from a proposal to its snapshot, at least 1: time to publish the root that the electorate follows from
    /// @param votingPeriod_ seconds of voting
    /// @param quorum_ Souls for or abstaining
    constructor(
        string memory name_,
        IPolicyHub hub_,
        uint256 policyDigest_,
        uint48 votingDelay_,
        uint32 votingPeriod_,
        uint256 quorum_
    ) Governor(name_) GovernorSouls(hub_, policyDigest_) {
        if (votingDelay_ == 0 || votingPeriod_ == 0 || quorum_ == 0) revert SoulGovernor__SettingsInvalid();
        _votingDelay = votingDelay_;
        _votingPeriod = votingPeriod_;
        _quorum = quorum_;
    }

    /// @inheritdoc Governor
    function votingDelay() public view override returns (uint256) {
        return _votingDelay;
    }

    /// @inheritdoc Governor
    function votingPeriod() public view override returns (uint256) {
        return _votingPeriod;
    }

    /// @inheritdoc Governor
    function quorum(uint256) public view override returns (uint256) {
        return _quorum;
    }
}
