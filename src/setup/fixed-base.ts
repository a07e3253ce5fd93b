import { writeUint256 } from '../formats/sections.js'
import { createGroup, type GroupName } from './groups.js'
import { G1_GENERATOR, G2_GENERATOR } from './points.js'

/** Multiplies the generator of one group by many scalars. */
export interface FixedBase {
  /** Length of an affine point in bytes: 64 in G1, 128 in G2. */
  readonly pointLength: number
  /**
   * Returns `scalar * generator` for every scalar as affine coordinates in Montgomery form, little-endian,
   * the form of a `.zkey`; infinity is all zeros.
   *
   * @param scalars canonical elements of the BN254 scalar field
   */
  multiply(scalars: readonly bigint[], onProgress?: (done: number) => void): Uint8Array
}

/** Bits of a window: an even number of windows covers 254 bits. */
const BITS = { G1: 13, G2: 11 } as const
/** How often progress is told, in scalars. */
const REPORT = 4096

/**
 * Prepares tables of multiples of a BN254 generator in WebAssembly memory (16 to 26 MB).
 *
 * Each scalar is cut into windows; window w adds the entry `digit * 2^(bits * w) * generator`, so that one multiplication takes
 * 20 additions in G1 and 24 in G2, and no doubling; two scalars are multiplied at a time. Not constant-time: only for scalars
 * that are public anyway.
 */
export async function createFixedBase(name: GroupName): Promise<FixedBase> {
  const group = await createGroup(name)
  const { pointLength, entryLength } = group
  const bits = BITS[name]
  const windows = Math.ceil(254 / bits)
  const half = windows / 2
  const entries = 2 ** bits
  const [sum, step] = [group.alloc(1), group.alloc(1)]
  const table = group.allocEntries(windows * entries)
  const at = (window: number, digit: number): number => table + (window * entries + digit) * entryLength

  const generator = name === 'G1' ? G1_GENERATOR : G2_GENERATOR
  group.load(sum, generator, generator)
  for (let window = 0; window < windows; window++) {
    group.scatter(at(window, 1), at(window, 1), sum)
    for (let bit = 0; bit < bits; bit++) group.double(sum, sum)
  }
  for (let window = 0; window < half; window++) {
    group.gather(step, at(window, 1), at(window + half, 1))
    group.copy(sum, step)
    for (let digit = 2; digit < entries; digit++) {
      group.add(sum, sum, step)
      group.scatter(at(window, digit), at(window + half, digit), sum)
    }
  }

  // Four bytes more, so that the last window's word can be read.
  const scalarBytes = new Uint8Array(32 + 4)
  const view = new DataView(scalarBytes.buffer)
  const digits = [new Uint16Array(windows), new Uint16Array(windows)] as const
  const cut = (scalar: bigint, out: Uint16Array): void => {
    writeUint256(scalarBytes, 0, scalar)
    for (let window = 0; window < windows; window++) {
      const bit = window * bits
      out[window] = (view.getUint32(bit >> 3, true) >>> (bit & 7)) & (entries - 1)
    }
  }
  return {
    pointLength,
    multiply(scalars, onProgress) {
      const output = new Uint8Array(scalars.length * pointLength)
      for (let i = 0; i < scalars.length; i += 2) {
        const isPair = i + 1 < scalars.length
        cut(scalars[i] as bigint, digits[0])
        cut(isPair ? (scalars[i + 1] as bigint) : 0n, digits[1])
        group.clear(sum)
        for (let window = 0; window < windows; window++) {
          const [a, b] = [digits[0][window] as number, digits[1][window] as number]
          if (a === 0 && b === 0) continue
          group.gather(step, at(window, a), at(window, b))
          group.add(sum, sum, step)
        }
        const [first, second] = group.store(sum)
        output.set(first, i * pointLength)
        if (isPair) output.set(second, (i + 1) * pointLength)
        if (i % REPORT === 0) onProgress?.(Math.min(REPORT, scalars.length - i))
      }
      return output
    },
  }
}
