/*
 * Sums of multiples of points of G1, two at a time: all multiples of a sum are taken together, five bits of each between
 * two doublings (Straus).
 */
import { chooseArithmetic } from '../bn254/arithmetic.js'
import { addCurve } from '../bn254/curve.js'
import { type ArithmeticName, ELEMENT, type Field, INTEGER } from '../bn254/field.js'
import { at, type Program } from '../bn254/program.js'
import { type Code, control, I32, i32 } from '../bn254/wasm.js'
import { coordinates, type Started, startModule } from './coordinates.js'

/** Bits of a digit, which lies between -2^(WINDOW - 1) and 2^(WINDOW - 1). */
const WINDOW = 5

/** A digit's greatest size: so many multiples of a point are made. */
const MULTIPLES = 2 ** (WINDOW - 1)

/** Digits of numbers below 2^253. */
const DIGITS = 51

/** Sums whose points have their multiples in memory at once. */
const BATCH = 512

/** Bytes of a point in memory: X, Y, ZZ and ZZZ. */
const ENTRY = 4 * ELEMENT
const POINT = 2 * INTEGER
/** Bytes of a step: what is added to either sum, or a doubling. */
const STEP = 8
const PAGE = 65536

/** A multiple of a point: `point` as in a key, `value` from -(r - 1) / 2 to (r - 1) / 2. */
export interface Multiple {
  readonly point: Uint8Array
  readonly value: bigint
}

/** Returns the numbers of additions that a multiple takes, about. */
export function additionsOf(value: bigint): number {
  return Math.ceil((value < 0n ? -value : value).toString(2).length / WINDOW)
}

/**
 * Computes sums of multiples, and hands each over with its index, a point as in a key that is only there until the next one.
 * Points are told apart by their arrays, not by what these hold.
 */
export type CombinePoints = (o: {
  sums: readonly (readonly Multiple[])[]
  put: (index: number, point: Uint8Array) => void
  /** Waited for now and then. */
  pause: () => Promise<void>
}) => Promise<void>

/** Starts the arithmetic of {@link CombinePoints}. */
export async function openCombine(arithmetic?: ArithmeticName): Promise<CombinePoints> {
  const started = await startModule({
    arithmetic: arithmetic ?? (await chooseArithmetic()),
    pages: { initial: 16, maximum: 4096 },
    add: addSums,
  })
  return (o) => combine(started, o)
}

async function combine(started: Started, o: Parameters<CombinePoints>[0]): Promise<void> {
  const { sums, put, pause } = o
  const { wasm } = started
  const input = started.free
  const infinity = input + 2 * POINT
  const tables = infinity + ENTRY

  for (let first = 0; first < sums.length; first += BATCH) {
    const batch = sums.slice(first, first + BATCH).map((multiples, i) => ({
      index: first + i,
      digits: multiples
        .map(({ point, value }) => ({ point, digits: digitsOf(value) }))
        .sort((a, b) => b.digits.length - a.digits.length),
    }))
    // Both of a pair take about as long.
    batch.sort((a, b) => cost(b.digits) - cost(a.digits))
    const [wide, narrow] = [new Set<Uint8Array>(), new Set<Uint8Array>()]
    for (const { digits } of batch)
      for (const { point, digits: own } of digits)
        (own.length > 1 || (own[0] ?? 0) ** 2 > 1 ? wide : narrow).add(point)
    const bases = [...wide, ...[...narrow].filter((point) => !wide.has(point))]
    const addresses = new Map<Uint8Array, number>()
    let end = tables
    for (const point of bases) {
      addresses.set(point, end)
      end += (wide.has(point) ? MULTIPLES : 1) * ENTRY
    }
    const most = Math.max(...batch.map(({ digits }) => digits.length))
    const steps = end
    grow(started.memory, steps + STEP * DIGITS * (WINDOW + most))
    const bytes = new Uint8Array(started.memory.buffer)
    const words = new Uint32Array(started.memory.buffer)
    for (let i = 0; i < bases.length; i += 2) {
      const a = bases[i] as Uint8Array
      const b = bases[i + 1] ?? a
      bytes.set(a, input)
      bytes.set(b, input + POINT)
      const [toA, toB] = [addresses.get(a) as number, addresses.get(b) as number]
      wasm['load']?.(toA, toB, input, input + POINT)
      // Where only one has multiples, the other's would be written over its neighbour.
      if (wide.has(a)) wasm['multiples']?.(toA, wide.has(b) ? toB : toA)
    }
    for (let i = 0; i < batch.length; i += 2) {
      const [a, b] = [batch[i], batch[i + 1] ?? batch[i]] as [(typeof batch)[number], (typeof batch)[number]]
      let word = steps / 4
      let begun = false
      const entry = (sum: typeof a, k: number, digit: number): number => {
        const d = sum.digits[k]?.digits[digit] ?? 0
        if (d === 0) return infinity
        const base = addresses.get(sum.digits[k]?.point as Uint8Array) as number
        return base + (Math.abs(d) - 1) * ENTRY + (d < 0 ? 1 : 0)
      }
      const length = Math.max(...[a, b].map(({ digits }) => digits[0]?.digits.length ?? 0))
      for (let digit = length - 1; digit >= 0; digit--) {
        for (let k = 0; begun && k < WINDOW; k++, word += 2) words[word] = 0
        for (let k = 0; k < Math.max(a.digits.length, b.digits.length); k++) {
          const [toA, toB] = [entry(a, k, digit), entry(b, k, digit)]
          if (toA === infinity && toB === infinity) continue
          words[word] = toA
          words[word + 1] = toB
          word += 2
          begun = true
        }
      }
      wasm['combine']?.(input, steps, (4 * word - steps) / STEP)
      put(a.index, bytes.subarray(input, input + POINT))
      if (b !== a) put(b.index, bytes.subarray(input + POINT, input + 2 * POINT))
    }
    await pause()
  }
}

