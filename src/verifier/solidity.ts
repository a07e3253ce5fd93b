import { KeyError, requireObject } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import { BASE_FIELD_MODULUS } from '../groth16.js'
import { type Provenance, parseProvenance } from '../manifest.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { type G1, type G2, isDevelopmentKey, parseVerificationKey, verificationKeyHash } from './keys.js'

/** First line of a verifier for a development key; contracts ask `isDevelopmentKey()` instead. */
export const DEVELOPMENT_WARNING =
  '// DEVELOPMENT KEY - ANYONE CAN FORGE PROOFS - NEVER DEPLOY WHERE ANYTHING IS AT STAKE'

/** The statement whose proofs say nothing without a second part, which no contract checks. */
const TIMED_STATEMENT = 'policy-m-timed'

/** Second line of a verifier for it. */
const TIMED_WARNING = `// FIRST PART OF ${TIMED_STATEMENT} - BY ITSELF IT PROVES NOTHING: ANYONE MAKES IT FOR ANY SIGNALS`

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]{0,127}$/

// https://docs.soliditylang.org/en/latest/cheatsheet.html#reserved-keywords and the keywords in use.
const RESERVED = new Set(
  `abstract address after alias anonymous apply as assembly auto bool break byte bytes calldata case catch
  constant constructor continue contract copyof days default define delete do else emit enum event external
  fallback false final fixed for from function gwei hex hours if immutable implements import in indexed inline
  interface internal is let library macro mapping match memory minutes modifier mutable new null of override
  partial payable pragma private promise public pure receive reference relocatable return returns sealed seconds
  sizeof static storage string struct super supports switch this throw transient true try type typedef typeof
  uint int ufixed unchecked using var view virtual weeks wei while ether years`.split(/\s+/),
)
const SIZED_TYPE = /^(u?int|bytes)\d+$|^u?fixed\d+x\d+$/

/**
 * Writes a Solidity contract that verifies Groth16 proofs of one key over BN254, with snarkjs's ABI:
 * `verifyProof(uint[2] a, uint[2][2] b, uint[2] c, uint[N] signals) view returns (bool)`.
 *
 * It returns false for whatever is no valid proof: signals not below r, coordinates not below q, points off the
 * curve or out of the subgroup, a failing pairing, a chain without the precompiles. It also has the constants
 * `verificationKeyHash` and `isDevelopmentKey`. The first line of the file warns of a development key.
 *
 * @param o.verificationKey  snarkjs's verification key, as parsed from JSON, with at least one public signal
 * @param o.contractName     a Solidity identifier of at most 128 characters; default `Groth16Verifier`
 * @param o.allowTimed       write one for `policy-m-timed`, too, whose proofs say nothing without their second part; the file
 *   says so
 * @param o.provenance       where the key comes from, see `Verifier.provenance`: the first line of the file says it
 * @returns the source text, the same for the same key, name and provenance
 * @throws {KeyError} if the key is malformed or unsafe (see `parseVerificationKey`), has no public signals, or is that of
 *   `policy-m-timed` and this was not asked for
 * @throws {TypeError} if the name is not a string
 * @throws {RangeError} if the name is not an identifier, or a reserved word
 * @throws {ArtifactError} if the provenance is malformed
 */
