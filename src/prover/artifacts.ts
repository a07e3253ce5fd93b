import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ArtifactError, type ArtifactFault } from '../errors.js'
import type { VerificationKeyJson } from '../groth16.js'
import type { ArtifactPin, KeyManifest, Manifest, Provenance } from '../manifest.js'
import { MANIFEST } from '../statements/manifest.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { readHeader } from '../wire/header.js'
import { DownloadError } from './download.js'
import { isNode } from './engine/threads.js'
import { defaultSources, type Source, sourceOf } from './sources.js'
import { openStore } from './store.js'
import { unpack } from './unpack.js'

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

/** How far an artifact is. */
export interface ArtifactProgress {
  /** Its file, such as `policy-s.zkey`. */
  readonly file: string
  readonly stage: 'loading' | 'unpacking' | 'ready'
  /** Bytes that have come over the network, of how many if the server tells; 0 of 0 if it was at hand. */
  readonly loadedBytes: number
  readonly totalBytes: number | undefined
  /** Once it is ready: whether it is at hand the next time. A page without storage downloads it again. */
  readonly kept?: boolean
}

/** Hears how far artifacts are. */
export type OnArtifact = (progress: ArtifactProgress) => void

interface Loading {
  readonly bytes: Promise<Uint8Array>
  readonly listeners: Set<OnArtifact>
  last: ArtifactProgress | undefined
}

// By SHA-256, hence shared by all sources.
const loaded = new Map<string, Loading>()

/** What is appended to the name of an artifact as it goes over a network. */
export const PACKED = '.pack'

/**
 * Loads a statement's witness generator and proving key, and checks both against the SHA-256 that this
 * package pins before anything uses them. They are kept in memory; do not change the bytes.
 *
 * @param o.statement  name of the statement, such as `policy-m`
 * @param o.sources    folders with the artifacts, looked through in this order: a path, or a file:, http: or https:
 *   URL; by default the package's own and the statement's package of artifacts
 * @param o.manifest   pins other artifacts than the package's own, those of a ceremony
 * @param o.onArtifact called as they come
 * @throws {ArtifactError} if the statement is unknown, or an artifact is missing or is not the pinned one
 */
export async function loadArtifacts(o: {
  statement: string
  sources?: readonly (string | URL)[] | undefined
  manifest?: KeyManifest | undefined
  onArtifact?: OnArtifact | undefined
}): Promise<Artifacts> {
  const { statement, manifest, onArtifact } = o
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
        onArtifact,
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
 * else, is passed over. It may be there as it is or packed, `<file>.pack`: servers are asked for the latter first. What came
 * from a server, or was unpacked, is kept, see `openStore`.
 *
 * @param o.stall milliseconds without a byte after which a server is given up
 * @throws {ArtifactError} naming the file, if no source has it
 */
export async function loadPinned(o: {
  file: string
  pin: ArtifactPin
  sources: readonly Source[]
  onArtifact?: OnArtifact | undefined
  stall?: number | undefined
}): Promise<Uint8Array> {
  const { pin, onArtifact } = o
  let loading = loaded.get(pin.sha256)
  if (!loading) {
    const listeners = new Set<OnArtifact>()
    const tell: OnArtifact = (progress) => {
      if (loading) loading.last = progress
      for (const listener of listeners) listener(progress)
    }
    // What is told first is told to nobody yet.
    const bytes = Promise.resolve().then(() => findAlone({ ...o, tell }))
    loading = { bytes, listeners, last: undefined }
    loaded.set(pin.sha256, loading)
    // A failure is not remembered: the file may appear, or another source may have it.
    bytes.catch(() => loaded.delete(pin.sha256))
  }
  if (!onArtifact) return loading.bytes
  const { listeners, last } = loading
  listeners.add(onArtifact)
  if (last) onArtifact(last)
  try {
    return await loading.bytes
  } finally {
    listeners.delete(onArtifact)
  }
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
    for (const name of [file, `${file}${PACKED}`]) {
      const bytes = await source.read(name).catch(() => undefined)
      if (bytes) return (await opened(bytes, pin)) ? 'pinned' : 'differs'
    }
  }
  const cached = await openStore().get({ file, sha256: pin.sha256 })
  return cached && (await isPinned(cached, pin)) ? 'pinned' : 'missing'
}

function pinOf(manifest: Manifest, statement: string, part: string): ArtifactPin {
  const pin = manifest.statements[statement]?.artifacts[`${statement}.${part}`]
  if (!pin) throw new ArtifactError(`the manifest does not pin ${statement}.${part}`)
  return pin
}

interface Search {
  readonly file: string
  readonly pin: ArtifactPin
  readonly sources: readonly Source[]
  readonly stall?: number | undefined
  readonly tell: OnArtifact
}

interface Found {
  readonly bytes: Uint8Array
  /** Those that came over a network. */
  readonly loadedBytes: number
}

/** In a page one tab downloads a file, and others wait for it: theirs is then the one that is kept. */
function findAlone(o: Search): Promise<Uint8Array> {
  const locks = isNode() ? undefined : globalThis.navigator?.locks
  return locks ? locks.request(`soulproof ${o.pin.sha256}`, () => find(o)) : find(o)
}

