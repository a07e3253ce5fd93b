// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Poseidon of 4 inputs over BN254 with circomlib's constants
/// @dev Written by scripts/poseidon-contracts.ts. Constants stand in the code of other contracts, `poseidonTables(4)` of the library;
/// the constructor hashes once, so that wrong ones are refused.
contract Poseidon4 {
    address private immutable table0;

    error Poseidon4__TablesInvalid();

    constructor(address[1] memory tables) {
        table0 = tables[0];
        uint256[4] memory numbers = [uint256(1), 2, 3, 4];
        if (_hash(numbers) != 18821383157269793795438455681495246036402687001665670618754263018637548127333) {
            revert Poseidon4__TablesInvalid();
        }
    }

    /// @notice Returns the hash, below r; inputs from r on are reduced.
    function poseidon(uint256[4] calldata inputs) external view returns (uint256) {
        return _hash(inputs);
    }

    function _hash(uint256[4] memory inputs) private view returns (uint256 result) {
        address t0 = table0;
        assembly ("memory-safe") {
            function power(x) -> y {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                y := mulmod(x, x, r)
                y := mulmod(mulmod(y, y, r), x, r)
            }

            // Sums of up to 5 numbers below r fit in a word.
            function fullRound(state, matrix, constants) {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                let y0 := power(mload(state))
                let y1 := power(mload(add(state, 0x20)))
                let y2 := power(mload(add(state, 0x40)))
                let y3 := power(mload(add(state, 0x60)))
                let y4 := power(mload(add(state, 0x80)))
                mstore(state, addmod(mload(constants), add(add(add(add(mulmod(mload(matrix), y0, r), mulmod(mload(add(matrix, 0x20)), y1, r)), mulmod(mload(add(matrix, 0x40)), y2, r)), mulmod(mload(add(matrix, 0x60)), y3, r)), mulmod(mload(add(matrix, 0x80)), y4, r)), r))
                mstore(add(state, 0x20), addmod(mload(add(constants, 0x20)), add(add(add(add(mulmod(mload(add(matrix, 0xa0)), y0, r), mulmod(mload(add(matrix, 0xc0)), y1, r)), mulmod(mload(add(matrix, 0xe0)), y2, r)), mulmod(mload(add(matrix, 0x100)), y3, r)), mulmod(mload(add(matrix, 0x120)), y4, r)), r))
                mstore(add(state, 0x40), addmod(mload(add(constants, 0x40)), add(add(add(add(mulmod(mload(add(matrix, 0x140)), y0, r), mulmod(mload(add(matrix, 0x160)), y1, r)), mulmod(mload(add(matrix, 0x180)), y2, r)), mulmod(mload(add(matrix, 0x1a0)), y3, r)), mulmod(mload(add(matrix, 0x1c0)), y4, r)), r))
                mstore(add(state, 0x60), addmod(mload(add(constants, 0x60)), add(add(add(add(mulmod(mload(add(matrix, 0x1e0)), y0, r), mulmod(mload(add(matrix, 0x200)), y1, r)), mulmod(mload(add(matrix, 0x220)), y2, r)), mulmod(mload(add(matrix, 0x240)), y3, r)), mulmod(mload(add(matrix, 0x260)), y4, r)), r))
                mstore(add(state, 0x80), addmod(mload(add(constants, 0x80)), add(add(add(add(mulmod(mload(add(matrix, 0x280)), y0, r), mulmod(mload(add(matrix, 0x2a0)), y1, r)), mulmod(mload(add(matrix, 0x2c0)), y2, r)), mulmod(mload(add(matrix, 0x2e0)), y3, r)), mulmod(mload(add(matrix, 0x300)), y4, r)), r))
            }

            let fixed := mload(0x40)
            extcodecopy(t0, fixed, 1, 0x4fe0)
            let constants := add(fixed, 0x640)
            let state := add(fixed, 0x4fe0)
            mstore(state, mload(constants))
            mstore(add(state, 0x20), addmod(mload(add(constants, 0x20)), mload(inputs), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            mstore(add(state, 0x40), addmod(mload(add(constants, 0x40)), mload(add(inputs, 0x20)), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            mstore(add(state, 0x60), addmod(mload(add(constants, 0x60)), mload(add(inputs, 0x40)), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            mstore(add(state, 0x80), addmod(mload(add(constants, 0x80)), mload(add(inputs, 0x60)), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            for { let i := 1 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, 0xa0)
                fullRound(state, fixed, constants)
            }
            constants := add(constants, 0xa0)
            fullRound(state, add(fixed, 0x320), constants)

            // Words of a round: row, column, constant.
            {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                let place := add(fixed, 0xc60)
                let s0 := mload(state)
                let s1 := mload(add(state, 0x20))
                let s2 := mload(add(state, 0x40))
                let s3 := mload(add(state, 0x60))
                let s4 := mload(add(state, 0x80))
                for { let end := add(place, 0x4380) } lt(place, end) { place := add(place, 0x120) } {
                    let y := mulmod(s0, s0, r)
                    y := mulmod(mulmod(y, y, r), s0, r)
                    s0 := addmod(mload(add(place, 0x100)), add(add(add(add(mulmod(y, 0x251e7fdf99591080080b0af133b9e4369f22e57ace3cd7f64fc6fdbcf38d7da1, r), mulmod(mload(place), s1, r)), mulmod(mload(add(place, 0x20)), s2, r)), mulmod(mload(add(place, 0x40)), s3, r)), mulmod(mload(add(place, 0x60)), s4, r)), r)
                    s1 := addmod(s1, mulmod(mload(add(place, 0x80)), y, r), r)
                    s2 := addmod(s2, mulmod(mload(add(place, 0xa0)), y, r), r)
                    s3 := addmod(s3, mulmod(mload(add(place, 0xc0)), y, r), r)
                    s4 := addmod(s4, mulmod(mload(add(place, 0xe0)), y, r), r)
                }
                mstore(add(state, 0x20), addmod(s1, mload(add(fixed, 0xbe0)), r))
                mstore(add(state, 0x40), addmod(s2, mload(add(fixed, 0xc00)), r))
                mstore(add(state, 0x60), addmod(s3, mload(add(fixed, 0xc20)), r))
                mstore(add(state, 0x80), addmod(s4, mload(add(fixed, 0xc40)), r))
                mstore(state, s0)
            }
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, 0xa0)
                fullRound(state, fixed, constants)
            }
            result := mload(state)
        }
    }
}
