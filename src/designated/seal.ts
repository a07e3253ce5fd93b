/** Encryption to a verifier: HPKE base mode (RFC 9180), P-256, HKDF-SHA-256, AES-256-GCM, all of it the platform's own. */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { isHex } from '../crypto/encoding.js'

const suite = new CipherSuite({
  kem: new DhkemP256HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
})

/** An uncompressed point of P-256, and what encapsulates a key. */
export const PUBLIC_KEY_BYTES = 65
const TAG_BYTES = 16
/** Plain texts are filled to a multiple, so that a policy or a revealed text does not show by its length. */
const BLOCK_BYTES = 4096

/** A sealed text, as it travels: lower-case hex. */
export interface Sealed {
  readonly encapsulated: string
  readonly ciphertext: string
}

/** Makes a key pair to which one session's answer is encrypted; the private key does not leave the platform. */
export async function createSealingKey(): Promise<{
  readonly publicKey: string
  readonly keys: CryptoKeyPair
}> {
  const keys = await suite.kem.generateKeyPair()
  return { publicKey: bytesToHex(new Uint8Array(await suite.kem.serializePublicKey(keys.publicKey))), keys }
}

/**
 * Encrypts JSON data to a public key. The sender stays anonymous and signs nothing: whoever has the private key could
 * have made the same.
 *
 * @param o.context  what the text belongs to; it opens in the same context alone
 * @throws {RangeError} if the public key is not a point of P-256
 */
export async function seal(o: {
  readonly publicKey: string
  readonly context: Uint8Array
  readonly json: unknown
}): Promise<Sealed> {
  const { publicKey, context, json } = o
  let recipientPublicKey: CryptoKey
  try {
    recipientPublicKey = await suite.kem.deserializePublicKey(arrayBuffer(hexToBytes(publicKey)))
  } catch (cause) {
    throw new RangeError('publicKey must be a point of P-256', { cause })
  }
  const text = new TextEncoder().encode(JSON.stringify(json))
  // Blanks after JSON mean nothing.
  const plain = new Uint8Array(BLOCK_BYTES * Math.ceil((text.length + 1) / BLOCK_BYTES)).fill(0x20)
  plain.set(text)
  const { ct, enc } = await suite.seal({ recipientPublicKey, info: arrayBuffer(context) }, plain.buffer)
  return { encapsulated: bytesToHex(new Uint8Array(enc)), ciphertext: bytesToHex(new Uint8Array(ct)) }
}

/** Decrypts what {@link seal} made, or returns undefined: other keys, another context, altered, or not JSON. */
export async function open(o: {
  readonly keys: CryptoKeyPair
  readonly context: Uint8Array
  readonly sealed: Sealed
}): Promise<unknown> {
  const { keys, context, sealed } = o
  try {
    const params = {
      recipientKey: keys,
      enc: arrayBuffer(hexToBytes(sealed.encapsulated)),
      info: arrayBuffer(context),
    }
    const plain = await suite.open(params, arrayBuffer(hexToBytes(sealed.ciphertext)))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain))
  } catch {
    // Whatever another side sent: a point off the curve, a wrong tag, no JSON.
    return undefined
  }
}

/** Tells whether lengths and writing of a sealed text are right. */
export function isSealed(sealed: { readonly [name in keyof Sealed]: unknown }): sealed is Sealed {
  const { encapsulated, ciphertext } = sealed
  return (
    isHex(encapsulated, PUBLIC_KEY_BYTES) &&
    typeof ciphertext === 'string' &&
    ciphertext.length / 2 <= MAX_BLOCKS * BLOCK_BYTES + TAG_BYTES &&
    (ciphertext.length / 2 - TAG_BYTES) % BLOCK_BYTES === 0 &&
    isHex(ciphertext, ciphertext.length / 2)
  )
}

const MAX_BLOCKS = 32

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
