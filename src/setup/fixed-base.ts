import { buildBn128, type Curve } from 'ffjavascript'
import { writeUint256 } from '../formats/sections.js'

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

const BATCH = 4096

/**
 * Prepares tables of multiples of a BN254 generator in WebAssembly memory (6 to 11 MB).
 *
 * Each scalar is cut into windows; window w adds the entry `digit * 2^(bits * w) * generator`, so that one
 * multiplication takes 20 mixed additions in G1 and 24 in G2, and no doubling. Not constant-time: only for
 * scalars that are public anyway.
 */
export async function createFixedBase(group: 'G1' | 'G2'): Promise<FixedBase> {
  // A curve of its own, in this thread: the library's shared one has workers that keep Node alive.
  const curve = await buildBn128(true)
  const o =
    group === 'G1' ? { prefix: 'g1m', coordinate: 32, bits: 13 } : { prefix: 'g2m', coordinate: 64, bits: 11 }
  const windows = Math.ceil(254 / o.bits)
  const pointLength = 2 * o.coordinate
  const jacobianLength = 3 * o.coordinate
  const { exports } = curve.tm.instance
  const addMixed = exports[`${o.prefix}_addMixed`]!
  const zero = exports[`${o.prefix}_zero`]!
  const toAffine = exports[`${o.prefix}_batchToAffine`]!

  const entries = 1 << o.bits
  const table = allocate(curve, windows * entries * pointLength)
  const scratch = allocate(curve, Math.max(entries, BATCH) * jacobianLength)
  const base = allocate(curve, jacobianLength)
  const next = allocate(curve, jacobianLength)
  // Conversion to affine takes working space behind ours: twice a coordinate for each point, and one.
  reserve(curve, (2 * Math.max(entries, BATCH) + 1) * o.coordinate)

  exports[`${o.prefix}_copy`]!(group === 'G1' ? curve.tm.pG1gen : curve.tm.pG2gen, next)
  toAffine(next, 1, base)
  for (let window = 0; window < windows; window++) {
    const start = table + window * entries * pointLength
    zero(scratch)
    for (let i = 1; i < entries; i++)
      addMixed(scratch + (i - 1) * jacobianLength, base, scratch + i * jacobianLength)
    // The next window's base is one step further than this window's last entry.
    addMixed(scratch + (entries - 1) * jacobianLength, base, next)
    toAffine(next, 1, base)
    toAffine(scratch, entries, scratch)
    const memory = new Uint8Array(curve.tm.memory.buffer)
    memory.copyWithin(start, scratch, scratch + entries * pointLength)
  }

  const digitMask = entries - 1
  const multiplyBatch = (scalars: readonly bigint[], output: Uint8Array, offset: number) => {
    const bytes = new Uint8Array(32 + 4)
    const view = new DataView(bytes.buffer)
    scalars.forEach((scalar, i) => {
      const point = scratch + i * jacobianLength
      zero(point)
      if (scalar === 0n) return
      writeUint256(bytes, 0, scalar)
      for (let window = 0; window < windows; window++) {
        const bit = window * o.bits
        const digit = (view.getUint32(bit >> 3, true) >>> (bit & 7)) & digitMask
        if (digit !== 0) addMixed(point, table + (window * entries + digit) * pointLength, point)
      }
    })
    toAffine(scratch, scalars.length, scratch)
    output.set(new Uint8Array(curve.tm.memory.buffer, scratch, scalars.length * pointLength), offset)
  }

  return {
    pointLength,
    multiply(scalars, onProgress) {
      const output = new Uint8Array(scalars.length * pointLength)
      for (let start = 0; start < scalars.length; start += BATCH) {
        const batch = scalars.slice(start, start + BATCH)
        multiplyBatch(batch, output, start * pointLength)
        onProgress?.(batch.length)
      }
      return output
    },
  }
}

function allocate(curve: Curve, length: number): number {
  const address = (new Uint32Array(curve.tm.memory.buffer, 0, 1)[0]! + 7) & ~7
  reserve(curve, address + length - new Uint32Array(curve.tm.memory.buffer, 0, 1)[0]!)
  new Uint32Array(curve.tm.memory.buffer, 0, 1)[0] = address + length
  return address
}

function reserve(curve: Curve, length: number): void {
  const { memory } = curve.tm
  const end = new Uint32Array(memory.buffer, 0, 1)[0]! + length
  const missing = end - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 0x10000))
}