async function find({ file, pin, sources, stall, tell }: Search): Promise<Uint8Array> {
  const store = openStore()
  const { sha256 } = pin
  const errors: ArtifactError[] = []
  const ready = (bytes: Uint8Array, o: { loadedBytes: number; kept: boolean }): Uint8Array => {
    tell({ file, stage: 'ready', totalBytes: o.loadedBytes, ...o })
    return bytes
  }
  const tryOne = (source: Source, name: string): Promise<Found | undefined> =>
    readVerified({ file, name, pin, source, stall, tell }).catch((error) => void errors.push(error))

  for (const source of sources.filter(({ remote }) => !remote)) {
    const found = await tryOne(source, file)
    if (found) return ready(found.bytes, { loadedBytes: 0, kept: true })
  }
  const cached = await store.get({ file, sha256 })
  if (cached && (await isPinned(cached, pin))) return ready(cached, { loadedBytes: 0, kept: true })
  // What is packed takes a moment, so that it comes behind the cache where the unpacked one is kept.
  for (const source of sources) {
    for (const name of source.remote ? [`${file}${PACKED}`, file] : [`${file}${PACKED}`]) {
      const found = await tryOne(source, name)
      if (!found) {
        // Who does not answer to the one does not to the other.
        if (['missing', 'wrong'].includes(errors.at(-1)?.fault ?? '')) continue
        break
      }
      const { bytes, loadedBytes } = found
      return ready(bytes, { loadedBytes, kept: await store.put({ file, sha256, bytes }) })
    }
  }
  throw failure({ file, errors, sources })
}

/** Bytes that a packed artifact may have more than the artifact. */
const SLACK = 65_536

/** From what says most to what says least. */
const FAULTS: readonly ArtifactFault[] = ['wrong', 'cut', 'stalled', 'refused', 'unreachable', 'missing']

const ADVICE: Readonly<Record<ArtifactFault, string>> = {
  unreachable: 'Check the connection, and try again',
  missing: 'Whoever runs this has to put it there',
  refused: 'Try again later',
  stalled: 'Check the connection, and try again: what has come need not come again',
  cut: 'Check the connection, and try again: what has come need not come again',
  wrong:
    'It was changed on the way, or is of another version. Reload; if that does not help, tell whoever runs this',
}

function failure(o: {
  file: string
  errors: readonly ArtifactError[]
  sources: readonly Source[]
}): ArtifactError {
  const { file, errors, sources } = o
  const rank = ({ fault }: ArtifactError): number => FAULTS.indexOf(fault ?? 'missing')
  const worst = [...errors].sort((a, b) => rank(a) - rank(b))[0]
  const fault = worst?.fault ?? 'missing'
  if (worst && (fault === 'wrong' || sources.length === 1)) return worst
  const names = sources.map(({ name }) => name).join(' or ')
  return new ArtifactError(`artifact ${file} cannot be read from ${names}. ${ADVICE[fault]}`, {
    cause: new AggregateError(errors),
    fault,
  })
}

/** Reads an artifact, as it is or packed, by the name that it has in the source. */
async function readVerified(o: {
  file: string
  name: string
  pin: ArtifactPin
  source: Source
  stall: number | undefined
  tell: OnArtifact
}): Promise<Found> {
  const { file, name, pin, source, stall, tell } = o
  const of = `artifact ${file} of ${source.name}`
  const refuse = (fault: ArtifactFault, what: string, cause?: unknown): ArtifactError =>
    new ArtifactError(`${what}. ${ADVICE[fault]}`, { fault, cause })
  let bytes: Uint8Array
  try {
    bytes = await source.read(name, {
      stall,
      // What is packed is shorter, but for what cannot be packed at all.
      most: pin.bytes + SLACK,
      partial: source.remote ? openStore().partial({ file: name, sha256: pin.sha256 }) : undefined,
      onBytes(loadedBytes, totalBytes) {
        tell({ file, stage: 'loading', loadedBytes, totalBytes })
      },
    })
  } catch (cause) {
    const fault = cause instanceof DownloadError ? cause.fault : source.remote ? 'unreachable' : 'missing'
    const why = cause instanceof DownloadError ? `: ${cause.message}` : ''
    throw refuse(fault, `artifact ${file} cannot be read from ${source.name}${why}`, cause)
  }
  const loadedBytes = source.remote ? bytes.length : 0
  const header = readHeader(bytes)
  if (header) tell({ file, stage: 'unpacking', loadedBytes, totalBytes: loadedBytes })
  const right = await opened(bytes, pin)
  if (right) return { bytes: right, loadedBytes }
  // Many servers answer with a page of theirs what they do not have.
  if (name !== file && !header) throw refuse('missing', `${of} is not there in its packed form`)
  if (bytes.length < (header?.packed ?? pin.bytes)) throw refuse('wrong', `${of} is truncated`)
  throw refuse('wrong', `${of} is not the one that this package pins`)
}

/** The artifact itself, if bytes are that, packed or not. */
async function opened(bytes: Uint8Array, pin: ArtifactPin): Promise<Uint8Array | undefined> {
  if (!readHeader(bytes)) return (await isPinned(bytes, pin)) ? bytes : undefined
  // Whatever a decoder thinks of what is not a packed artifact, that is what it is.
  const unpacked = await unpack({ bytes, length: pin.bytes }).catch(() => undefined)
  return unpacked && (await isPinned(unpacked, pin)) ? unpacked : undefined
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