export function exportSolidityVerifier(o: {
  readonly verificationKey: object
  readonly contractName?: string
  readonly allowTimed?: boolean
  readonly provenance?: Provenance
}): string {
  requireObject(o, 'options')
  const { contractName = 'Groth16Verifier', allowTimed = false } = o
  assertIdentifier(contractName)
  const key = parseVerificationKey(o.verificationKey)
  const signals = key.ic.length - 1
  if (signals < 1) throw new KeyError('verificationKey has no public signals')
  const isDevelopment = isDevelopmentKey(key)
  const isTimed = verificationKeyHash(key) === VERIFICATION_KEYS[TIMED_STATEMENT]?.hash
  if (isTimed && allowTimed !== true) {
    throw new KeyError(
      `verificationKey is of ${TIMED_STATEMENT}, whose Groth16 part proves nothing by itself`,
    )
  }
  const provenance = o.provenance && parseProvenance(o.provenance, 'provenance')
  if (isDevelopment && provenance && provenance.kind !== 'development') {
    throw new KeyError('verificationKey is a development key, whatever its provenance says')
  }

  return `${headerOf(isDevelopment, provenance)}${isTimed ? `${TIMED_WARNING}\n` : ''}// SPDX-License-Identifier: MIT
pragma solidity >=0.8.13 <0.9.0;

/// @title Verifies Groth16 proofs over BN254 for one verification key with ${signals} public signals
/// @dev Written by soulproof's exportSolidityVerifier. The ABI is that of snarkjs.
contract ${contractName} {
    /// @notice Hash of the verification key, as in the proofs' envelopes.
    bytes32 public constant verificationKeyHash = ${verificationKeyHash(key)};

    /// @notice Whether the key is a development key, for which anyone can forge proofs.
    bool public constant isDevelopmentKey = ${isDevelopment};

    /// @notice Tells whether a proof holds for the public signals; false, and never a revert, if it does not.
    /// @dev Checks e(A, B) = e(alpha, beta) * e(IC0 + sum of signal * IC, gamma) * e(C, delta) as one product
    /// with the constants of G2 negated, so that A needs no negation. The precompiles refuse coordinates that
    /// are not below q, and points off the curve or, on G2, out of the subgroup; a refusal makes the result
    /// false, and so do running out of gas inside of them, and a chain without them: there a call succeeds and
    /// answers nothing, a signal would count as 1, and a proof for ones would hold for any signals.
    function verifyProof(
        uint256[2] calldata _pA,
        uint256[2][2] calldata _pB,
        uint256[2] calldata _pC,
        uint256[${signals}] calldata _pubSignals
    ) public view returns (bool) {
        bool isValid;
        assembly ("memory-safe") {
            // Past the free memory pointer: the four pairs of the pairing, 192 bytes each. The sum of the
            // signals' terms grows where the third pair's G1 point belongs, and right behind it each term is
            // multiplied, so that the two are already the input of the addition.
            let pairs := mload(0x40)
            let sum := add(pairs, 0x180)
            let termX := add(pairs, 0x1c0)
            let termY := add(pairs, 0x1e0)
            let factor := add(pairs, 0x200)
            let r := ${hex(FIELD_MODULUS)}
            let signal
            isValid := 1
            mstore(sum, ${hex(key.ic[0]![0])})
            mstore(add(pairs, 0x1a0), ${hex(key.ic[0]![1])})
${key.ic.slice(1).map(term).join('\n')}
            if isValid {
                calldatacopy(pairs, _pA, 0x40)
                calldatacopy(add(pairs, 0x40), _pB, 0x80)
${storeWords(0xc0, [...key.alpha, ...negatedG2(key.beta)])}
${storeWords(0x1c0, negatedG2(key.gamma))}
                calldatacopy(add(pairs, 0x240), _pC, 0x40)
${storeWords(0x280, negatedG2(key.delta))}
                // Zero first: a call to an address without code succeeds and writes nothing.
                mstore(0x00, 0)
                isValid := staticcall(gas(), 0x08, pairs, 0x300, 0x00, 0x20)
                isValid := and(isValid, eq(mload(0x00), 1))
            }
        }
        return isValid;
    }
}
`
}

function headerOf(isDevelopment: boolean, provenance: Provenance | undefined): string {
  if (isDevelopment) return `${DEVELOPMENT_WARNING}\n`
  if (provenance?.kind !== 'ceremony') return ''
  const { transcript, contributions } = provenance
  return `// Key of a ceremony with ${contributions} contributions; SHA-256 of its transcript: ${transcript}\n`
}

/** Checks that the name can name a contract. */
export function assertIdentifier(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw new TypeError('contractName must be a string')
  if (!IDENTIFIER.test(name)) throw new RangeError('contractName must be a Solidity identifier')
  if (RESERVED.has(name) || SIZED_TYPE.test(name)) {
    throw new RangeError('contractName must not be a reserved word of Solidity')
  }
}

/** Adds signal * point to the sum. A signal of 0 adds nothing and costs next to nothing. */
function term(point: G1, index: number): string {
  const position = index === 0 ? '_pubSignals' : `add(_pubSignals, ${hex(32 * index)})`
  return `
            signal := calldataload(${position})
            if signal {
                isValid := and(isValid, lt(signal, r))
                mstore(termX, ${hex(point[0])})
                mstore(termY, ${hex(point[1])})
                mstore(factor, signal)
                isValid := and(isValid, staticcall(gas(), 0x07, termX, 0x60, termX, 0x40))
                isValid := and(isValid, eq(returndatasize(), 0x40))
                isValid := and(isValid, staticcall(gas(), 0x06, sum, 0x80, sum, 0x40))
                isValid := and(isValid, eq(returndatasize(), 0x40))
            }`
}

function storeWords(offset: number, words: readonly bigint[]): string {
  return words
    .map((word, i) => `                mstore(add(pairs, ${hex(offset + 32 * i)}), ${hex(word)})`)
    .join('\n')
}

/** Returns -point in the precompile's order, imaginary parts first (EIP-197). */
function negatedG2([x, y]: G2): bigint[] {
  const negate = (value: bigint): bigint => (value === 0n ? 0n : BASE_FIELD_MODULUS - value)
  return [x[1], x[0], negate(y[1]), negate(y[0])]
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`
}
