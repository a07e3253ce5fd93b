// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Poseidon of 16 inputs over BN254 with circomlib's constants
/// @dev Written by scripts/poseidon-contracts.ts. Constants stand in the code of other contracts, `poseidonTables(16)` of the library;
/// the constructor hashes once, so that wrong ones are refused.
contract Poseidon16 {
    address private immutable table0;
    address private immutable table1;
    address private immutable table2;
    address private immutable table3;

    error Poseidon16__TablesInvalid();

    constructor(address[4] memory tables) {
        table0 = tables[0];
        table1 = tables[1];
        table2 = tables[2];
        table3 = tables[3];
        uint256[16] memory numbers = [uint256(1), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
        if (_hash(numbers) != 9989051620750914585850546081941653841776809718687451684622678807385399211877) {
            revert Poseidon16__TablesInvalid();
        }
    }

    /// @notice Returns the hash, below r; inputs from r on are reduced.
    function poseidon(uint256[16] calldata inputs) external view returns (uint256) {
        return _hash(inputs);
    }

    function _hash(uint256[16] memory inputs) private view returns (uint256 result) {
        address t0 = table0;
        address t1 = table1;
        address t2 = table2;
        address t3 = table3;
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
                sum := addmod(sum, add(add(add(add(mulmod(mload(add(a, 0xa0)), mload(add(b, 0xa0)), r), mulmod(mload(add(a, 0xc0)), mload(add(b, 0xc0)), r)), mulmod(mload(add(a, 0xe0)), mload(add(b, 0xe0)), r)), mulmod(mload(add(a, 0x100)), mload(add(b, 0x100)), r)), mulmod(mload(add(a, 0x120)), mload(add(b, 0x120)), r)), r)
                sum := addmod(sum, add(add(add(add(mulmod(mload(add(a, 0x140)), mload(add(b, 0x140)), r), mulmod(mload(add(a, 0x160)), mload(add(b, 0x160)), r)), mulmod(mload(add(a, 0x180)), mload(add(b, 0x180)), r)), mulmod(mload(add(a, 0x1a0)), mload(add(b, 0x1a0)), r)), mulmod(mload(add(a, 0x1c0)), mload(add(b, 0x1c0)), r)), r)
                sum := addmod(sum, add(mulmod(mload(add(a, 0x1e0)), mload(add(b, 0x1e0)), r), mulmod(mload(add(a, 0x200)), mload(add(b, 0x200)), r)), r)
            }

            function fullRound(state, matrix, constants) {
                let powers := add(state, 0x220)
                for { let i := 0 } lt(i, 0x220) { i := add(i, 0x20) } {
                    mstore(add(powers, i), power(mload(add(state, i))))
                }
                for { let i := 0 } lt(i, 0x220) { i := add(i, 0x20) } {
                    mstore(add(state, i), product(matrix, powers, mload(add(constants, i))))
                    matrix := add(matrix, 0x220)
                }
            }

            function partialRounds(state, place, count) {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                for { let end := add(place, mul(count, 0x420)) } lt(place, end) { place := add(place, 0x420) } {
                    let y := power(mload(state))
                    let sum := addmod(mload(add(place, 0x400)), mulmod(y, 0x196b76cefdcc7f6a54c71d40114a0bb82694c936f1573ac7ac1ea3fcce1fe938, r), r)
                    sum := rowProduct(place, add(state, 0x20), sum)
                    mstore(state, sum)
                    mstore(add(state, 0x20), addmod(mload(add(state, 0x20)), mulmod(y, mload(add(place, 0x200)), r), r))
                    mstore(add(state, 0x40), addmod(mload(add(state, 0x40)), mulmod(y, mload(add(place, 0x220)), r), r))
                    mstore(add(state, 0x60), addmod(mload(add(state, 0x60)), mulmod(y, mload(add(place, 0x240)), r), r))
                    mstore(add(state, 0x80), addmod(mload(add(state, 0x80)), mulmod(y, mload(add(place, 0x260)), r), r))
                    mstore(add(state, 0xa0), addmod(mload(add(state, 0xa0)), mulmod(y, mload(add(place, 0x280)), r), r))
                    mstore(add(state, 0xc0), addmod(mload(add(state, 0xc0)), mulmod(y, mload(add(place, 0x2a0)), r), r))
                    mstore(add(state, 0xe0), addmod(mload(add(state, 0xe0)), mulmod(y, mload(add(place, 0x2c0)), r), r))
                    mstore(add(state, 0x100), addmod(mload(add(state, 0x100)), mulmod(y, mload(add(place, 0x2e0)), r), r))
                    mstore(add(state, 0x120), addmod(mload(add(state, 0x120)), mulmod(y, mload(add(place, 0x300)), r), r))
                    mstore(add(state, 0x140), addmod(mload(add(state, 0x140)), mulmod(y, mload(add(place, 0x320)), r), r))
                    mstore(add(state, 0x160), addmod(mload(add(state, 0x160)), mulmod(y, mload(add(place, 0x340)), r), r))
                    mstore(add(state, 0x180), addmod(mload(add(state, 0x180)), mulmod(y, mload(add(place, 0x360)), r), r))
                    mstore(add(state, 0x1a0), addmod(mload(add(state, 0x1a0)), mulmod(y, mload(add(place, 0x380)), r), r))
                    mstore(add(state, 0x1c0), addmod(mload(add(state, 0x1c0)), mulmod(y, mload(add(place, 0x3a0)), r), r))
                    mstore(add(state, 0x1e0), addmod(mload(add(state, 0x1e0)), mulmod(y, mload(add(place, 0x3c0)), r), r))
                    mstore(add(state, 0x200), addmod(mload(add(state, 0x200)), mulmod(y, mload(add(place, 0x3e0)), r), r))
                }
            }

            function rowProduct(a, b, start) -> sum {
                let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                sum := start
                sum := addmod(sum, add(add(add(add(mulmod(mload(add(a, 0x0)), mload(add(b, 0x0)), r), mulmod(mload(add(a, 0x20)), mload(add(b, 0x20)), r)), mulmod(mload(add(a, 0x40)), mload(add(b, 0x40)), r)), mulmod(mload(add(a, 0x60)), mload(add(b, 0x60)), r)), mulmod(mload(add(a, 0x80)), mload(add(b, 0x80)), r)), r)
                sum := addmod(sum, add(add(add(add(mulmod(mload(add(a, 0xa0)), mload(add(b, 0xa0)), r), mulmod(mload(add(a, 0xc0)), mload(add(b, 0xc0)), r)), mulmod(mload(add(a, 0xe0)), mload(add(b, 0xe0)), r)), mulmod(mload(add(a, 0x100)), mload(add(b, 0x100)), r)), mulmod(mload(add(a, 0x120)), mload(add(b, 0x120)), r)), r)
                sum := addmod(sum, add(add(add(add(mulmod(mload(add(a, 0x140)), mload(add(b, 0x140)), r), mulmod(mload(add(a, 0x160)), mload(add(b, 0x160)), r)), mulmod(mload(add(a, 0x180)), mload(add(b, 0x180)), r)), mulmod(mload(add(a, 0x1a0)), mload(add(b, 0x1a0)), r)), mulmod(mload(add(a, 0x1c0)), mload(add(b, 0x1c0)), r)), r)
                sum := addmod(sum, mulmod(mload(add(a, 0x1e0)), mload(add(b, 0x1e0)), r), r)
            }

            let fixed := mload(0x40)
            let place := add(fixed, 0x5d60)
            let state := add(place, 0x5ee0)
            extcodecopy(t0, fixed, 1, 0x5d60)
            let constants := add(fixed, 0x4840)
            mstore(state, mload(constants))
            for { let i := 0x20 } lt(i, 0x220) { i := add(i, 0x20) } {
                mstore(add(state, i), addmod(mload(add(constants, i)), mload(add(inputs, sub(i, 0x20))), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            }
            for { let i := 1 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, 0x220)
                fullRound(state, fixed, constants)
            }
            constants := add(constants, 0x220)
            fullRound(state, add(fixed, 0x2420), constants)
            partialRounds(state, add(fixed, 0x5d60), 0)
            extcodecopy(t1, place, 1, 0x5ee0)
            partialRounds(state, place, 23)
            extcodecopy(t2, place, 1, 0x5ee0)
            partialRounds(state, place, 23)
            extcodecopy(t3, place, 1, 0x5ac0)
            partialRounds(state, place, 22)
            let after := add(fixed, 0x5b60)
            for { let i := 0 } lt(i, 0x200) { i := add(i, 0x20) } {
                let element := add(add(state, 0x20), i)
                mstore(element, addmod(mload(element), mload(add(after, i)), 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
            }
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, 0x220)
                fullRound(state, fixed, constants)
            }
            result := mload(state)
        }
    }
}
