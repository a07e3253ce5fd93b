/** Arithmetic in G1 and G2 on points as they lie in `.zkey` and `.ptau` files, in WebAssembly, two points at a time. */
import { chooseArithmetic } from '../bn254/arithmetic.js'
import { addCurve, type Curve } from '../bn254/curve.js'
import { addExtension } from '../bn254/extension.js'
import { addField, type Field, INTEGER } from '../bn254/field.js'
import { align, createProgram, type Program } from '../bn254/program.js'
import { I32, i32 } from '../bn254/wasm.js'
import { FIELD_MODULUS as r } from '../field.js'
import { POINT_LENGTH } from '../formats/zkey.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import { MONTGOMERY_INVERSE } from './points.js'

/** Which group. */
export type GroupName = 'G1' | 'G2'

/**
 * One of the groups with memory of its own. Addresses are of pairs of points; what is done to a pair is done to both.
 *
 * Times depend on the values: whoever can measure this process closely learns of its scalars.
 */
export interface Group {
  readonly name: GroupName
  /** Bytes of an affine point in a file: coordinates in Montgomery form for 2^256, little-endian; infinity is zeros. */
  readonly pointLength: number
  /** Bytes of a pair in memory. */
  readonly pairLength: number
  /** Reserves memory for pairs, which hold nothing yet. */
  alloc(pairs: number): number
  /** Gives back all that was reserved since the last {@link Group.mark}. */
  mark(): number
  release(mark: number): void
  /** Writes two points from files as a pair; both may be the same. */
  load(out: number, a: Uint8Array, b: Uint8Array): void
  /** Returns both points of a pair in the form of files. */
  store(pair: number): readonly [Uint8Array, Uint8Array]
  clear(out: number): void
  copy(out: number, a: number): void
  add(out: number, a: number, b: number): void
  double(out: number, a: number): void
  negate(out: number, a: number): void
  /** A pair with the second point first. */
  swap(out: number, a: number): void
  /** Bytes of a single point in memory, for tables. */
  readonly entryLength: number
  /** Reserves memory for single points, all of them at infinity. */
  allocEntries(count: number): number
  /** A pair of two single points, and back. */
  gather(out: number, a: number, b: number): void
  scatter(a: number, b: number, pair: number): void
}

const PAGE = 0x10000
const MAX_PAGES = 65536

const groups = new Map<GroupName, Promise<Group>>()

/** Starts the arithmetic of a group, once per process. */
export function openGroup(name: GroupName): Promise<Group> {
  let group = groups.get(name)
  if (!group) {
    group = createGroup(name)
    groups.set(name, group)
  }
  return group
}

/** Starts the arithmetic of a group with memory of its own, which goes with it: for large tables. */
export async function createGroup(name: GroupName): Promise<Group> {
  const type = { shared: false, initial: 16, maximum: MAX_PAGES }
  const program = createProgram({ memory: type })
  const fq = addField(program, { name: 'fq', modulus: q, arithmetic: await chooseArithmetic() })
  const field = name === 'G1' ? fq : addExtension(program, { name: 'fq2', base: fq })
  const curve = addCurve(program, { name: 'curve', field })
  addBorder(program, { curve, fq, coordinates: name === 'G1' ? 1 : 2 })
  const assembly = program.finish()

  const memory = new WebAssembly.Memory(type)
  for (const { address, bytes } of assembly.constants) new Uint8Array(memory.buffer).set(bytes, address)
  const { instance } = await WebAssembly.instantiate(assembly.bytes, { env: { memory } })
  const wasm = instance.exports as Record<string, (...args: number[]) => number>
  ;(instance.exports['scratch'] as WebAssembly.Global).value = assembly.end
  let end = align(assembly.end + assembly.scratchLength)
  const reserve = (length: number): number => {
    const address = end
    end = align(end + length)
    const missing = end - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
    return address
  }
  const pointLength = POINT_LENGTH[name]
  // Behind the coordinates the number 1, or 0 for infinity, which the border puts into ZZ and ZZZ.
  const [first, second] = [reserve(pointLength + INTEGER), reserve(pointLength + INTEGER)]
  const write = (address: number, point: Uint8Array): void => {
    const bytes = new Uint8Array(memory.buffer)
    bytes.set(point, address)
    bytes[address + pointLength] = point.some((byte) => byte !== 0) ? 1 : 0
  }
  const unary = (operation: string) => {
    const run = wasm[`curve_${operation}`]!
    return (out: number, a: number): void => void run(out, a)
  }
  const add = wasm['curve_add']!
  return {
    name,
    pointLength,
    pairLength: curve.pairLength,
    alloc: (pairs) => reserve(pairs * curve.pairLength),
    mark: () => end,
    release(mark) {
      end = mark
    },
    load(out, a, b) {
      write(first, a)
      write(second, b)
      wasm['border_load']!(out, first, second)
    },
    store(pair) {
      wasm['border_store']!(first, second, pair)
      const bytes = new Uint8Array(memory.buffer)
      return [bytes.slice(first, first + pointLength), bytes.slice(second, second + pointLength)]
    },
    clear: (out) => void wasm['curve_clear']!(out),
    copy: unary('copy'),
    add: (out, a, b) => void add(out, a, b),
    double: unary('double'),
    negate: (out, a) => void wasm['border_negate']!(out, a),
    swap: unary('swap'),
    entryLength: 4 * curve.field.elementLength,
    allocEntries(count) {
      const length = count * 4 * curve.field.elementLength
      const address = reserve(length)
      // Infinity is all zeros. What was released may be anything.
      new Uint8Array(memory.buffer).fill(0, address, address + length)
      return address
    },
    gather: (out, a, b) => void wasm['curve_gather']!(out, a, b),
    scatter: (a, b, pair) => void wasm['curve_scatter']!(a, b, pair),
  }
}

