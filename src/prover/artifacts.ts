import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ArtifactError } from '../errors.js'
import type { VerificationKeyJson } from '../groth16.js'
import type { ArtifactPin, KeyManifest, Manifest, Provenance } from '../manifest.js'
import { MANIFEST } from '../statements/manifest.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { importUnseen } from './engine/unseen.js'

/** What proving one statement takes. */
export interface Artifacts {
  /** Witness generator, see `calculateWitness`. */
  readonly wasm: Uint8Array
  /** Groth16 proving key, a snarkjs `.zkey`. */
  readonly provingKey: Uint8Array
  /** The verification key that ships with the package, or that of the manifest. */
  readonly verificationKey: VerificationKeyJson
  readonly verificationKeyHash: string
  readonly provenance: Provenance
}

// The package's own folder: this file is two levels below the root, in src as in dist.
// Bundlers leave it alone: a page names a server's folder.
const PACKAGE_SOURCE = new URL(/* webpackIgnore: true */ /* @vite-ignore */ '../../zkeys/', import.meta.url)

// By SHA-256, hence shared by all sources.
const loaded = new Map<string, Promise<Uint8Array>>()

/**
 * Loads a statement's witness generator and proving key, and checks both against the SHA-256 that this
 * package pins before anything uses them. They are kept in memory; do not change the bytes.
 *
 * @param o.statement  name of the statement, such as `policy-m`
 * @param o.source     folder with the artifacts: a path, or a file:, http: or https: URL; by default the
 *   package's own
 * @param o.manifest   pins other artifacts than the package's own, those of a ceremony
 * @throws {ArtifactError} if the statement is unknown, or an artifact is missing or is not the pinned one
 */
export async function loadArtifacts(o: {
  statement: string
  source?: string | URL | undefined
  manifest?: KeyManifest | undefined
}): Promise<Artifacts> {
  const { statement, source, manifest } = o
  const key = manifest ? keyOf(manifest, statement) : shippedKey(statement)
  if (!key)
    throw new ArtifactError(`this ${manifest ? 'manifest' : 'package'} has no artifacts of that statement`)
  const [wasm, provingKey] = await Promise.all(
    ['wasm', 'zkey'].map((part) =>
      loadPinned({ file: `${statement}.${part}`, pin: pinOf(manifest ?? MANIFEST, statement, part), source }),
    ),
  )
  return { wasm: wasm!, provingKey: provingKey!, ...key }
}

type KeyOfStatement = Pick<Artifacts, 'verificationKey' | 'verificationKeyHash' | 'provenance'>

function keyOf({ statements }: KeyManifest, statement: string): KeyOfStatement | undefined {
  if (!Object.hasOwn(statements, statement)) return undefined
  const { verificationKey, verificationKeyHash, provenance } = statements[statement]!
  return { verificationKey, verificationKeyHash, provenance }
}

function shippedKey(statement: string): KeyOfStatement | undefined {
  if (!Object.hasOwn(VERIFICATION_KEYS, statement)) return undefined
  const { hash, key } = VERIFICATION_KEYS[statement]!
  const provenance = MANIFEST.statements[statement]?.provenance ?? { kind: 'development' }
  return { verificationKey: key, verificationKeyHash: hash, provenance }
}

/**
 * Loads one file and checks its length and SHA-256 before returning it.
 *
 * @throws {ArtifactError} naming the file, if it cannot be read, is truncated or differs
 */
export async function loadPinned(o: {
  file: string
  pin: ArtifactPin
  source?: string | URL | undefined
}): Promise<Uint8Array> {
  const { file, pin } = o
  let bytes = loaded.get(pin.sha256)
  if (!bytes) {
    bytes = readVerified({ file, pin, source: o.source ?? PACKAGE_SOURCE })
    loaded.set(pin.sha256, bytes)
    // A failure is not remembered: the file may appear, or another source may have it.
    bytes.catch(() => loaded.delete(pin.sha256))
  }
  return bytes
}

function pinOf(manifest: Manifest, statement: string, part: string): ArtifactPin {
  const pin = manifest.statements[statement]?.artifacts[`${statement}.${part}`]
  if (!pin) throw new ArtifactError(`the manifest does not pin ${statement}.${part}`)
  return pin
}

async function readVerified(o: {
  file: string
  pin: ArtifactPin
  source: string | URL
}): Promise<Uint8Array> {
  const { file, pin, source } = o
  let bytes: Uint8Array
  try {
    bytes = await read(file, source)
  } catch (cause) {
    throw new ArtifactError(`artifact ${file} cannot be read`, { cause })
  }
  if (bytes.length < pin.bytes) throw new ArtifactError(`artifact ${file} is truncated`)
  if (bytes.length !== pin.bytes || (await hash(bytes)) !== pin.sha256) {
    throw new ArtifactError(`artifact ${file} is not the one that this package pins`)
  }
  return bytes
}

async function read(file: string, source: string | URL): Promise<Uint8Array> {
  const url = source instanceof URL || /^(https?|file):/i.test(source) ? new URL(source) : undefined
  if (url && url.protocol !== 'file:') {
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    const response = await fetch(new URL(file, url))
    if (!response.ok) throw new Error(`the server answers ${response.status}`)
    return new Uint8Array(await response.arrayBuffer())
  }
  const fs = (await importUnseen('node:fs/promises')) as typeof import('node:fs/promises')
  const path = (await importUnseen('node:path')) as typeof import('node:path')
  const { fileURLToPath } = (await importUnseen('node:url')) as typeof import('node:url')
  const buffer = await fs.readFile(path.join(url ? fileURLToPath(url) : String(source), file))
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

async function hash(bytes: Uint8Array): Promise<string> {
  // Browsers have the fast one only in secure contexts.
  const subtle = globalThis.crypto?.subtle
  if (!subtle) return bytesToHex(sha256(bytes))
  return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)))
}
