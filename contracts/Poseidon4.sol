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
                y := mulmod(x, x, 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001)
                y := mulmod(mulmod(y, y, 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001), x, 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001)
            }

            // Sums of up to 5 numbers below r fit in a word.
            function product(a, b, start) -> sum {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                sum := start
                sum := addmod(sum, add(add(add(add(mulmod(mload(add(a, 0x0)), mload(add(b, 0x0)), r), mulmod(mload(add(a, 0x20)), mload(add(b, 0x20)), r)), mulmod(mload(add(a, 0x40)), mload(add(b, 0x40)), r)), mulmod(mload(add(a, 0x60)), mload(add(b, 0x60)), r)), mulmod(mload(add(a, 0x80)), mload(add(b, 0x80)), r)), r)
            }

            function fullRound(state, matrix, constants) {
                let powers := add(state, 0xa0)
                for { let i := 0 } lt(i, 0xa0) { i := add(i, 0x20) } {
                    mstore(add(powers, i), power(mload(add(state, i))))
                }
                for { let i := 0 } lt(i, 0xa0) { i := add(i, 0x20) } {
                    mstore(add(state, i), product(matrix, powers, mload(add(constants, i))))
                    matrix := add(matrix, 0xa0)
                }
            }

            function partialRounds(state, place, count) {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                for { let end := add(place, mul(count, 0x120)) } lt(place, end) { place := add(place, 0x120) } {
                    let y := power(mload(state))
                    let sum := addmod(mload(add(place, 0x100)), mulmod(y, 0x251e7fdf99591080080b0af133b9e4369f22e57ace3cd7f64fc6fdbcf38d7da1, r), r)
                    sum := rowProduct(place, add(state, 0x20), sum)
                    mstore(state, sum)
                    mstore(add(state, 0x20), addmod(mload(add(state, 0x20)), mulmod(y, mload(add(place, 0x80)), r), r))
                    mstore(add(state, 0x40), addmod(mload(add(state, 0x40)), mulmod(y, mload(add(place, 0xa0)), r), r))
                    mstore(add(state, 0x60), addmod(mload(add(state, 0x60)), mulmod(y, mload(add(place, 0xc0)), r), r))
                    mstore(add(state, 0x80), addmod(mload(add(state, 0x80)), mulmod(y, mload(add(place, 0xe0)), r), r))
                }
            }

            function rowProduct(a, b, start) -> sum {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                sum := start
                sum := addmod(sum, add(add(add(mulmod(mload(add(a, 0x0)), mload(add(b, 0x0)), r), mulmod(mload(add(a, 0x20)), mload(add(b, 0x20)), r)), mulmod(mload(add(a, 0x40)), mload(add(b, 0x40)), r)), mulmod(mload(add(a, 0x60)), mload(add(b, 0x60)), r)), r)
            }

            let fixed := mload(0x40)
            let place := add(fixed, 0x4fe0)
            let state := add(place, 0x0)
            extcodecopy(t0, fixed, 1, 0x4fe0)
            let constants := add(fixed, 0x640)
            mstore(state, mload(constants))
            for { let i := 0x20 } lt(i, 0xa0) { i := add(i, 0x20) } {
                mstore(add(state, i), addmod(mload(add(constants, i)), mload(add(inputs, sub(i, 0x20))), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            }
            for { let i := 1 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, 0xa0)
                fullRound(state, fixed, constants)
            }
            constants := add(constants, 0xa0)
            fullRound(state, add(fixed, 0x320), constants)
            partialRounds(state, add(fixed, 0xc60), 60)
            let after := add(fixed, 0xbe0)
            for { let i := 0 } lt(i, 0x80) { i := add(i, 0x20) } {
                let element := add(add(state, 0x20), i)
                mstore(element, addmod(mload(element), mload(add(after, i)), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            }
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, 0xa0)
                fullRound(state, fixed, constants)
            }
            result := mload(state)
        }
    }
}
