/** How a ledger is written into a database: keys, values, and the checksum that every value ends with. */
import { readWords, writeWords } from '../../bn254/poseidon.js'
import { LEDGER_CATEGORIES, type LedgerLeaf } from '../../merkle/ledger.js'
import type { EntryWords } from '../entry.js'

/** Bytes of a number below 2^256, little endian. */
const NUMBER = 32
/** Bytes of the checksum. */
const CHECKSUM = 8
const ROW = 4 * NUMBER
const LEAF = 3 * NUMBER + 16 * LEDGER_CATEGORIES
const ENTRY = 2 * NUMBER

/** First bytes of keys. */
export const PREFIX = { entry: 0x65, leaf: 0x6c, row: 0x6e, undo: 0x75, text: 0x78 } as const

/** A sum of checksums: two numbers of 32 bits. */
export type Checksum = readonly [number, number]

/** Key of an entry of the queue, in the order of positions. */
export function entryKey(index: bigint): Uint8Array {
  const key = new Uint8Array(9)
  key[0] = PREFIX.entry
  new DataView(key.buffer).setBigUint64(1, index)
  return key
}

/** Position that {@link entryKey} wrote. */
export function entryIndex(key: Uint8Array): bigint {
  return viewOf(key).getBigUint64(1)
}

/** Key of a leaf by its position. */
export function leafKey(index: number): Uint8Array {
  const key = new Uint8Array(5)
  key[0] = PREFIX.leaf
  new DataView(key.buffer).setUint32(1, index)
  return key
}

/** Position that {@link leafKey} wrote. */
export function leafIndex(key: Uint8Array): number {
  return viewOf(key).getUint32(1)
}

/** Key of four siblings at a level, by the position of their parent. */
export function rowKey(level: number, parent: number): Uint8Array {
  const key = new Uint8Array(6)
  key[0] = PREFIX.row
  key[1] = level
  new DataView(key.buffer).setUint32(2, parent)
  return key
}

/** Key under which the change with this number keeps what another key held before. */
export function undoKey(change: number, key: Uint8Array): Uint8Array {
  const undo = new Uint8Array(5 + key.length)
  undo[0] = PREFIX.undo
  new DataView(undo.buffer).setUint32(1, change)
  undo.set(key, 5)
  return undo
}

/** The key whose old value an undo key holds. */
export function undoneKey(key: Uint8Array): Uint8Array {
  return key.subarray(5)
}

/** Key of a value that is text. */
export function textKey(name: string): Uint8Array {
  return Uint8Array.from([PREFIX.text, ...new TextEncoder().encode(name)])
}

/** Writes an entry. */
export function encodeWords(key: Uint8Array, { subject, content }: EntryWords): Uint8Array {
  const words = new BigUint64Array((ENTRY + CHECKSUM) / 8)
  writeWords(words, 0, subject)
  writeWords(words, 4, content)
  return sealed(key, words)
}

/** Reads an entry; undefined if the checksum does not fit. */
export function decodeWords(key: Uint8Array, value: Uint8Array): EntryWords | undefined {
  const words = opened(key, value, ENTRY)
  return words && { subject: readWords(words, 0), content: readWords(words, 4) }
}

/** Writes a leaf. */
export function encodeLeaf(key: Uint8Array, leaf: LedgerLeaf): Uint8Array {
  const words = new BigUint64Array((LEAF + CHECKSUM) / 8)
  writeWords(words, 0, leaf.handle)
  writeWords(words, 4, leaf.next)
  writeWords(words, 8, leaf.head)
  for (const [c, { count, sum }] of leaf.tallies.entries()) {
    words[12 + 2 * c] = count
    words[13 + 2 * c] = sum
  }
  return sealed(key, words)
}

/** Reads a leaf; undefined if the checksum does not fit. */
export function decodeLeaf(key: Uint8Array, value: Uint8Array): LedgerLeaf | undefined {
  const words = opened(key, value, LEAF)
  if (words === undefined) return undefined
  return {
    handle: readWords(words, 0),
    next: readWords(words, 4),
    tallies: Array.from({ length: LEDGER_CATEGORIES }, (_, c) => ({
      count: words[12 + 2 * c] as bigint,
      sum: words[13 + 2 * c] as bigint,
    })),
    head: readWords(words, 8),
  }
}

