// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {SignUpGatekeeper} from "maci-contracts/contracts/gatekeepers/SignUpGatekeeper.sol";
import {PolicyGate} from "../PolicyGate.sol";

/// @title The part of MACI 2.5.0 that signs voters up
interface IMaciSignUp {
    struct PubKey {
        uint256 x;
        uint256 y;
    }

    function signUp(PubKey memory pubKey, bytes memory gatekeeperData, bytes memory creditData) external;
}

/// @title Signs up to MACI one key per Soul that satisfies the policy
/// @notice Voters call `enter` here, with `abi.encode(PubKey, creditData)` as payload, and not `MACI.signUp`. The proof's message
/// is the hash of chain, gatekeeper, sender and payload: who copies it can sign up no other key.
/// @dev MACI 2.5.0 does not show its gatekeeper the key that is signed up, so that a gatekeeper that waits to be asked cannot bind
/// a proof to it. This one calls MACI itself, with the key of the payload, and answers MACI only about its own calls.
contract PolicySignUpGatekeeper is PolicyGate, SignUpGatekeeper {
    /// @notice The MACI contract whose gatekeeper this is; set once.
    IMaciSignUp public maci;

    event MaciSet(address indexed maci);

    error PolicySignUpGatekeeper__MaciInvalid();
    error PolicySignUpGatekeeper__MaciAlreadySet();
    error PolicySignUpGatekeeper__NotMaci();
    error PolicySignUpGatekeeper__NotThroughGatekeeper();

    constructor(Settings memory settings) PolicyGate(settings) {}

    /// @notice Names the MACI contract, which has to be created after its gatekeeper. Nobody signs up before.
    function setMaciInstance(address maci_) public override onlyOwner {
        if (address(maci) != address(0)) revert PolicySignUpGatekeeper__MaciAlreadySet();
        if (maci_.code.length == 0) revert PolicySignUpGatekeeper__MaciInvalid();
        maci = IMaciSignUp(maci_);
        emit MaciSet(maci_);
    }

    /// @notice Answers MACI whether a sign-up is one that `enter` has just accepted.
    /// @dev Only `_accepted` has MACI called with this contract as sender, after the nullifier was spent.
    function register(address user, bytes memory) public view override {
        if (msg.sender != address(maci)) revert PolicySignUpGatekeeper__NotMaci();
        if (user != address(this)) revert PolicySignUpGatekeeper__NotThroughGatekeeper();
    }

    /// @inheritdoc SignUpGatekeeper
    function getTrait() public pure override returns (string memory) {
        return "SoulproofPolicy";
    }

    /// @dev A revert of MACI, which checks the key and counts the leaves, undoes the acceptance with the nullifier. Its proxy of
    /// voice credits sees this contract as the user, and the data of the payload, to which the proof is bound.
    function _accepted(address, uint256, uint256[2] calldata, uint256, bytes calldata payload) internal override {
        (IMaciSignUp.PubKey memory key, bytes memory creditData) = abi.decode(payload, (IMaciSignUp.PubKey, bytes));
        if (address(maci) == address(0)) revert PolicySignUpGatekeeper__MaciInvalid();
        maci.signUp(key, "", creditData);
    }
}
