import { KeyError, requireObject } from '../../errors.js'
import { FIELD_MODULUS as r } from '../../field.js'
import { BASE_FIELD_MODULUS as q } from '../../groth16.js'
import { type PlonkProvenance, parsePlonkProvenance } from '../../plonk-manifest.js'
import type { G2 } from '../points.js'
import { assertIdentifier, DEVELOPMENT_WARNING } from '../solidity.js'
import {
  G2_GENERATOR,
  isDevelopmentPlonkKey,
  type PlonkKey,
  parsePlonkKey,
  plonkKeyHash,
  power,
} from './keys.js'

/** Words of a proof in calldata: nine points, then six values. */
const [POINTS, VALUES] = [9, 6] as const

/**
 * Writes a Solidity contract that verifies PLONK proofs of one key over BN254, with snarkjs's ABI:
 * `verifyProof(uint[24] proof, uint[N] signals) view returns (bool)`.
 *
 * It accepts what `verifyPlonk` accepts, and returns false for whatever is no valid proof: signals or values not below r,
 * coordinates not below q, points off the curve or at infinity, a failing pairing, a chain without the precompiles. It also has
 * the constants `verificationKeyHash` and `isDevelopmentKey`. The first line of the file warns of a development key.
 *
 * @param o.verificationKey  snarkjs's PLONK verification key, as parsed from JSON, with at least one public signal
 * @param o.contractName     a Solidity identifier of at most 128 characters; default `PlonkVerifier`
 * @param o.provenance       where the key comes from, see `Verifier.provenance`: the first line of the file says it
 * @returns the source text, the same for the same key, name and provenance
 * @throws {KeyError} if the key is malformed or unsafe (see `parsePlonkKey`), or has no public signals
 * @throws {TypeError} if the name is not a string
 * @throws {RangeError} if the name is not an identifier, or a reserved word
 * @throws {ArtifactError} if the provenance is malformed
 */