function cost(multiples: readonly { readonly digits: Int8Array }[]): number {
  return multiples.reduce((sum, { digits }) => sum + digits.length, 0)
}

/** Signed digits, from the lowest on. */
function digitsOf(value: bigint): Int8Array {
  const digits: number[] = []
  const sign = value < 0n ? -1 : 1
  let carry = 0
  for (let rest = value < 0n ? -value : value; rest > 0n || carry > 0; rest >>= BigInt(WINDOW)) {
    const digit = Number(rest & BigInt(2 ** WINDOW - 1)) + carry
    carry = digit > MULTIPLES ? 1 : 0
    digits.push(sign * (digit - carry * 2 ** WINDOW))
  }
  return Int8Array.from(digits)
}

function grow(memory: WebAssembly.Memory, length: number): void {
  const missing = Math.ceil((length - memory.buffer.byteLength) / PAGE)
  if (missing > 0) memory.grow(missing)
}

/**
 * Adds `load(entryA, entryB, pointA, pointB)`, `multiples(tableA, tableB)` of the points that were loaded there, and
 * `combine(out, steps, count)`.
 */
function addSums(program: Program, fq: Field): void {
  const { module } = program
  const curve = addCurve(program, { name: 'g1', field: fq })
  const P = fq.pairLength
  const [x, s] = [program.scratch(P), program.scratch(P)]
  const [sum, next] = [program.scratch(curve.pairLength), program.scratch(curve.pairLength)]
  const one = i32.const(fq.pairOf(1n))
  const { take, give } = coordinates(fq, s)
  module.func({
    name: 'load',
    params: [I32, I32, I32, I32],
    body: ({ params }) => {
      const [toA, toB, a, b] = params.map(({ get }) => get) as [Code, Code, Code, Code]
      return [
        [0, 1].map((i) => [
          take(x, at(a, i * INTEGER), at(b, i * INTEGER)),
          fq.scatter(at(toA, i * ELEMENT), at(toB, i * ELEMENT), x),
        ]),
        [2, 3].map((i) => fq.scatter(at(toA, i * ELEMENT), at(toB, i * ELEMENT), one)),
      ]
    },
  })
  module.func({
    name: 'multiples',
    params: [I32, I32],
    body: ({ params: [a, b], local }) => {
      const left = local(I32)
      return [
        curve.gather(next, a!.get, b!.get),
        curve.copy(sum, next),
        left.set(i32.const(MULTIPLES - 1)),
        control.block(
          control.loop(
            control.brIf(1, i32.eqz(left.get)),
            a!.set(i32.add(a!.get, i32.const(ENTRY))),
            b!.set(i32.add(b!.get, i32.const(ENTRY))),
            curve.add(sum, sum, next),
            curve.scatter(a!.get, b!.get, sum),
            left.set(i32.sub(left.get, i32.const(1))),
            control.br(0),
          ),
        ),
      ]
    },
  })
  module.func({
    name: 'combine',
    params: [I32, I32, I32],
    body: ({ params: [out, steps, count], local }) => {
      const [a, b, negateA, negateB] = [local(I32), local(I32), local(I32), local(I32)]
      return [
        curve.clear(sum),
        control.block(
          control.loop(
            control.brIf(1, i32.eqz(count!.get)),
            a.set(i32.load(steps!.get)),
            control.if(i32.eqz(a.get), curve.double(sum, sum), [
              b.set(i32.load(at(steps!.get, 4))),
              negateA.set(i32.and(a.get, i32.const(1))),
              negateB.set(i32.and(b.get, i32.const(1))),
              a.set(i32.sub(a.get, negateA.get)),
              b.set(i32.sub(b.get, negateB.get)),
              [0, 1, 2, 3].map((i) => {
                const [to, fromA, fromB] = [at(next, i * P), at(a.get, i * ELEMENT), at(b.get, i * ELEMENT)]
                return i === 1
                  ? fq.gatherSigned(to, fromA, negateA.get, fromB, negateB.get)
                  : fq.gather(to, fromA, fromB)
              }),
              curve.add(sum, sum, next),
            ]),
            steps!.set(i32.add(steps!.get, i32.const(STEP))),
            count!.set(i32.sub(count!.get, i32.const(1))),
            control.br(0),
          ),
        ),
        curve.toAffine(x, next, sum),
        give(out!.get, at(out!.get, POINT), x),
        give(at(out!.get, INTEGER), at(out!.get, POINT + INTEGER), next),
      ]
    },
  })
}
