import { poseidonLayout } from '../../src/chain/poseidon.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { FIELD_MODULUS } from '../../src/field.js'

/** Numbers below r that a word holds the sum of. */
const ADDENDS = 5

/** Writes the contract of Poseidon of 4 or 16 inputs, with its products unrolled; of 4 inputs with its state on the stack in most rounds. */
export function poseidonSource(inputs: number): string {
  return inputs === 4 ? contractOf(4, stackBody()) : contractOf(inputs, memoryBody(inputs))
}

/** Writes what all widths have in common. */
function contractOf(inputs: number, body: string): string {
  const tables = poseidonLayout(inputs).rounds.map((_, i) => `table${i}`)
  const numbers = Array.from({ length: inputs }, (_, i) => BigInt(i + 1))
  return `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Poseidon of ${inputs} inputs over BN254 with circomlib's constants
/// @dev Written by scripts/poseidon-contracts.ts. Constants stand in the code of other contracts, \`poseidonTables(${inputs})\` of the library;
/// the constructor hashes once, so that wrong ones are refused.
contract Poseidon${inputs} {
${tables.map((name) => `    address private immutable ${name};`).join('\n')}

    error Poseidon${inputs}__TablesInvalid();

    constructor(address[${tables.length}] memory tables) {
${tables.map((name, i) => `        ${name} = tables[${i}];`).join('\n')}
        uint256[${inputs}] memory numbers = [uint256(${numbers[0]}), ${numbers.slice(1).join(', ')}];
        if (_hash(numbers) != ${poseidon(numbers)}) {
            revert Poseidon${inputs}__TablesInvalid();
        }
    }

    /// @notice Returns the hash, below r; inputs from r on are reduced.
    function poseidon(uint256[${inputs}] calldata inputs) external view returns (uint256) {
        return _hash(inputs);
    }

    function _hash(uint256[${inputs}] memory inputs) private view returns (uint256 result) {
${tables.map((name, i) => `        address t${i} = ${name};`).join('\n')}
        assembly ("memory-safe") {
${body}
        }
    }
}
`
}

/** Five elements: variables in partial rounds, where each is read and written once. */
function stackBody(): string {
  const { fixed, perRound, rounds, parameters } = poseidonLayout(4)
  const width = 5
  const places = Array.from({ length: width }, (_, i) => i)
  const words = fixed.length + rounds[0]!.length * perRound
  const at = (base: string, word: number): string =>
    word === 0 ? `mload(${base})` : `mload(add(${base}, ${hex(BigInt(32 * word))}))`
  // One number below r, and a sum of five products below r each.
  const row = (i: number): string =>
    `addmod(${at('constants', i)}, ${places
      .map((j) => `mulmod(${at('matrix', width * i + j)}, y${j}, r)`)
      .reduce((left, right) => `add(${left}, ${right})`)}, r)`
  const rowTerms = [`mulmod(y, ${hex(parameters.corner)}, r)`].concat(
    [1, 2, 3, 4].map((j) => `mulmod(${at('place', j - 1)}, s${j}, r)`),
  )
  const bytes = (n: number): string => hex(BigInt(32 * n))
  const call = (matrix: string): string => `fullRound(state, ${matrix}, constants)`
  const put = (i: number, value: string): string =>
    i === 0 ? `mstore(state, ${value})` : `mstore(add(state, ${bytes(i)}), ${value})`
  const start = (i: number): string =>
    put(i, `addmod(${at('constants', i)}, ${at('inputs', i - 1)}, ${hex(FIELD_MODULUS)})`)
  return `            function power(x) -> y {
                let r := ${hex(FIELD_MODULUS)}
                y := mulmod(x, x, r)
                y := mulmod(mulmod(y, y, r), x, r)
            }

            // Sums of up to ${ADDENDS} numbers below r fit in a word.
            function fullRound(state, matrix, constants) {
                let r := ${hex(FIELD_MODULUS)}
${places.map((i) => `                let y${i} := power(${at('state', i)})`).join('\n')}
${places.map((i) => `                ${put(i, row(i))}`).join('\n')}
            }

            let fixed := mload(0x40)
            extcodecopy(t0, fixed, 1, ${bytes(words)})
            let constants := add(fixed, ${bytes(2 * width * width)})
            let state := add(fixed, ${bytes(words)})
            mstore(state, mload(constants))
${[1, 2, 3, 4].map((i) => `            ${start(i)}`).join('\n')}
            for { let i := 1 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, ${bytes(width)})
                ${call('fixed')}
            }
            constants := add(constants, ${bytes(width)})
            ${call(`add(fixed, ${bytes(width * width)})`)}

            // Words of a round: row, column, constant.
            {
                let r := ${hex(FIELD_MODULUS)}
                let place := add(fixed, ${bytes(fixed.length)})
${places.map((i) => `                let s${i} := ${at('state', i)}`).join('\n')}
                for { let end := add(place, ${bytes(rounds[0]!.length * perRound)}) } lt(place, end) { place := add(place, ${bytes(perRound)}) } {
                    let y := mulmod(s0, s0, r)
                    y := mulmod(mulmod(y, y, r), s0, r)
                    s0 := addmod(${at('place', 8)}, ${rowTerms.reduce((left, right) => `add(${left}, ${right})`)}, r)
${[1, 2, 3, 4].map((i) => `                    s${i} := addmod(s${i}, mulmod(${at('place', 3 + i)}, y, r), r)`).join('\n')}
                }
${[1, 2, 3, 4].map((i) => `                ${put(i, `addmod(s${i}, ${at('fixed', fixed.length - 5 + i)}, r)`)}`).join('\n')}
                mstore(state, s0)
            }
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, ${bytes(width)})
                ${call('fixed')}
            }
            result := mload(state)`
}