export function exportPlonkSolidityVerifier(o: {
  readonly verificationKey: object
  readonly contractName?: string
  readonly provenance?: PlonkProvenance
}): string {
  requireObject(o, 'options')
  const { contractName = 'PlonkVerifier' } = o
  assertIdentifier(contractName)
  const key = parsePlonkKey(o.verificationKey)
  if (key.signals === 0) throw new KeyError('verificationKey has no public signals')
  const isDevelopment = isDevelopmentPlonkKey(key)
  const provenance = o.provenance && parsePlonkProvenance(o.provenance, 'provenance')
  if (isDevelopment && provenance && provenance.kind !== 'development') {
    throw new KeyError('verificationKey is a development key, whatever its provenance says')
  }
  const m = layout(key.signals)
  const { at, get, set } = m

  return `${headerOf(isDevelopment, provenance)}// SPDX-License-Identifier: MIT
pragma solidity >=0.8.13 <0.9.0;

/// @title Verifies PLONK proofs over BN254 for one verification key with ${key.signals} public signals
/// @dev Written by soulproof's exportPlonkSolidityVerifier. The ABI and the transcript are those of snarkjs.
contract ${contractName} {
    /// @notice Hash of the verification key, as in the proofs' envelopes.
    bytes32 public constant verificationKeyHash = ${plonkKeyHash(key)};

    /// @notice Whether the key is a development key, for which anyone can forge proofs.
    bool public constant isDevelopmentKey = ${isDevelopment};

    /// @notice Tells whether a proof holds for the public signals; false, and never a revert, if it does not.
    /// @dev Checks e(W + u W', tau) = e(xi W + u xi w W' + F - E, 1), names as in ePrint 2019/953. The precompiles refuse
    /// coordinates that are not below q and points off the curve; a refusal makes the result false, and so do running out of gas
    /// inside of them, and a chain without them: there a call succeeds and answers nothing, every factor would be 1, and anybody
    /// could choose points whose sums are 0.
    function verifyProof(
        uint256[${POINTS * 2 + VALUES}] calldata _proof,
        uint256[${key.signals}] calldata _pubSignals
    ) public view returns (bool) {
        bool isValid;
        assembly ("memory-safe") {
            // Adds scalar * point to the sum at \`to\`; the point lies right behind it.
            // After a refusal, which costs all but a 64th of the gas, it calls nothing any more.
            function addTerm(ok, to, scalar) -> isOk {
                isOk := ok
                mstore(add(to, 0x80), scalar)
                if isOk {
                    isOk := staticcall(gas(), 0x07, add(to, 0x40), 0x60, add(to, 0x40), 0x40)
                    isOk := and(isOk, eq(returndatasize(), 0x40))
                }
                if isOk {
                    isOk := staticcall(gas(), 0x06, to, 0x80, to, 0x40)
                    isOk := and(isOk, eq(returndatasize(), 0x40))
                }
            }

            let r := ${hex(r)}
            // Past the free memory pointer, in this order: what the first challenge hashes (points of the key, signals, A, B, C),
            // numbers by name, a buffer for the other challenges, the sum, the denominators' products.
            let m := mload(0x40)
            isValid := 1

            // Signals and values are canonical, and no point is at infinity.
            for { let i := 0 } lt(i, ${hex(32 * key.signals)}) { i := add(i, 0x20) } {
                isValid := and(isValid, lt(calldataload(add(_pubSignals, i)), r))
            }
            for { let i := ${hex(64 * POINTS)} } lt(i, ${hex(32 * (2 * POINTS + VALUES))}) { i := add(i, 0x20) } {
                isValid := and(isValid, lt(calldataload(add(_proof, i)), r))
            }
            for { let i := 0 } lt(i, ${hex(64 * POINTS)}) { i := add(i, 0x40) } {
                let either := or(calldataload(add(_proof, i)), calldataload(add(_proof, add(i, 0x20))))
                isValid := and(isValid, iszero(iszero(either)))
            }

            // Challenges.
${lines(
  ...key.points.flatMap((point, i) =>
    (point ?? [0n, 0n]).map((word, k) => `mstore(add(m, ${hex(64 * i + 32 * k)}), ${hex(word)})`),
  ),
  `calldatacopy(add(m, ${hex(m.signals)}), _pubSignals, ${hex(32 * key.signals)})`,
  `calldatacopy(add(m, ${hex(m.wires)}), _proof, 0xc0)`,
  set('beta', `mod(keccak256(m, ${hex(m.wires + 0xc0)}), r)`),
  set('gamma', `mod(keccak256(${at('beta')}, 0x20), r)`),
  `mstore(add(m, ${hex(m.buffer)}), ${get('beta')})`,
  `mstore(add(m, ${hex(m.buffer + 0x20)}), ${get('gamma')})`,
  `calldatacopy(add(m, ${hex(m.buffer + 0x40)}), ${proofAt(6)}, 0x40)`,
  set('alpha', `mod(keccak256(add(m, ${hex(m.buffer)}), 0x80), r)`),
  `mstore(add(m, ${hex(m.buffer)}), ${get('alpha')})`,
  `calldatacopy(add(m, ${hex(m.buffer + 0x20)}), ${proofAt(8)}, 0xc0)`,
  set('xi', `mod(keccak256(add(m, ${hex(m.buffer)}), 0xe0), r)`),
  `mstore(add(m, ${hex(m.buffer)}), ${get('xi')})`,
  `calldatacopy(add(m, ${hex(m.buffer + 0x20)}), ${proofAt(18)}, 0xc0)`,
  set('v', `mod(keccak256(add(m, ${hex(m.buffer)}), 0xe0), r)`),
  `calldatacopy(add(m, ${hex(m.buffer)}), ${proofAt(14)}, 0x80)`,
  set('u', `mod(keccak256(add(m, ${hex(m.buffer)}), 0x80), r)`),
)}

            // xi^n, and what vanishes on the domain.
            {
                let xiN := ${get('xi')}
                for { let i := 0 } lt(i, ${key.power}) { i := add(i, 1) } { xiN := mulmod(xiN, xiN, r) }
                ${set('xiN', 'xiN')}
                ${set('vanishing', 'addmod(xiN, sub(r, 1), r)')}
            }

            // The public signals' polynomial at xi.
            {
                // n (xi - w^i) for each signal, and the products up to each.
                let element := 1
                let product := 1
                let to := add(m, ${hex(m.products)})
                for { let i := 0 } lt(i, ${key.signals}) { i := add(i, 1) } {
                    mstore(to, product)
                    mstore(add(to, 0x20), mulmod(${hex(2n ** BigInt(key.power))}, addmod(${get('xi')}, sub(r, element), r), r))
                    product := mulmod(product, mload(add(to, 0x20)), r)
                    element := mulmod(element, ${hex(key.root)}, r)
                    to := add(to, 0x40)
                }
                // One inversion for all, by Fermat; it fails where xi lies in the domain.
                let inverse := add(m, ${hex(m.buffer)})
                mstore(inverse, 0x20)
                mstore(add(inverse, 0x20), 0x20)
                mstore(add(inverse, 0x40), 0x20)
                mstore(add(inverse, 0x60), product)
                mstore(add(inverse, 0x80), sub(r, 2))
                mstore(add(inverse, 0xa0), r)
                isValid := and(isValid, staticcall(gas(), 0x05, inverse, 0xc0, inverse, 0x20))
                inverse := mload(inverse)
                isValid := and(isValid, eq(mulmod(inverse, product, r), 1))
                // From here on the sum of signals by Lagrange polynomials.
                product := 0
                let value
                for { let i := ${hex(32 * key.signals)} } i {} {
                    i := sub(i, 0x20)
                    to := sub(to, 0x40)
                    element := mulmod(element, ${hex(power(key.root, r - 2n))}, r)
                    value := mulmod(mulmod(element, ${get('vanishing')}, r), mulmod(inverse, mload(to), r), r)
                    product := addmod(product, mulmod(calldataload(add(_pubSignals, i)), value, r), r)
                    inverse := mulmod(inverse, mload(add(to, 0x20)), r)
                }
                ${set('publics', 'product')}
                // The last one is that of the first element.
                ${set('first', `mulmod(mulmod(${get('alpha')}, ${get('alpha')}, r), value, r)`)}
            }

            // The factors of Z and of the third permutation, and that of the generator.
            {
                let gamma := ${get('gamma')}
                let step := mulmod(${get('beta')}, ${get('xi')}, r)
                let factor := mulmod(${get('alpha')}, addmod(addmod(${value(0)}, step, r), gamma, r), r)
                factor := mulmod(factor, addmod(addmod(${value(1)}, mulmod(step, ${key.k1}, r), r), gamma, r), r)
                factor := mulmod(factor, addmod(addmod(${value(2)}, mulmod(step, ${key.k2}, r), r), gamma, r), r)
                factor := addmod(factor, ${get('first')}, r)
                ${set('z', `addmod(factor, ${get('u')}, r)`)}
                step := ${get('beta')}
                factor := mulmod(${get('alpha')}, ${value(5)}, r)
                factor := mulmod(factor, addmod(addmod(${value(0)}, mulmod(step, ${value(3)}, r), r), gamma, r), r)
                factor := mulmod(factor, addmod(addmod(${value(1)}, mulmod(step, ${value(4)}, r), r), gamma, r), r)
                ${set('permuted', 'mulmod(factor, step, r)')}
                factor := mulmod(factor, addmod(${value(2)}, gamma, r), r)
                factor := addmod(factor, addmod(${get('publics')}, ${get('first')}, r), r)
                factor := addmod(factor, mulmod(${get('u')}, ${value(5)}, r), r)
                // The values at xi by the powers of v.
                gamma := ${get('v')}
                step := 0
                for { let i := ${hex(32 * 22)} } gt(i, ${hex(32 * 17)}) { i := sub(i, 0x20) } {
                    step := mulmod(addmod(step, calldataload(add(_proof, i)), r), gamma, r)
                }
                ${set('one', 'sub(r, addmod(factor, step, r))')}
            }

            // The sum in the second pair.
            let sum := add(m, ${hex(m.sum)})
            let point := add(sum, 0x40)
${sumTerms(key, m)}
            let pairs := m
            mstore(add(pairs, 0xc0), mload(sum))
            mstore(add(pairs, 0xe0), mload(add(sum, 0x20)))
            // W + u W' in the first.
            calldatacopy(sum, ${proofAt(14)}, 0x80)
            isValid := addTerm(isValid, sum, ${get('u')})
            mstore(pairs, mload(sum))
            mstore(add(pairs, 0x20), mload(add(sum, 0x20)))
${storeWords(0x40, coordinatesOf(key.tauG2))}
${storeWords(0x100, coordinatesOf(negated(G2_GENERATOR)))}
            if isValid {
                // Zero first: a call to an address without code succeeds and writes nothing.
                mstore(0x00, 0)
                isValid := staticcall(gas(), 0x08, pairs, 0x180, 0x00, 0x20)
                isValid := and(isValid, eq(mload(0x00), 1))
            }
        }
        return isValid;
    }
}
`
}

