import { hexToBytes } from '@noble/hashes/utils.js'
import { frame } from '../crypto/encoding.js'
import { requireObject } from '../errors.js'
import { assertUint, hashBytes } from '../field.js'

/** Public randomness that nobody knew before its time: the start of a delay. */
export interface Beacon {
  /** Where it comes from; a policy names one source. */
  readonly source: string
  /** 1 to 1024 bytes that nobody could predict. */
  readonly value: Uint8Array
  /** When it became known, Unix seconds, from the verifier's knowledge. */
  readonly at: bigint
}

/**
 * A round of drand as a beacon of source `drand:<chain hash>`. Check the round's signature before: this does not.
 *
 * @param o.chain       hash of the chain, 64 hex digits
 * @param o.randomness  the round's randomness, 64 hex digits
 * @throws {RangeError} naming the part that is malformed
 */
export function drandBeacon(o: {
  readonly chain: string
  readonly round: number
  readonly randomness: string
  readonly at: bigint
}): Beacon {
  requireObject(o, 'options')
  const { chain, round, randomness, at } = o
  hex32(chain, 'chain')
  if (!Number.isSafeInteger(round) || round < 0) throw new RangeError('round must be a non-negative integer')
  const value = frame([String(round), hex32(randomness, 'randomness')])
  return checkBeacon({ source: `drand:${chain}`, value, at })
}

/**
 * A block as a beacon of source `eip155:<chainId>`. Take a final one, of a chain whose proposers gain less from choosing
 * its hash than from an honest block.
 *
 * @param o.hash  0x and 64 hex digits
 * @throws {RangeError} naming the part that is malformed
 */
export function blockBeacon(o: {
  readonly chainId: number
  readonly number: number
  readonly hash: string
  readonly at: bigint
}): Beacon {
  requireObject(o, 'options')
  const { chainId, number, hash, at } = o
  for (const [name, value] of Object.entries({ chainId, number })) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${name} must be a non-negative integer`)
  }
  if (typeof hash !== 'string') throw new TypeError('hash must be a string')
  if (!hash.startsWith('0x')) throw new RangeError('hash must be 0x and 64 hex digits')
  const value = frame([String(number), hex32(hash.slice(2), 'hash')])
  return checkBeacon({ source: `eip155:${chainId}`, value, at })
}

/**
 * A text as a beacon of any source: a newspaper's headline, a lottery's result.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function textBeacon(o: {
  readonly source: string
  readonly text: string
  readonly at: bigint
}): Beacon {
  requireObject(o, 'options')
  const { source, text, at } = o
  if (typeof text !== 'string') throw new TypeError('text must be a string')
  // Its encoding would be another text's too.
  if (/\p{Surrogate}/u.test(text)) throw new RangeError('text must be well-formed Unicode')
  return checkBeacon({ source, value: new TextEncoder().encode(text), at })
}

/**
 * Checks and copies a beacon.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function checkBeacon(beacon: Beacon): Beacon {
  requireObject(beacon, 'beacon')
  const { source, value, at } = beacon
  if (typeof source !== 'string') throw new TypeError('beacon.source must be a string')
  if (source.length < 1 || source.length > 256 || /\p{Surrogate}/u.test(source)) {
    throw new RangeError('beacon.source must be well-formed text of 1 to 256 characters')
  }
  if (!(value instanceof Uint8Array)) throw new TypeError('beacon.value must be a Uint8Array')
  if (value.length < 1 || value.length > 1024) throw new RangeError('beacon.value must have 1 to 1024 bytes')
  assertUint(at, 63, 'beacon.at')
  return { source, value: Uint8Array.from(value), at }
}

/** Source and value as bytes, what everything that depends on the beacon hashes. Not its time, which is the verifier's. */
export function beaconBytes({ source, value }: Beacon): Uint8Array {
  return frame(['soulproof/beacon/1', source, value])
}

/** The beacon as a field element, part of the scope of timed proofs. */
export function beaconField(beacon: Beacon): bigint {
  return hashBytes(beaconBytes(beacon))
}

function hex32(text: string, label: string): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`${label} must be a string`)
  if (!/^[0-9a-f]{64}$/.test(text)) throw new RangeError(`${label} must be 64 lower-case hex digits`)
  return hexToBytes(text)
}
