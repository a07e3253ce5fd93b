// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPoseidon4} from "IPoseidon.sol";
import {QuaternaryRegistry} from "QuaternaryRegistry.sol";

/// @title A registry in which anybody writes
contract BareRegistry is QuaternaryRegistry {
    constructor(IPoseidon4 hasher) QuaternaryRegistry(hasher) {}

    function append(uint256[] calldata leaves) external {
        for (uint256 i = 0; i < leaves.length; i++) _append(leaves[i]);
    }

    function revoke(uint256 index) external {
        _revoke(index);
    }
}
