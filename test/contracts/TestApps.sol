// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IPolicyHub} from "IPolicyHub.sol";
import {PolicyGate} from "PolicyGate.sol";

/// @title A token that calls whoever receives it, as ERC-777 does
contract CallbackToken is ERC20 {
    constructor() ERC20("Callback", "CB") {
        _mint(msg.sender, 1_000_000);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to.code.length > 0) {
            try ITokenReceiver(to).tokensReceived() {} catch {}
        }
    }
}

interface ITokenReceiver {
    function tokensReceived() external;
}

/// @title Calls what it was told to call whenever it receives something, and keeps why that failed
contract Reentrant is ITokenReceiver {
    address private _target;
    bytes private _call;
    uint256 public calls;
    uint256 public successes;
    bytes4 public reason;

    function prepare(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function tokensReceived() public {
        if (_target == address(0)) return;
        calls++;
        (bool success, bytes memory result) = _target.call(_call);
        if (success) successes++;
        else reason = bytes4(result);
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        tokensReceived();
        return this.onERC721Received.selector;
    }
}

/// @title An app without rules of its own
contract BareApp {
    IPolicyHub private immutable _hub;

    constructor(IPolicyHub hub) {
        _hub = hub;
    }

    function spend(
        uint256 policyDigest,
        uint256 topic,
        address account,
        bytes32 payload,
        PolicyGate.PolicyProof calldata proof
    ) external {
        _hub.spend(policyDigest, topic, account, payload, proof);
    }

    function spendMembership(
        uint256 group,
        uint256 topic,
        address account,
        bytes32 payload,
        IPolicyHub.MembershipProof calldata proof
    ) external {
        _hub.spendMembership(group, topic, account, payload, proof);
    }

    function checkAt(
        uint48 timepoint,
        uint256 policyDigest,
        uint256 topic,
        address account,
        bytes32 payload,
        PolicyGate.PolicyProof calldata proof
    ) external view {
        _hub.checkAt(timepoint, policyDigest, topic, account, payload, proof);
    }
}

/// @title Something to vote about
contract Box {
    uint256 public value;
    address public immutable owner;

    error Box__NotOwner();

    constructor(address owner_) {
        owner = owner_;
    }

    function set(uint256 value_) external {
        if (msg.sender != owner) revert Box__NotOwner();
        value = value_;
    }
}
