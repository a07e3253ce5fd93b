import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { KeyError } from '../../errors.js'
import { bigIntToBytes, parseDecimal, FIELD_MODULUS as r } from '../../field.js'
import { PLONK_KEY_POINTS } from '../../plonk.js'
import { deepFreeze } from '../keys.js'
import { type G1, type G2, isInSubgroup, parseG1, parseG2 } from '../points.js'

/** A checked PLONK verification key. */
export interface PlonkKey {
  /** Number of public signals. */
  readonly signals: number
  /** The domain has 2^power elements. */
  readonly power: number
  /** The root of unity that generates the domain. */
  readonly root: bigint
  readonly k1: bigint
  readonly k2: bigint
  /** In the order of `PLONK_KEY_POINTS`; infinity, which commits to the polynomial 0, only among selectors. */
  readonly points: readonly (G1 | undefined)[]
  /** tau times the generator of G2. */
  readonly tauG2: G2
}

/**
 * `X_2` of every development key: tau is the hash of a public text (`DEVELOPMENT_TRAPDOOR` in src/setup), so that everyone
 * can forge proofs for a key that has it.
 */
export const DEVELOPMENT_TAU: G2 = [
  [
    1171247053812931248202154712655506525818149370617219813134573181004338695043n,
    12860098471846116152092358312854814034653613993007335436697064305503649003979n,
  ],
  [
    14632004666011382131079990039760266665095709144950119085909474413893100201780n,
    12880291166037218159513005123159299576003179076711060184443255006415518636544n,
  ],
]

/** The generator of G2 (EIP-197). */
export const G2_GENERATOR: G2 = [
  [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
]

const HASH_DOMAIN = 'soulproof plonk verification key 1'

/** As many selectors stand before the permutations. */
const SELECTORS = 5

/** The scalar field has roots of unity of order 2^28; snarkjs makes no domain below 2^3. */
const [MIN_POWER, MAX_POWER] = [3, 28] as const

// Each costs the verifier a division; far above any statement of ours.
const MAX_SIGNALS = 4096

const FIELDS = ['protocol', 'curve', 'nPublic', 'power', 'k1', 'k2', ...PLONK_KEY_POINTS, 'X_2', 'w']

// Subgroup checks are the slow part; a key with the same content is checked once.
const checked = new Map<string, PlonkKey>()
const parsed = new WeakSet<PlonkKey>()
const MAX_CHECKED = 64

/**
 * Reads and checks a PLONK verification key over BN254 in snarkjs's form.
 *
 * @returns a frozen key; the same object for the same content while it is remembered
 * @throws {KeyError} if the key is malformed: a missing or surplus field, a number that is not canonical decimal, a point off
 *   the curve or out of the subgroup, infinity where it cannot be; or unsafe: another root of unity than the domain's, cosets
 *   that meet, which would let a prover swap wires, or a tau of 1 or -1, with which anyone can forge proofs
 */
export function parsePlonkKey(json: unknown): PlonkKey {
  const key = parseShape(json)
  const hash = hashOf(key)
  const known = checked.get(hash)
  if (known) return known
  if (!isInSubgroup(key.tauG2)) throw new KeyError('verificationKey.X_2 is not in the subgroup')
  if (key.tauG2[0].every((part, i) => part === G2_GENERATOR[0][i])) {
    throw new KeyError('verificationKey is unsafe: its tau is 1 or -1, anyone can forge proofs')
  }
  if (checked.size >= MAX_CHECKED) checked.delete(checked.keys().next().value!)
  checked.set(hash, key)
  parsed.add(key)
  return key
}

/**
 * Returns what identifies a PLONK verification key: keccak256 of a domain, the number of public signals, the power, the root of
 * unity, the factors of the cosets and all points (32-byte big-endian words; x before y, c0 before c1; infinity is zeros), as
 * 0x and 64 hex digits.
 *
 * @throws {TypeError} unless the key is one of {@link parsePlonkKey}
 */
export function plonkKeyHash(key: PlonkKey): string {
  requireParsed(key)
  return hashOf(key)
}

function hashOf(key: PlonkKey): string {
  const { signals, power, root, k1, k2, points, tauG2 } = key
  const words = [BigInt(signals), BigInt(power), root, k1, k2]
  words.push(...points.flatMap((point) => point ?? [0n, 0n]), ...tauG2.flat())
  const bytes = concatBytes(utf8ToBytes(HASH_DOMAIN), ...words.map((word) => bigIntToBytes(word, 32)))
  return `0x${bytesToHex(keccak_256(bytes))}`
}

/**
 * Tells from its tau whether a PLONK key is a development key, for which anyone can forge proofs.
 *
 * @throws {TypeError} unless the key is one of {@link parsePlonkKey}
 */
export function isDevelopmentPlonkKey(key: PlonkKey): boolean {
  requireParsed(key)
  return key.tauG2.flat().every((part, i) => part === DEVELOPMENT_TAU.flat()[i])
}

/** A key's JSON has other names: it must not pass for one that is no development key. */
function requireParsed(key: PlonkKey): void {
  if (!parsed.has(key)) throw new TypeError('key must be what parsePlonkKey returns')
}

/** Returns base^exponent modulo r. */
export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % r
    square = (square * square) % r
  }
  return result
}

function parseShape(json: unknown): PlonkKey {
  if (typeof json !== 'object' || json === null) throw new KeyError('verificationKey must be an object')
  const o = json as Record<string, unknown>
  if (o['protocol'] !== 'plonk') throw new KeyError('verificationKey.protocol must be plonk')
  if (o['curve'] !== 'bn128') throw new KeyError('verificationKey.curve must be bn128')
  if (Object.keys(o).length !== FIELDS.length || !FIELDS.every((name) => Object.hasOwn(o, name))) {
    throw new KeyError('verificationKey must have the fields of a PLONK key and no others')
  }
  const count = (name: string, least: number, most: number): number => {
    const value = o[name]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw new KeyError(`verificationKey.${name} must be an integer from ${least} to ${most}`)
    }
    return value
  }
  const log = count('power', MIN_POWER, MAX_POWER)
  const size = 2n ** BigInt(log)
  // Each public signal has a gate.
  const signals = count('nPublic', 0, Math.min(MAX_SIGNALS, 2 ** log))
  try {
    const [root, k1, k2] = ['w', 'k1', 'k2'].map((name) => parseDecimal(o[name], `verificationKey.${name}`))
    const points = PLONK_KEY_POINTS.map((name, i) => {
      const label = `verificationKey.${name}`
      return i < SELECTORS && isInfinity(o[name]) ? undefined : parseG1(o[name], label)
    })
    const key = {
      signals,
      power: log,
      root: root!,
      k1: k1!,
      k2: k2!,
      points,
      tauG2: parseG2(o['X_2'], 'verificationKey.X_2'),
    }
    // 5 is the least element that is no square.
    if (root !== power(5n, (r - 1n) / size))
      throw new KeyError('verificationKey.w is not the root of unity of its domain')
    if (power(k1!, size) === power(k2!, size) || [k1!, k2!].some((k) => k === 0n || power(k, size) === 1n)) {
      throw new KeyError('verificationKey is unsafe: the cosets of k1 and k2 meet the domain or each other')
    }
    return deepFreeze(key)
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError)
      throw new KeyError(cause.message, { cause })
    throw cause
  }
}

function isInfinity(json: unknown): boolean {
  return Array.isArray(json) && json.length === 3 && ['0', '1', '0'].every((part, i) => json[i] === part)
}
