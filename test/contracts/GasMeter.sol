// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Measures what a static call costs from inside, without the price of calldata
contract GasMeter {
    /// @return gasUsed of the call, its 100 or 2600 for the address included
    /// @return result the first word that it returned
    function measure(address target, bytes calldata data) external view returns (uint256 gasUsed, uint256 result) {
        bytes memory input = data;
        // Touches the address, so that every measured call finds it warm.
        if (target.code.length == 0) revert();
        uint256 before = gasleft();
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), target, add(input, 0x20), mload(input), 0, 0x20)) { revert(0, 0) }
        }
        gasUsed = before - gasleft();
        assembly ("memory-safe") {
            result := mload(0)
        }
    }
}
