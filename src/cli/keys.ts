import { decryptKey, encryptKey, type KeyKind, readKeyFile } from '../crypto/keyfile.js'
import { type VerifierKey, verifierKeyFromJson, verifierKeyToJson } from '../designated/keys.js'
import type { FeedKey } from '../feed/entry.js'
import { isRecord } from '../merkle/json.js'
import { createIssuer, type Issuer, issuerFromJson } from '../sbt/index.js'
import type { Soul } from '../soul/index.js'
import { soulFromJson, soulToJson } from '../soul/json.js'
import { RefusedError, UsageError } from './errors.js'
import { formatJson, type Output, PRIVATE_MODE, readJson, refuseExisting, writeFiles } from './io.js'
import { type PassphraseOptions, readPassphrase } from './passphrase.js'

/** Where a new key file goes. */
export interface NewKeyOptions extends PassphraseOptions {
  readonly out: string
  readonly force?: boolean
}

/**
 * Opens the key file of a Soul.
 *
 * @param passphrase  if it was read already
 * @throws {UsageError} if the file is missing or malformed
 * @throws {RefusedError} if the passphrase is wrong
 */
export async function openSoul(path: string, options: PassphraseOptions, passphrase?: string): Promise<Soul> {
  return soulFromJson(await openKey(path, 'soul', options, passphrase))
}

/** Opens the key file of an issuer. Throws as {@link openSoul}. */
export function openIssuer(path: string, options: PassphraseOptions): Promise<Issuer> {
  return openSigner('issuer', path, options)
}

/** Opens the key file of a feed's publisher. Throws as {@link openSoul}. */
export function openFeedKey(path: string, options: PassphraseOptions): Promise<FeedKey> {
  return openSigner('feed', path, options)
}

async function openSigner(
  kind: 'issuer' | 'feed',
  path: string,
  options: PassphraseOptions,
): Promise<Issuer> {
  const json = await openKey(path, kind, options)
  const secret = isRecord(json) ? json['secret'] : undefined
  if (typeof secret !== 'string' || !/^([0-9a-f]{2}){16,}$/.test(secret)) {
    throw new UsageError(`${kind}.secret: must be at least 16 bytes as lower-case hex`)
  }
  const signer = createIssuer({ secret: Uint8Array.from(Buffer.from(secret, 'hex')) })
  if ((json as Record<string, unknown>)['id'] !== signer.id) {
    throw new RefusedError(`${kind}.id: does not follow from the secret`)
  }
  return signer
}

/** Opens the key file of a designated verifier. Throws as {@link openSoul}. */
export async function openVerifierKey(path: string, options: PassphraseOptions): Promise<VerifierKey> {
  return verifierKeyFromJson(await openKey(path, 'verifier', options))
}

/** Reads an issuer id that was given as an option. Throws {@link SchemaError} if it names no usable issuer. */
export function readIssuerId(id: string): string {
  return issuerFromJson({ id }).id
}

/**
 * Writes a new key file of a Soul.
 *
 * @throws {RefusedError} if the file is there and `force` is not given
 */
export async function saveSoul(soul: Soul, options: NewKeyOptions): Promise<void> {
  await saveKey('soul', soulToJson(soul), options)
}

/** Writes a new key file of an issuer. Throws as {@link saveSoul}. */
export async function saveIssuer(issuer: Issuer, options: NewKeyOptions): Promise<void> {
  await saveKey('issuer', signerToJson(issuer), options)
}

/** Writes a new key file of a feed's publisher. Throws as {@link saveSoul}. */
export async function saveFeedKey(key: FeedKey, options: NewKeyOptions): Promise<void> {
  await saveKey('feed', signerToJson(key), options)
}

function signerToJson({ id, secret }: FeedKey): object {
  return { id, secret: Buffer.from(secret).toString('hex') }
}

/** Writes a new key file of a designated verifier. Throws as {@link saveSoul}. */
export async function saveVerifierKey(key: VerifierKey, options: NewKeyOptions): Promise<void> {
  await saveKey('verifier', verifierKeyToJson(key), options)
}

async function openKey(
  path: string,
  kind: KeyKind,
  options: PassphraseOptions,
  passphrase?: string,
): Promise<unknown> {
  const file = readKeyFile(await readJson(path, `--${kind}`), kind)
  return decryptKey({ file, kind, passphrase: passphrase ?? (await readPassphrase(options)) })
}

async function saveKey(kind: KeyKind, secret: unknown, options: NewKeyOptions): Promise<void> {
  const { out: path, force = false } = options
  // Before the passphrase is asked for.
  if (!force) await refuseExisting(path)
  const passphrase = await readPassphrase({ ...options, confirm: true })
  await writeFiles([await keyOutput({ kind, secret, passphrase, path, replace: force })])
}

/** Returns the file that holds a key under a passphrase. */
export async function keyOutput(o: {
  readonly kind: KeyKind
  readonly secret: unknown
  readonly passphrase: string
  readonly path: string
  readonly replace: boolean
}): Promise<Output> {
  const { kind, secret, passphrase, path, replace } = o
  const file = await encryptKey({ kind, secret, passphrase })
  return { path, content: formatJson(file), mode: PRIVATE_MODE, replace }
}
