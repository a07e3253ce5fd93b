// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {PolicyGate} from "../PolicyGate.sol";

/// @title A token that Souls mint: one fixed share for each that satisfies the policy
/// @notice The payload of `enter` is `abi.encode(recipient)`. The proof is bound to it and to the sender, so that nobody who sees the
/// transaction can redirect the share.
/// @dev The smallest drop: gate and token in one contract, which holds nothing. `apps/TieredSouldrop` gives away tokens that exist, by
/// several policies of a hub, at once or over time, and lets anybody send the claim.
contract ShareToken is ERC20, PolicyGate {
    /// @notice What each Soul receives, in the token's smallest unit.
    uint256 public immutable share;

    constructor(Settings memory settings, string memory name_, string memory symbol_, uint256 share_)
        ERC20(name_, symbol_)
        PolicyGate(settings)
    {
        share = share_;
    }

    function _accepted(address, uint256, uint256[2] calldata, uint256, bytes calldata payload) internal override {
        _mint(abi.decode(payload, (address)), share);
    }
}