/** Adds what takes pairs from files and to them. Files have another Montgomery form than the program. */
function addBorder(program: Program, o: { curve: Curve; fq: Field; coordinates: number }): void {
  const { curve, fq, coordinates } = o
  const { pairLength } = curve.field
  // mul divides by R.
  const intoOurs = i32.const(fq.rawPairOf((fq.toMontgomery(fq.toMontgomery(1n)) * MONTGOMERY_INVERSE) % q))
  const intoTheirs = i32.const(fq.rawPairOf(2n ** 256n % q))
  const one = i32.const(fq.rawPairOf(fq.toMontgomery(fq.toMontgomery(1n))))
  const pair = program.scratch(2 * curve.field.pairLength)
  const at = (address: ReturnType<typeof i32.const>, offset: number) => i32.add(address, i32.const(offset))
  const parts = Array.from({ length: 2 * coordinates }, (_, i) => i)
  program.module.func({
    name: 'border_load',
    params: [I32, I32, I32],
    body: ({ params: [out, a, b] }) => [
      parts.map((i) => [
        fq.fromIntegers(pair, at(a!.get, INTEGER * i), at(b!.get, INTEGER * i)),
        fq.mul(pair, pair, intoOurs),
        fq.reduce(at(out!.get, fq.pairLength * i), pair),
      ]),
      fq.fromIntegers(pair, at(a!.get, 2 * coordinates * INTEGER), at(b!.get, 2 * coordinates * INTEGER)),
      fq.mul(pair, pair, one),
      fq.reduce(pair, pair),
      [2, 3].map((i) => [
        fq.copy(at(out!.get, pairLength * i), pair),
        coordinates === 1 ? [] : fq.sub(at(out!.get, pairLength * i + fq.pairLength), pair, pair),
      ]),
    ],
  })
  program.module.func({
    name: 'border_store',
    params: [I32, I32, I32],
    body: ({ params: [a, b, x] }) => [
      curve.toAffine(pair, at(pair, pairLength), x!.get),
      parts.map((i) => [
        fq.mul(at(pair, fq.pairLength * i), at(pair, fq.pairLength * i), intoTheirs),
        fq.toIntegers(at(a!.get, INTEGER * i), at(b!.get, INTEGER * i), at(pair, fq.pairLength * i)),
      ]),
    ],
  })
  program.module.func({
    name: 'border_negate',
    params: [I32, I32],
    body: ({ params: [out, a] }) => [
      curve.copy(out!.get, a!.get),
      // The field's negation is not reduced, as points at rest are.
      curve.field.neg(at(out!.get, pairLength), at(out!.get, pairLength)),
    ],
  })
}

/** Digits of a scalar from the lowest: each `width` bits, signed, at most 2^(width - 1) in size. */
export function signedDigits(scalar: bigint, width: number): Int8Array {
  // The shorter one of k and k - r, because most coefficients of circuits are small numbers or their negatives.
  const negative = 2n * scalar > r
  const text = (negative ? r - scalar : scalar).toString(2)
  const count = Math.floor(text.length / width) + 1
  const digits = new Int8Array(count)
  let carry = 0
  for (let i = 0; i < count; i++) {
    const stop = text.length - width * i
    const bits = stop > 0 ? text.slice(Math.max(0, stop - width), stop) : '0'
    const digit = Number.parseInt(bits, 2) + carry
    carry = digit > 2 ** (width - 1) ? 1 : 0
    digits[i] = digit - carry * 2 ** width
  }
  const last = digits.findLastIndex((digit) => digit !== 0)
  return digits.slice(0, last + 1).map((digit) => (negative ? -digit : digit))
}

