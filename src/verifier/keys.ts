import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { KeyError } from '../errors.js'
import { bigIntToBytes } from '../field.js'
import { type G1, type G2, isInSubgroup, parseG1, parseG2 } from './points.js'

export type { Fp2, G1, G2 } from './points.js'

/** A checked Groth16 verification key: all points affine, none infinity, those of G2 in the subgroup. */
export interface VerificationKey {
  readonly alpha: G1
  readonly beta: G2
  readonly gamma: G2
  readonly delta: G2
  /** One point for the constant, then one for each public signal. */
  readonly ic: readonly G1[]
}

/**
 * `vk_delta_2` of every development key: delta is the hash of a public text (`DEVELOPMENT_TRAPDOOR` in
 * src/setup), so that everyone can forge proofs for a key that has it.
 */
export const DEVELOPMENT_DELTA: G2 = [
  [
    4226039902340064550908685899968621286404933128452826076048044659517693892388n,
    5368454152394857933633451938700912272239170675066939123922236892134207826768n,
  ],
  [
    17219162386920853837839649021987225491883076331914746859900211981243509788457n,
    730387342145224978547845316227595072007836094374477147914691045370839727642n,
  ],
]

const HASH_DOMAIN = 'soulproof verification key 1'

// Far above any statement of ours; it bounds the work on a malformed key.
const MAX_SIGNALS = 65536

// Subgroup checks are the slow part; a key with the same content is checked once.
const checked = new Map<string, VerificationKey>()
const MAX_CHECKED = 64

/**
 * Reads and checks a Groth16 verification key over BN254 in snarkjs's form; `vk_alphabeta_12` is ignored.
 *
 * @returns a frozen key; the same object for the same content while it is remembered
 * @throws {KeyError} if the key is malformed: a missing or surplus point, a number that is not canonical
 *   decimal, a point off the curve, out of the subgroup or at infinity; or unsafe: gamma equals delta
 *   or its negative, with which anyone can forge proofs (a ceremony without phase 2)
 */
export function parseVerificationKey(json: unknown): VerificationKey {
  const key = parseShape(json)
  const hash = verificationKeyHash(key)
  const known = checked.get(hash)
  if (known) return known
  for (const name of ['beta', 'gamma', 'delta'] as const) {
    if (!isInSubgroup(key[name])) throw new KeyError(`verificationKey.vk_${name}_2 is not in the subgroup`)
  }
  // With gamma = -delta the same forgery works: C = vk_x cancels e(vk_x, gamma). The x coordinates tell both.
  if (key.gamma[0].every((part, i) => part === key.delta[0][i])) {
    throw new KeyError(
      'verificationKey is unsafe: vk_gamma_2 equals plus or minus vk_delta_2, anyone can forge proofs',
    )
  }
  if (checked.size >= MAX_CHECKED) checked.delete(checked.keys().next().value!)
  checked.set(hash, key)
  return key
}

/**
 * Returns what identifies a verification key: keccak256 of a domain, the number of public signals and all
 * points (32-byte big-endian words; x before y, c0 before c1), as 0x and 64 hex digits.
 *
 * @throws {TypeError} unless the key is one of {@link parseVerificationKey}
 */
export function verificationKeyHash(key: VerificationKey): string {
  requireParsed(key)
  const words = [
    BigInt(key.ic.length - 1),
    ...key.alpha,
    ...[key.beta, key.gamma, key.delta].flat(2),
    ...key.ic.flat(),
  ]
  const bytes = concatBytes(utf8ToBytes(HASH_DOMAIN), ...words.map((word) => bigIntToBytes(word, 32)))
  return `0x${bytesToHex(keccak_256(bytes))}`
}

/**
 * Tells from its delta whether a key is a development key, for which anyone can forge proofs.
 *
 * @throws {TypeError} unless the key is one of {@link parseVerificationKey}
 */
export function isDevelopmentKey(key: VerificationKey): boolean {
  requireParsed(key)
  return isSameG2(key.delta, DEVELOPMENT_DELTA)
}

/** A key's JSON has other names: it must not pass for one that is no development key. */
function requireParsed(key: VerificationKey): void {
  const isNumber = (value: unknown): boolean => typeof value === 'bigint' && value >= 0n && value < 1n << 256n
  const points: unknown[] = [key?.ic, key?.alpha, key?.beta, key?.gamma, key?.delta]
  if (!points.every((point) => Array.isArray(point) && point.flat(2).every(isNumber))) {
    throw new TypeError('key must be what parseVerificationKey returns')
  }
}

function parseShape(json: unknown): VerificationKey {
  if (typeof json !== 'object' || json === null) throw new KeyError('verificationKey must be an object')
  const o = json as Record<string, unknown>
  if (o.protocol !== 'groth16') throw new KeyError('verificationKey.protocol must be groth16')
  if (o.curve !== 'bn128') throw new KeyError('verificationKey.curve must be bn128')
  const { nPublic, IC } = o
  if (typeof nPublic !== 'number' || !Number.isInteger(nPublic) || nPublic < 0 || nPublic > MAX_SIGNALS) {
    throw new KeyError('verificationKey.nPublic must be a small non-negative integer')
  }
  if (!Array.isArray(IC) || IC.length !== nPublic + 1) {
    throw new KeyError('verificationKey.IC must have nPublic + 1 points')
  }
  try {
    return deepFreeze({
      alpha: parseG1(o.vk_alpha_1, 'verificationKey.vk_alpha_1'),
      beta: parseG2(o.vk_beta_2, 'verificationKey.vk_beta_2'),
      gamma: parseG2(o.vk_gamma_2, 'verificationKey.vk_gamma_2'),
      delta: parseG2(o.vk_delta_2, 'verificationKey.vk_delta_2'),
      ic: Array.from(IC, (point, i) => parseG1(point, `verificationKey.IC[${i}]`)),
    })
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError)
      throw new KeyError(cause.message, { cause })
    throw cause
  }
}

function isSameG2(a: G2, b: G2): boolean {
  return a.flat().every((part, i) => part === b.flat()[i])
}

/** Freezes a value and all that it holds. */
export function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object') deepFreeze(part)
  return Object.freeze(value)
}
