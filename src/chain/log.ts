import { RegistryError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import { QUATERNARY_CAPACITY } from '../merkle/quaternary.js'
import { importFiles } from './follow.js'

/** An event of a registry: a leaf was written, 0 to revoke it; or all writes before it came into the root. */
export type RegistryEvent =
  | { readonly index: number; readonly leaf: bigint }
  | { readonly root: bigint; readonly index?: undefined }

/** Keeps the events of a registry in order. */
export interface RegistryLog {
  /** All events. */
  load(): Promise<readonly RegistryEvent[]>
  /** Adds events behind those that are there; `load` gives them once this resolves. */
  append(events: readonly RegistryEvent[]): Promise<void>
  /** Keeps the first events only. */
  truncate(length: number): Promise<void>
}

/** Creates a log that lasts as long as the process. */
export function createMemoryLog(): RegistryLog {
  let kept: readonly RegistryEvent[] = []
  return {
    load: async () => kept,
    async append(events) {
      kept = [...kept, ...events]
    },
    async truncate(length) {
      kept = kept.slice(0, length)
    },
  }
}

/** A record: position (4 bytes, or this for a root), then leaf or root (32 bytes), big-endian. */
const ROOT_MARK = 0xffffffff
const RECORD = 36

/**
 * Opens a log in a file of 36 bytes an event. A record that was cut short, as by a crash, counts as none.
 *
 * `load` throws a {@link RegistryError} if the file holds something else.
 */
export function openFileLog(path: string): RegistryLog {
  if (typeof path !== 'string') throw new TypeError('path must be a string')
  return {
    async load() {
      const { readFile } = await importFiles()
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return new Uint8Array()
        throw error
      })
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return Array.from({ length: Math.floor(bytes.length / RECORD) }, (_, i) => decode(view, i * RECORD))
    },
    async append(events) {
      const { open } = await importFiles()
      const bytes = new Uint8Array(events.length * RECORD)
      const view = new DataView(bytes.buffer)
      for (const [i, event] of events.entries()) encode(view, i * RECORD, event)
      const file = await open(path, 'a')
      try {
        // Whatever a crash left of a record goes first.
        const { size } = await file.stat()
        if (size % RECORD !== 0) await file.truncate(size - (size % RECORD))
        await file.write(bytes)
        await file.datasync()
      } finally {
        await file.close()
      }
    },
    async truncate(length) {
      const { open } = await importFiles()
      const file = await open(path, 'a')
      try {
        if ((await file.stat()).size > length * RECORD) await file.truncate(length * RECORD)
        await file.datasync()
      } finally {
        await file.close()
      }
    },
  }
}

function encode(view: DataView, at: number, event: RegistryEvent): void {
  const isRoot = event.index === undefined
  view.setUint32(at, isRoot ? ROOT_MARK : event.index)
  let rest = isRoot ? event.root : event.leaf
  for (let word = 3; word >= 0; word--) {
    view.setBigUint64(at + 4 + 8 * word, rest & 0xffffffffffffffffn)
    rest >>= 64n
  }
}

function decode(view: DataView, at: number): RegistryEvent {
  const index = view.getUint32(at)
  let value = 0n
  for (let word = 0; word < 4; word++) value = (value << 64n) | view.getBigUint64(at + 4 + 8 * word)
  if (value >= FIELD_MODULUS || (index !== ROOT_MARK && index >= QUATERNARY_CAPACITY)) {
    throw new RegistryError('the file is not a log of a registry')
  }
  return index === ROOT_MARK ? { root: value } : { index, leaf: value }
}