const WINDOW = 5

/**
 * Multiplies points of G1 or G2 by one scalar.
 *
 * @param o.points     points as in files, one behind the other
 * @param o.scalar     canonical element of the scalar field
 * @param o.onProgress called now and then with the number of points that were done since
 */
export function multiplyAll(
  group: Group,
  o: { points: Uint8Array; scalar: bigint; onProgress?: (done: number) => void },
): Uint8Array {
  const { points, scalar, onProgress } = o
  const { pointLength, pairLength } = group
  const digits = signedDigits(scalar, WINDOW)
  const result = new Uint8Array(points.length)
  const count = points.length / pointLength
  const mark = group.mark()
  const half = 2 ** (WINDOW - 1)
  const [table, sum] = [group.alloc(2 * half + 1), group.alloc(1)]
  const entry = (digit: number): number => table + (half + digit) * pairLength
  const at = (i: number): Uint8Array => points.subarray(i * pointLength, (i + 1) * pointLength)
  for (let i = 0; i < count; i += 2) {
    group.clear(entry(0))
    group.load(entry(1), at(i), at(Math.min(i + 1, count - 1)))
    group.negate(entry(-1), entry(1))
    for (let digit = 2; digit <= half; digit++) {
      group.add(entry(digit), entry(digit - 1), entry(1))
      group.negate(entry(-digit), entry(digit))
    }
    group.clear(sum)
    for (let k = digits.length - 1; k >= 0; k--) {
      for (let bit = 0; bit < WINDOW; bit++) group.double(sum, sum)
      const digit = digits[k] as number
      if (digit !== 0) group.add(sum, sum, entry(digit))
    }
    const [a, b] = group.store(sum)
    result.set(a, i * pointLength)
    if (i + 1 < count) result.set(b, (i + 1) * pointLength)
    if (i % 1024 === 0) onProgress?.(Math.min(1024, count - i))
  }
  group.release(mark)
  return result
}

/** Bytes of a random factor in {@link sumTwice}. */
export const FACTOR_BYTES = 16

/**
 * Sums the points of two lists of equal length with the same factors.
 *
 * @param o.factors     unsigned integers of `factorBytes` bytes each, little-endian
 * @param o.factorBytes by default {@link FACTOR_BYTES}
 */
export function sumTwice(
  group: Group,
  o: {
    points: readonly [Uint8Array, Uint8Array]
    factors: Uint8Array
    factorBytes?: number
    onProgress?: (done: number) => void
  },
): readonly [Uint8Array, Uint8Array] {
  const { points, factors, factorBytes = FACTOR_BYTES } = o
  const { pointLength, pairLength } = group
  const count = points[0].length / pointLength
  const width = count < 64 ? 4 : 8
  const windows = (8 * factorBytes) / width
  const size = 2 ** width
  const mark = group.mark()
  const buckets = group.alloc(windows * size)
  for (let i = 0; i < windows * size; i++) group.clear(buckets + i * pairLength)
  const [pair, sum, line, total] = [group.alloc(1), group.alloc(1), group.alloc(1), group.alloc(1)]
  for (let i = 0; i < count; i++) {
    const [a, b] = points.map((list) => list.subarray(i * pointLength, (i + 1) * pointLength))
    group.load(pair, a as Uint8Array, b as Uint8Array)
    for (let window = 0; window < windows; window++) {
      const bit = window * width
      const byte = factors[i * factorBytes + (bit >> 3)] as number
      const digit = (byte >> (bit & 7)) & (size - 1)
      const bucket = buckets + (window * size + digit) * pairLength
      if (digit !== 0) group.add(bucket, bucket, pair)
    }
    if (i % 1024 === 0) o.onProgress?.(Math.min(1024, count - i))
  }
  group.clear(total)
  for (let window = windows - 1; window >= 0; window--) {
    for (let bit = 0; bit < width; bit++) group.double(total, total)
    group.clear(sum)
    group.clear(line)
    for (let digit = size - 1; digit > 0; digit--) {
      group.add(line, line, buckets + (window * size + digit) * pairLength)
      group.add(sum, sum, line)
    }
    group.add(total, total, sum)
  }
  const sums = group.store(total)
  group.release(mark)
  return sums
}
