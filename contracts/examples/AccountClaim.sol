// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {PolicyGate} from "../PolicyGate.sol";

/// @title One account per Soul, for Souls that satisfy the policy
/// @notice Knowing who has an account tells nothing about the SBTs behind it but that they satisfy the policy.
contract AccountClaim is PolicyGate {
    /// @notice Whether this address has an account.
    mapping(address account => bool) public claimed;

    event AccountClaimed(address indexed account);

    error AccountClaim__AlreadyClaimed();

    constructor(Settings memory settings) PolicyGate(settings) {}

    /// @dev The gate holds a Soul to one account; this holds an address to one Soul.
    function _accepted(address caller, uint256, uint256[2] calldata, uint256, bytes calldata) internal override {
        if (claimed[caller]) revert AccountClaim__AlreadyClaimed();
        claimed[caller] = true;
        emit AccountClaimed(caller);
    }
}
