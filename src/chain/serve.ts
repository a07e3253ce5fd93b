import { poseidon } from '../crypto/poseidon.js'
import { RegistryError, requireObject } from '../errors.js'
import { assertField, FIELD_MODULUS } from '../field.js'
import { readBody } from '../http-body.js'
import { Registry } from '../merkle/index.js'
import { assertIndex, type MerkleProof } from '../merkle/proof.js'
import { QUATERNARY_CAPACITY } from '../merkle/quaternary.js'
import type { RegistryIndexer } from './registry.js'

/** Leaves of a bucket: 4^5, as many as there are buckets. */
export const BUCKET_SIZE = 4 ** 5

/** Level at which a bucket is a node. */
const BUCKET_LEVEL = 5
/** Bytes of a field element. */
const WORD = 32

/**
 * Returns a handler of requests for a registry, in the form of the Fetch standard:
 *
 * - `GET …/state`: `{ root, size }`, decimal strings;
 * - `GET …/<root>/leaves`: all leaves, 32 bytes each, big-endian;
 * - `GET …/<root>/top`: the roots of all buckets, 32 KiB, the same for everybody;
 * - `GET …/<root>/buckets/<number>`: the 1024 leaves of a bucket, 32 KiB.
 *
 * No request names a leaf. A root that is not the last one is 410, upon which the wallet asks for the state again.
 */
export function createRegistryHandler(
  indexer: Pick<RegistryIndexer, 'root' | 'leaves' | 'nodes'>,
): (request: Request) => Response {
  // Once for each root, whoever asks how often: a million leaves take long to write.
  let written:
    | {
        readonly root: bigint
        readonly leaves: Uint8Array<ArrayBuffer>
        readonly top: Uint8Array<ArrayBuffer>
      }
    | undefined
  const latest = (): NonNullable<typeof written> => {
    const { root } = indexer
    if (written?.root !== root) {
      written = { root, leaves: words(indexer.leaves()), top: words(indexer.nodes(BUCKET_LEVEL)) }
    }
    return written as NonNullable<typeof written>
  }
  return (request) => {
    if (request.method !== 'GET') return new Response(null, { status: 405, headers: { allow: 'GET' } })
    const parts = new URL(request.url).pathname.split('/')
    const { root } = indexer
    if (parts.at(-1) === 'state') {
      return Response.json(
        { root: `${root}`, size: `${latest().leaves.length / WORD}` },
        { headers: { 'cache-control': 'no-cache' } },
      )
    }
    const isBucket = parts.at(-2) === 'buckets'
    const given = parts.at(isBucket ? -3 : -2)
    const what = isBucket ? 'bucket' : parts.at(-1)
    if (what !== 'leaves' && what !== 'top' && what !== 'bucket') return new Response(null, { status: 404 })
    if (given !== `${root}`) return new Response(null, { status: 410 })
    if (what === 'leaves') return immutable(latest().leaves)
    if (what === 'top') return immutable(latest().top)
    const number = parts.at(-1) as string
    if (!/^(0|[1-9]\d{0,3})$/.test(number) || Number(number) >= BUCKET_SIZE) {
      return new Response(null, { status: 404 })
    }
    const from = Number(number) * BUCKET_SIZE * WORD
    // Always as long, so that a bucket's length says nothing.
    const bucket = new Uint8Array(BUCKET_SIZE * WORD)
    bucket.set(latest().leaves.subarray(from, from + bucket.length))
    return immutable(bucket)
  }
}

/** Where to ask, and for which root: the one that the verifier accepts, never one that the server names. */
export interface FetchOptions {
  /** Address of the handler, without a slash at the end. */
  readonly url: string
  readonly root: bigint
  /** By default the global one. */
  readonly fetch?: typeof globalThis.fetch
  /** Gives up: a server may answer as slowly as it likes. */
  readonly signal?: AbortSignal
}

/**
 * Downloads all leaves and rebuilds the registry: nobody learns which leaf the wallet is interested in. No more than the 32 MiB
 * of a full registry are read.
 *
 * @throws {RegistryError} if the server cannot be reached or does not have the root, or its answer is malformed, too long, or leads to
 *   another root
 * @throws the signal's reason, if it is aborted
 */
