// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {PolicyGate} from "../PolicyGate.sol";

/// @title A token drop to every Soul that satisfies the policy, one fixed share each
/// @notice The drop is the token: a minimal ERC-20 that only claims mint.
/// @dev The payload of `enter` is `abi.encode(recipient)`. The proof is bound to it and to the sender, so that
/// nobody who sees the transaction can redirect the share.
contract Souldrop is PolicyGate {
    string public name;
    string public symbol;
    uint8 public constant decimals = 18;
    uint256 public totalSupply;
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;

    /// @notice What each Soul receives, in the token's smallest unit.
    uint256 public immutable share;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    error Souldrop__RecipientInvalid();
    error Souldrop__BalanceTooLow();
    error Souldrop__AllowanceTooLow();

    constructor(Settings memory settings, string memory name_, string memory symbol_, uint256 share_)
        PolicyGate(settings)
    {
        name = name_;
        symbol = symbol_;
        share = share_;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        _transfer(msg.sender, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < value) revert Souldrop__AllowanceTooLow();
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - value;
        _transfer(from, to, value);
        return true;
    }

    function _accepted(address, uint256, uint256[2] calldata, uint256, bytes calldata payload) internal override {
        address recipient = abi.decode(payload, (address));
        if (recipient == address(0)) revert Souldrop__RecipientInvalid();
        totalSupply += share;
        balanceOf[recipient] += share;
        emit Transfer(address(0), recipient, share);
    }

    function _transfer(address from, address to, uint256 value) private {
        if (to == address(0)) revert Souldrop__RecipientInvalid();
        uint256 balance = balanceOf[from];
        if (balance < value) revert Souldrop__BalanceTooLow();
        balanceOf[from] = balance - value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}
