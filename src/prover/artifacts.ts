import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ArtifactError } from '../errors.js'
import type { VerificationKeyJson } from '../groth16.js'
import type { ArtifactPin, KeyManifest, Manifest, Provenance } from '../manifest.js'
import { MANIFEST } from '../statements/manifest.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { defaultSources, readCached, type Source, sourceOf, writeCached } from './sources.js'

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

// By SHA-256, hence shared by all sources.
const loaded = new Map<string, Promise<Uint8Array>>()

/**
 * Loads a statement's witness generator and proving key, and checks both against the SHA-256 that this
 * package pins before anything uses them. They are kept in memory; do not change the bytes.
 *
 * @param o.statement  name of the statement, such as `policy-m`
 * @param o.sources    folders with the artifacts, looked through in this order: a path, or a file:, http: or https:
 *   URL; by default the package's own and the statement's package of artifacts
 * @param o.manifest   pins other artifacts than the package's own, those of a ceremony
 * @throws {ArtifactError} if the statement is unknown, or an artifact is missing or is not the pinned one
 */
export async function loadArtifacts(o: {
  statement: string
  sources?: readonly (string | URL)[] | undefined
  manifest?: KeyManifest | undefined
}): Promise<Artifacts> {
  const { statement, manifest } = o
  const key = manifest ? keyOf(manifest, statement) : shippedKey(statement)
  if (!key)
    throw new ArtifactError(`this ${manifest ? 'manifest' : 'package'} has no artifacts of that statement`)
  const sources = o.sources?.map((folder, i) => sourceOf(folder, `source ${i + 1}`))
  const [wasm, provingKey] = await Promise.all(
    ['wasm', 'zkey'].map((part) =>
      loadPinned({
        file: `${statement}.${part}`,
        pin: pinOf(manifest ?? MANIFEST, statement, part),
        sources: sources ?? defaultSources(statement),
      }),
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
 * Loads one file and checks its length and SHA-256 before returning it. A source that does not have it, or has something
 * else, is passed over; what came from a server is kept in the cache outside the package, where there is one.
 *
 * @throws {ArtifactError} naming the file, if no source has it
 */
export async function loadPinned(o: {
  file: string
  pin: ArtifactPin
  sources: readonly Source[]
}): Promise<Uint8Array> {
  const { pin } = o
  let bytes = loaded.get(pin.sha256)
  if (!bytes) {
    bytes = find(o)
    loaded.set(pin.sha256, bytes)
    // A failure is not remembered: the file may appear, or another source may have it.
    bytes.catch(() => loaded.delete(pin.sha256))
  }
  return bytes
}

/**
 * Tells whether a file is where a prover looks for it by itself: as it is pinned, or another, or not at all. A file that
 * differs is told even if there is a right one elsewhere.
 */
export async function inspectArtifact(o: {
  statement: string
  file: string
  pin: ArtifactPin
}): Promise<'pinned' | 'differs' | 'missing'> {
  const { statement, file, pin } = o
  for (const source of defaultSources(statement)) {
    const bytes = await source.read(file).catch(() => undefined)
    if (bytes) return (await isPinned(bytes, pin)) ? 'pinned' : 'differs'
  }
  const cached = await readCached(pin.sha256)
  return cached && (await isPinned(cached, pin)) ? 'pinned' : 'missing'
}

function pinOf(manifest: Manifest, statement: string, part: string): ArtifactPin {
  const pin = manifest.statements[statement]?.artifacts[`${statement}.${part}`]
  if (!pin) throw new ArtifactError(`the manifest does not pin ${statement}.${part}`)
  return pin
}

async function find(o: { file: string; pin: ArtifactPin; sources: readonly Source[] }): Promise<Uint8Array> {
  const { file, pin, sources } = o
  const errors: ArtifactError[] = []
  const near = sources.filter(({ remote }) => !remote)
  const far = sources.filter(({ remote }) => remote)
  for (const source of near) {
    const bytes = await readVerified({ file, pin, source }).catch((error) => void errors.push(error))
    if (bytes) return bytes
  }
  const cached = await readCached(pin.sha256)
  if (cached && (await isPinned(cached, pin))) return cached
  for (const source of far) {
    const bytes = await readVerified({ file, pin, source }).catch((error) => void errors.push(error))
    if (!bytes) continue
    await writeCached(pin.sha256, bytes)
    return bytes
  }
  // What is there and wrong says more than what is not there.
  const wrong = errors.find((error) => error.cause === undefined)
  if (wrong) throw wrong
  const names = sources.map(({ name }) => name).join(' or ')
  const cause = errors.length === 1 ? errors[0]?.cause : new AggregateError(errors.map(({ cause }) => cause))
  throw new ArtifactError(`artifact ${file} cannot be read from ${names}`, { cause })
}

async function readVerified(o: { file: string; pin: ArtifactPin; source: Source }): Promise<Uint8Array> {
  const { file, pin, source } = o
  let bytes: Uint8Array
  try {
    bytes = await source.read(file)
  } catch (cause) {
    throw new ArtifactError(`artifact ${file} cannot be read from ${source.name}`, { cause })
  }
  if (bytes.length < pin.bytes) throw new ArtifactError(`artifact ${file} of ${source.name} is truncated`)
  if (!(await isPinned(bytes, pin))) {
    throw new ArtifactError(`artifact ${file} of ${source.name} is not the one that this package pins`)
  }
  return bytes
}

async function isPinned(bytes: Uint8Array, pin: ArtifactPin): Promise<boolean> {
  return bytes.length === pin.bytes && (await hash(bytes)) === pin.sha256
}

async function hash(bytes: Uint8Array): Promise<string> {
  // Browsers have the fast one only in secure contexts.
  const subtle = globalThis.crypto?.subtle
  if (!subtle) return bytesToHex(sha256(bytes))
  return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)))
}