export async function fetchRegistry(options: FetchOptions): Promise<Registry> {
  requireObject(options, 'options')
  const leaves = await ask(options, 'leaves', QUATERNARY_CAPACITY)
  const registry = new Registry({ leaves })
  if (registry.root !== options.root) throw new RegistryError('the leaves do not lead to the root')
  return registry
}

/**
 * Opens a registry at an index by the bucket that it is in: the server learns which 1024 leaves the wallet is interested in. A wallet
 * with several SBTs in one registry should download all of it instead, since its buckets together may be its alone. No more than 32 KiB
 * of each of the two answers are read.
 *
 * @throws {RegistryError} if the server cannot be reached or does not have the root, or an answer is malformed, too long, or leads to
 *   another root
 * @throws the signal's reason, if it is aborted
 */
export async function fetchOpening(options: FetchOptions & { readonly index: number }): Promise<MerkleProof> {
  requireObject(options, 'options')
  const { root, index } = options
  assertIndex(index, QUATERNARY_CAPACITY, 'index')
  const number = Math.floor(index / BUCKET_SIZE)
  const [top, leaves] = await Promise.all([
    ask(options, 'top', BUCKET_SIZE),
    ask(options, `buckets/${number}`, BUCKET_SIZE),
  ])
  if (top.length !== BUCKET_SIZE || leaves.length !== BUCKET_SIZE) {
    throw new RegistryError("the server's answer is malformed")
  }
  const lower = fold(leaves, index % BUCKET_SIZE)
  const upper = fold(top, number)
  if (lower.root !== top[number] || upper.root !== root) {
    throw new RegistryError('the leaves do not lead to the root')
  }
  const leaf = leaves[index % BUCKET_SIZE] as bigint
  return { root, leaf, index, siblings: [...lower.siblings, ...upper.siblings] }
}

/** Returns the root above 4^n nodes, and the siblings on the way from one of them. */
function fold(
  nodes: readonly bigint[],
  index: number,
): { readonly root: bigint; readonly siblings: readonly (readonly bigint[])[] } {
  const siblings: bigint[][] = []
  let level = nodes
  let position = index
  while (level.length > 1) {
    const below = level
    const first = 4 * Math.floor(position / 4)
    siblings.push(below.slice(first, first + 4).filter((_, i) => first + i !== position))
    level = Array.from({ length: below.length / 4 }, (_, i) => poseidon(below.slice(4 * i, 4 * i + 4)))
    position = Math.floor(position / 4)
  }
  return { root: level[0] as bigint, siblings }
}

function words(values: readonly bigint[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * WORD)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) {
    for (let part = 0; part < 4; part++) {
      const shift = BigInt(64 * (3 - part))
      view.setBigUint64(i * WORD + 8 * part, (value >> shift) & 0xffffffffffffffffn)
    }
  }
  return bytes
}

function immutable(bytes: Uint8Array<ArrayBuffer>): Response {
  return new Response(bytes, {
    // What a root leads to never changes.
    headers: {
      'content-type': 'application/octet-stream',
      'cache-control': 'public, immutable, max-age=86400',
    },
  })
}

async function ask(options: FetchOptions, path: string, most: number): Promise<bigint[]> {
  const { url, root, fetch = globalThis.fetch, signal } = options
  if (typeof url !== 'string') throw new TypeError('url must be a string')
  assertField(root, 'root')
  const bytes = await receive(
    () => fetch(`${url}/${root}/${path}`, { ...(signal && { signal }) }),
    most,
    signal,
  )
  if (bytes === undefined || bytes.length % WORD !== 0) {
    throw new RegistryError("the server's answer is malformed")
  }
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / WORD }, (_, i) => {
    let value = 0n
    for (let part = 0; part < 4; part++) value = (value << 64n) | view.getBigUint64(i * WORD + 8 * part)
    if (value >= FIELD_MODULUS) throw new RegistryError("the server's answer is malformed")
    return value
  })
}

/** Returns the answer's bytes, or undefined if there are more than `most` words. */
async function receive(
  send: () => Promise<Response>,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const response = await send()
    if (response.status === 410) throw new RegistryError('the server has another root')
    if (!response.ok) throw new RegistryError('the server does not answer')
    return await readBody(response, most * WORD)
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause
    signal?.throwIfAborted()
    throw new RegistryError('the server cannot be reached', { cause })
  }
}