/** Any number of elements, in memory. */
function memoryBody(inputs: number): string {
  const { fixed, perRound, rounds, parameters } = poseidonLayout(inputs)
  const width = inputs + 1
  const size = width * width
  const counts = rounds.map((part) => part.length)
  const words = fixed.length + counts[0]! * perRound
  const more = Math.max(0, ...counts.slice(1)) * perRound
  const bytes = (n: number): string => hex(BigInt(32 * n))
  const later = counts.slice(1).map(
    (count, i) => `
            extcodecopy(t${i + 1}, place, 1, ${bytes(count * perRound)})
            partialRounds(state, place, ${count})`,
  )
  return `            function power(x) -> y {
                y := mulmod(x, x, ${hex(FIELD_MODULUS)})
                y := mulmod(mulmod(y, y, ${hex(FIELD_MODULUS)}), x, ${hex(FIELD_MODULUS)})
            }

            // Sums of up to ${ADDENDS} numbers below r fit in a word.
            function product(a, b, start) -> sum {
                let r := ${hex(FIELD_MODULUS)}
                sum := start
${productLines(width)}
            }

            function fullRound(state, matrix, constants) {
                let powers := add(state, ${bytes(width)})
                for { let i := 0 } lt(i, ${bytes(width)}) { i := add(i, 0x20) } {
                    mstore(add(powers, i), power(mload(add(state, i))))
                }
                for { let i := 0 } lt(i, ${bytes(width)}) { i := add(i, 0x20) } {
                    mstore(add(state, i), product(matrix, powers, mload(add(constants, i))))
                    matrix := add(matrix, ${bytes(width)})
                }
            }

            function partialRounds(state, place, count) {
                let r := ${hex(FIELD_MODULUS)}
                for { let end := add(place, mul(count, ${bytes(perRound)})) } lt(place, end) { place := add(place, ${bytes(perRound)}) } {
                    let y := power(mload(state))
                    let sum := addmod(mload(add(place, ${bytes(2 * inputs)})), mulmod(y, ${hex(parameters.corner)}, r), r)
                    sum := rowProduct(place, add(state, 0x20), sum)
                    mstore(state, sum)
${columnLines(inputs)}
                }
            }

            function rowProduct(a, b, start) -> sum {
                let r := ${hex(FIELD_MODULUS)}
                sum := start
${productLines(inputs)}
            }

            let fixed := mload(0x40)
            let place := add(fixed, ${bytes(words)})
            let state := add(place, ${bytes(more)})
            extcodecopy(t0, fixed, 1, ${bytes(words)})
            let constants := add(fixed, ${bytes(2 * size)})
            mstore(state, mload(constants))
            for { let i := 0x20 } lt(i, ${bytes(width)}) { i := add(i, 0x20) } {
                mstore(add(state, i), addmod(mload(add(constants, i)), mload(add(inputs, sub(i, 0x20))), ${hex(FIELD_MODULUS)}))
            }
            for { let i := 1 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, ${bytes(width)})
                fullRound(state, fixed, constants)
            }
            constants := add(constants, ${bytes(width)})
            fullRound(state, add(fixed, ${bytes(size)}), constants)
            partialRounds(state, add(fixed, ${bytes(fixed.length)}), ${counts[0]})${later.join('')}
            let after := add(fixed, ${bytes(fixed.length - inputs)})
            for { let i := 0 } lt(i, ${bytes(inputs)}) { i := add(i, 0x20) } {
                let element := add(add(state, 0x20), i)
                mstore(element, addmod(mload(element), mload(add(after, i)), ${hex(FIELD_MODULUS)}))
            }
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                constants := add(constants, ${bytes(width)})
                fullRound(state, fixed, constants)
            }
            result := mload(state)`
}

/** Adds products to the sum, a few at a time. */
function productLines(count: number): string {
  const term = (i: number): string =>
    `mulmod(mload(add(a, ${hex(BigInt(32 * i))})), mload(add(b, ${hex(BigInt(32 * i))})), r)`
  const lines: string[] = []
  for (let from = 0; from < count; from += ADDENDS) {
    const terms = Array.from({ length: Math.min(ADDENDS, count - from) }, (_, i) => term(from + i))
    const sum = terms.reduce((left, right) => `add(${left}, ${right})`)
    lines.push(`                sum := addmod(sum, ${sum}, r)`)
  }
  return lines.join('\n')
}

/** Adds the first element's power, times the column, to the others. */
function columnLines(inputs: number): string {
  return Array.from({ length: inputs }, (_, i) => {
    const element = `add(state, ${hex(BigInt(32 * (i + 1)))})`
    const factor = `mload(add(place, ${hex(BigInt(32 * (inputs + i)))}))`
    return `                    mstore(${element}, addmod(mload(${element}), mulmod(y, ${factor}, r), r))`
  }).join('\n')
}

const hex = (value: bigint): string => `0x${value.toString(16)}`
