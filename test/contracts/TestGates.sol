// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {LedgerPolicyGate} from "LedgerPolicyGate.sol";
import {PolicyGate} from "PolicyGate.sol";

/// @title Shows what the hook receives
contract RecordingGate is PolicyGate {
    event Hooked(address caller, uint256 nullifier, uint256[2] reveals, uint256 handle, bytes payload);

    constructor(Settings memory settings) PolicyGate(settings) {}

    function _accepted(
        address caller,
        uint256 nullifier,
        uint256[2] calldata reveals,
        uint256 handle,
        bytes calldata payload
    ) internal override {
        emit Hooked(caller, nullifier, reveals, handle, payload);
    }
}

/// @title Answers alike whatever the proof, and says that its key is no development key
contract StubVerifier {
    bool private immutable answer;

    constructor(bool given) {
        answer = given;
    }

    function isDevelopmentKey() external pure returns (bool) {
        return false;
    }

    function verifyProof(
        uint256[2] calldata,
        uint256[2][2] calldata,
        uint256[2] calldata,
        uint256[11] calldata
    ) external view returns (bool) {
        return answer;
    }
}

/// @title Pays the caller by a call, which lets the caller in again
contract PayingGate is PolicyGate {
    constructor(Settings memory settings) payable PolicyGate(settings) {}

    function _accepted(address caller, uint256, uint256[2] calldata, uint256, bytes calldata) internal override {
        (bool paid,) = caller.call{value: 1 ether}("");
        require(paid);
    }
}

/// @title Enters a gate, and once more with the same proof from within the payment
contract Reenterer {
    bytes private again;
    bytes4 public reason;

    function attack(PolicyGate gate, PolicyGate.PolicyProof calldata proof) external {
        again = abi.encodeCall(gate.enter, (proof, ""));
        gate.enter(proof, "");
    }

    receive() external payable {
        (bool success, bytes memory result) = msg.sender.call(again);
        if (!success) reason = bytes4(result);
    }
}

/// @title Shows what the hook of a gate that reads ledgers receives
contract RecordingLedgerGate is LedgerPolicyGate {
    event Hooked(address caller, uint256 nullifier, uint256[4] reveals, uint256 handle, bytes payload);

    constructor(Settings memory settings, LedgerDemand[] memory demands) LedgerPolicyGate(settings, demands) {}

    function _accepted(
        address caller,
        uint256 nullifier,
        uint256[4] calldata reveals,
        uint256 handle,
        bytes calldata payload
    ) internal override {
        emit Hooked(caller, nullifier, reveals, handle, payload);
    }
}