/** Numbers that are kept in memory by name. */
const NAMES = [
  ...['beta', 'gamma', 'alpha', 'xi', 'v', 'u'],
  ...['xiN', 'vanishing', 'publics', 'first', 'z', 'permuted', 'one'],
] as const
type Name = (typeof NAMES)[number]

interface Layout {
  /** Offsets. */
  readonly signals: number
  readonly wires: number
  readonly buffer: number
  readonly sum: number
  readonly products: number
  at(name: Name): string
  get(name: Name): string
  set(name: Name, value: string): string
}

/** Where in memory what lies, behind the points of the key. */
function layout(count: number): Layout {
  const signals = 8 * 64
  const wires = signals + 32 * count
  const names = wires + 6 * 32
  const buffer = names + 32 * NAMES.length
  const sum = buffer + 7 * 32
  const at = (name: Name): string => `add(m, ${hex(names + 32 * NAMES.indexOf(name))})`
  return {
    ...{ signals, wires, buffer, sum, products: sum + 5 * 32, at },
    get: (name) => `mload(${at(name)})`,
    set: (name, value) => `mstore(${at(name)}, ${value})`,
  }
}

/** xi W + u xi w W' + F - E, point by point. The pairs overwrite the key's points only behind this. */
function sumTerms(key: PlonkKey, { get }: Layout): string {
  const [a, b, c] = [value(0), value(1), value(2)]
  const keyFactors = [
    `mulmod(${a}, ${b}, r)`,
    ...[a, b, c],
    undefined,
    'mulmod(mulmod(v, v, r), mulmod(v, v, r), r)',
    'mulmod(v, mulmod(mulmod(v, v, r), mulmod(v, v, r), r), r)',
    `sub(r, ${get('permuted')})`,
  ]
  const term = (factor: string): string => `isValid := addTerm(isValid, sum, ${factor})`
  const ofKey = keyFactors.flatMap((factor, i) => {
    if (factor === undefined || key.points[i] === undefined) return []
    return [
      `mstore(point, mload(add(m, ${hex(64 * i)})))`,
      `mstore(add(point, 0x20), mload(add(m, ${hex(64 * i + 32)})))`,
      term(factor),
    ]
  })
  const minusVanishing = `sub(r, ${get('vanishing')})`
  const xiN = get('xiN')
  const ofProof = [
    'v',
    'mulmod(v, v, r)',
    'mulmod(v, mulmod(v, v, r), r)',
    get('z'),
    minusVanishing,
    `mulmod(${minusVanishing}, ${xiN}, r)`,
    `mulmod(${minusVanishing}, mulmod(${xiN}, ${xiN}, r), r)`,
    get('xi'),
    `mulmod(mulmod(${get('u')}, ${get('xi')}, r), ${hex(key.root)}, r)`,
  ].flatMap((factor, i) => [`calldatacopy(point, ${proofAt(2 * i)}, 0x40)`, term(factor)])
  return lines(
    `let v := ${get('v')}`,
    // The constant selector has the factor 1; where it is infinity, so is the sum.
    `mstore(sum, mload(add(m, 0x100)))`,
    `mstore(add(sum, 0x20), mload(add(m, 0x120)))`,
    ...ofKey,
    ...['mstore(point, 1)', 'mstore(add(point, 0x20), 2)', term(get('one'))],
    ...ofProof,
  )
}

