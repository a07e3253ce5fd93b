import { BASE8, isPublicKey, multiply, type Point } from '../crypto/babyjub.js'
import { DOMAIN } from '../crypto/domains.js'
import { deriveSecretScalar, type Signature, sign } from '../crypto/eddsa.js'
import { poseidon } from '../crypto/poseidon.js'
import { randomBytes } from '../crypto/random.js'
import { requireObject } from '../errors.js'
import { assertField, parseDecimal } from '../field.js'

export type { Signature } from '../crypto/eddsa.js'

/** `eddsa:<x>:<y>` for a key on Baby Jubjub, `eip155:<chainId>:<0xaddress>` for a contract. */
export type IssuerId = string

/** Who attests SBTs by signature. */
export interface Issuer {
  readonly id: IssuerId
  /** 32 or more secret bytes. */
  readonly secret: Uint8Array
  readonly publicKey: Point
}

/** The two numbers behind an {@link IssuerId}: a point's coordinates, or chain id and address. */
export type IssuerParts =
  | { readonly kind: 'key'; readonly publicKey: Point }
  | { readonly kind: 'contract'; readonly chainId: bigint; readonly address: bigint }

/**
 * Creates an issuer from 32 fresh random bytes, or from a secret that the caller keeps.
 *
 * @throws {TypeError} if the secret is not a Uint8Array
 * @throws {RangeError} if it has fewer than 16 bytes
 */
export function createIssuer(options: { readonly secret?: Uint8Array } = {}): Issuer {
  requireObject(options, 'options')
  const { secret = randomBytes(32) } = options
  requireSecret(secret, 'secret')
  const [x, y] = multiply(BASE8, deriveSecretScalar(secret))
  return { id: `eddsa:${x}:${y}`, secret: Uint8Array.from(secret), publicKey: [x, y] }
}

const checkedKeys = new Map<IssuerId, IssuerParts>()

/**
 * Reads an issuer id. A key must be canonical, on the curve, in the prime subgroup and not the identity.
 *
 * @throws {TypeError} if it is not a string
 * @throws {RangeError} if it has another form, or names an unusable key
 */
export function parseIssuerId(id: unknown): IssuerParts {
  if (typeof id !== 'string') throw new TypeError('issuer must be a string')
  const known = checkedKeys.get(id)
  if (known !== undefined) return known
  const parts = id.length > 200 ? [] : id.split(':')
  if (parts.length === 3 && parts[0] === 'eddsa') {
    const publicKey = [parseDecimal(parts[1], 'issuer x'), parseDecimal(parts[2], 'issuer y')] as const
    if (!isPublicKey(publicKey)) throw new RangeError('issuer key must be a point of the prime subgroup')
    const key = { kind: 'key', publicKey } as const
    if (checkedKeys.size < 10_000) checkedKeys.set(id, key)
    return key
  }
  if (parts.length === 3 && parts[0] === 'eip155' && /^0x[0-9a-f]{40}$/.test(parts[2] as string)) {
    return {
      kind: 'contract',
      chainId: parseDecimal(parts[1], 'issuer chain id', 1n << 64n),
      address: BigInt(parts[2] as string),
    }
  }
  throw new RangeError('issuer must be eddsa:<x>:<y> or eip155:<chainId>:<0xaddress in lower case>')
}

/** Returns the type of SBTs: Poseidon(tag, issuer's two numbers, schema hash), with one tag for keys and one for contracts. */
export function sbtType(issuer: IssuerId, schemaHash: bigint): bigint {
  const parts = parseIssuerId(issuer)
  return parts.kind === 'key'
    ? poseidon([DOMAIN.keyType, ...parts.publicKey, schemaHash])
    : poseidon([DOMAIN.contractType, parts.chainId, parts.address, schemaHash])
}

/**
 * Signs an SBT's hash with EdDSA-Poseidon; deterministic, and the signature that zk-kit makes. The public key is derived again:
 * a signature with another one in its challenge would give the secret away.
 *
 * @throws {TypeError|RangeError} if the issuer has no secret bytes, or the hash is not canonical
 */
export function signSbt(issuer: Issuer, sbtHash: bigint): Signature {
  assertField(sbtHash, 'sbtHash')
  requireSecret(issuer.secret, 'issuer.secret')
  return sign(issuer.secret, sbtHash)
}

/**
 * Checks a key that signs: its id has to be that of its secret, or it would sign what nobody accepts.
 *
 * @param label what the key is called in errors
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function requireSigner(key: Pick<Issuer, 'id' | 'secret'>, label: string): Issuer {
  requireObject(key, label)
  // Without one a fresh secret would take its place.
  requireSecret(key.secret, `${label}.secret`)
  const own = createIssuer({ secret: key.secret })
  if (own.id !== key.id) throw new RangeError(`${label}.id must be that of its secret`)
  return own
}

function requireSecret(secret: unknown, label: string): asserts secret is Uint8Array {
  if (!(secret instanceof Uint8Array)) throw new TypeError(`${label} must be a Uint8Array`)
  if (secret.length < 16) throw new RangeError(`${label} must have at least 16 bytes`)
}
