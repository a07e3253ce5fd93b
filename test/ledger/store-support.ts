import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '../../src/ledger/index.js'

/** The ledger of these tests. */
export const NAME = { id: 'eip155:31337:0xledger', categories: ['unpaid', 'defaults'] } as const

/** A generator of numbers that depends on the seed alone: xorshift128+ on 64 bits. */
export function createRandom(seed: bigint): { bits(count: number): bigint; below(bound: number): number } {
  const M = (1n << 64n) - 1n
  let [a, b] = [(seed * 0x9e3779b97f4a7c15n + 1n) & M, (seed ^ 0xd1b54a32d192ed03n) & M]
  const next = (): bigint => {
    let x = a
    const y = b
    a = y
    x ^= (x << 23n) & M
    b = x ^ y ^ (x >> 17n) ^ (y >> 26n)
    return (b + y) & M
  }
  const bits = (count: number): bigint => {
    let value = 0n
    for (let have = 0; have < count; have += 64) value = (value << 64n) | next()
    return value & ((1n << BigInt(count)) - 1n)
  }
  return { bits, below: (bound) => Number(bits(53) % BigInt(bound)) }
}

/** The i-th entry of an endless queue, from i alone: `handles` handles, edges of all parts among them. */
export function entryAt(i: number, handles = 64): Entry {
  const random = createRandom(BigInt(i) + 1n)
  const which = random.below(handles)
  const handle =
    which === 0 ? 0n : which === 1 ? (1n << 248n) - 1n : createRandom(BigInt(which) << 20n).bits(248)
  const at = 1_700_000_000n + BigInt(i)
  const kind = random.below(20)
  if (kind === 0) return { handle, category: 31, to: random.bits(248) }
  const category = kind === 1 ? 4 + random.below(27) : random.below(4)
  const size = random.below(4)
  const amount =
    size === 0
      ? random.bits(65) - (1n << 64n)
      : size === 1
        ? -random.bits(8)
        : size === 2
          ? (1n << 64n) - 1n
          : random.bits(20)
  return { handle, category, amount, ref: random.bits(148), at } as Entry
}

/** Entries from a position on. */
export function entriesAt(from: number, count: number, handles?: number): Entry[] {
  return Array.from({ length: count }, (_, i) => entryAt(from + i, handles))
}

const folders: string[] = []

/** Makes a folder that {@link removeFolders} removes. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-ledger-'))
  folders.push(folder)
  return folder
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