function headerOf(isDevelopment: boolean, provenance: PlonkProvenance | undefined): string {
  if (isDevelopment) return `${DEVELOPMENT_WARNING}\n`
  if (provenance?.kind !== 'universal') return ''
  return `// Key of a universal setup; BLAKE2b-512 of its powers of tau: ${provenance.phase1}\n`
}

/** The value at xi, or at xi w, with this number. */
function value(i: number): string {
  return `calldataload(${proofAt(2 * POINTS + i)})`
}

function proofAt(word: number): string {
  return word === 0 ? '_proof' : `add(_proof, ${hex(32 * word)})`
}

function lines(...code: readonly string[]): string {
  return code.map((line) => `            ${line}`).join('\n')
}

function storeWords(offset: number, words: readonly bigint[]): string {
  return lines(...words.map((word, i) => `mstore(add(pairs, ${hex(offset + 32 * i)}), ${hex(word)})`))
}

/** A point in the precompile's order, imaginary parts first (EIP-197). */
function coordinatesOf([x, y]: G2): bigint[] {
  return [x[1], x[0], y[1], y[0]]
}

function negated([x, y]: G2): G2 {
  const negate = (value: bigint): bigint => (value === 0n ? 0n : q - value)
  return [x, [negate(y[0]), negate(y[1])]]
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`
}