/** Writes four siblings; undefined, above unused leaves, as 0, which no node's hash is. */
export function encodeRow(key: Uint8Array, nodes: readonly (bigint | undefined)[]): Uint8Array {
  const words = new BigUint64Array((ROW + CHECKSUM) / 8)
  for (const [place, node] of nodes.entries()) writeWords(words, 4 * place, node ?? 0n)
  return sealed(key, words)
}

/** Reads four siblings; undefined if the checksum does not fit. */
export function decodeRow(key: Uint8Array, value: Uint8Array): (bigint | undefined)[] | undefined {
  const words = opened(key, value, ROW)
  return words && [0, 4, 8, 12].map((at) => readWords(words, at) || undefined)
}

/** Writes text. */
export function encodeText(key: Uint8Array, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  // Filled with blanks to whole words.
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8 + CHECKSUM).fill(0x20)
  padded.set(bytes)
  return sealed(key, new BigUint64Array(padded.buffer))
}

/** Reads text; undefined if the checksum does not fit. */
export function decodeText(key: Uint8Array, value: Uint8Array): string | undefined {
  if (!isSealed(key, value)) return undefined
  return new TextDecoder().decode(value.subarray(0, value.length - CHECKSUM)).trimEnd()
}

/** Tells whether a value ends with the checksum of its key and the rest. */
export function isSealed(key: Uint8Array, value: Uint8Array): boolean {
  if (value.length < CHECKSUM || value.length % 8 !== 0) return false
  const [a, b] = checksumOf(value)
  const [c, d] = checksum(key, viewOf(value), value.length - CHECKSUM)
  return a === c && b === d
}

/** The checksum that a value ends with. */
export function checksumOf(value: Uint8Array): Checksum {
  const view = viewOf(value)
  const at = value.length - CHECKSUM
  return [view.getUint32(at, true), view.getUint32(at + 4, true)]
}

function sealed(key: Uint8Array, words: BigUint64Array): Uint8Array {
  const view = new DataView(words.buffer)
  const length = view.byteLength - CHECKSUM
  const [a, b] = checksum(key, view, length)
  view.setUint32(length, a, true)
  view.setUint32(length + 4, b, true)
  return new Uint8Array(words.buffer)
}

function opened(key: Uint8Array, value: Uint8Array, length: number): BigUint64Array | undefined {
  if (value.length !== length + CHECKSUM || !isSealed(key, value)) return undefined
  // A copy, because what a database returns need not be aligned.
  return new BigUint64Array(value.slice().buffer, 0, length / 8)
}

/**
 * Two chains over the words of key and value, as in MurmurHash3. Each step is a bijection of the word and of the state, so
 * that a change within one word always shows, and others but for a chance of 2^-64. Against accidents, not forgers: those
 * are found by rebuilding the root.
 */
function checksum(key: Uint8Array, view: DataView, length: number): Checksum {
  let a = 0x9747b28c
  let b = 0x3c6ef372
  for (let at = 0; at < key.length; at++) {
    a = mixFirst(a, key[at] as number)
    b = mixSecond(b, key[at] as number)
  }
  a = mixFirst(a, length)
  b = mixSecond(b, length)
  for (let at = 0; at < length; at += 4) {
    const word = view.getUint32(at, true)
    a = mixFirst(a, word)
    b = mixSecond(b, word)
  }
  return [finish(a), finish(b)]
}

function mixFirst(state: number, word: number): number {
  const x = Math.imul(state ^ word, 0x85ebca6b)
  return (x << 13) | (x >>> 19)
}

function mixSecond(state: number, word: number): number {
  const y = Math.imul(state ^ word, 0xc2b2ae35)
  return (y << 15) | (y >>> 17)
}

function finish(state: number): number {
  const x = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  return (x ^ (x >>> 13)) >>> 0
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
