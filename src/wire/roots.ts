/*
 * Points of BN254 from their x coordinates: y is a square root of x^3 + b, one of two. Numbers are as in `.zkey` files:
 * Montgomery form for 2^256, 32 little-endian bytes.
 */
import { chooseArithmetic } from '../bn254/arithmetic.js'
import { addExtension } from '../bn254/extension.js'
import { type ArithmeticName, type Field, INTEGER } from '../bn254/field.js'
import { at, type Program } from '../bn254/program.js'
import { type Code, call, control, I32, i32, type Local } from '../bn254/wasm.js'
import { invert } from '../field.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import { coordinates, startModule } from './coordinates.js'

/** Points that are worked on at once. */
const BATCH = 2048

/** Bits of an exponent that are taken at once. */
const WINDOW = 4

/** Bytes of what comes out for a point of G2: two numbers and a flag. */
const ROOT_LENGTH = 2 * INTEGER + 16

/** Square roots for many points. */
export interface Roots {
  /** One y for each x of G1. */
  readonly g1: (xs: Uint8Array) => Uint8Array
  /** One y (two numbers) for each x (two numbers) of G2. */
  readonly g2: (xs: Uint8Array) => Uint8Array
}

const opened = new Map<ArithmeticName, Promise<Roots>>()

/** Starts the arithmetic, once per thread. */
export async function openRoots(arithmetic?: ArithmeticName): Promise<Roots> {
  const name = arithmetic ?? (await chooseArithmetic())
  let roots = opened.get(name)
  if (!roots) {
    roots = createRoots(name)
    opened.set(name, roots)
  }
  return roots
}

async function createRoots(arithmetic: ArithmeticName): Promise<Roots> {
  const started = await startModule({ arithmetic, pages: { initial: 16, maximum: 64 }, add: addRoots })
  const { wasm, memory, free: input } = started
  const bytes = new Uint8Array(memory.buffer)
  const output = input + BATCH * 2 * INTEGER

  const inBatches = (
    o: { xs: Uint8Array; length: number; name: string; outLength: number },
    take: (out: number, point: number) => void,
  ): void => {
    const count = o.xs.length / o.length
    for (let first = 0; first < count; first += BATCH) {
      const batch = Math.min(BATCH, count - first)
      bytes.set(o.xs.subarray(first * o.length, (first + batch) * o.length), input)
      wasm[o.name]?.(output, input, batch)
      for (let i = 0; i < batch; i++) take(output + i * o.outLength, first + i)
    }
  }
  return {
    g1(xs) {
      const ys = new Uint8Array(xs.length)
      inBatches({ xs, length: INTEGER, name: 'roots_g1', outLength: INTEGER }, (out, point) =>
        ys.set(bytes.subarray(out, out + INTEGER), INTEGER * point),
      )
      return ys
    },
    g2(xs) {
      const ys = new Uint8Array(xs.length)
      inBatches({ xs, length: 2 * INTEGER, name: 'roots_g2', outLength: ROOT_LENGTH }, (out, point) => {
        const [w, v] = [bytes.subarray(out, out + INTEGER), bytes.subarray(out + INTEGER, out + 2 * INTEGER)]
        const at = 2 * INTEGER * point
        const straight = bytes[out + 2 * INTEGER] === 1
        ys.set(straight ? w : v, at)
        ys.set(straight ? v : w, at + INTEGER)
        if (!straight) negate(ys, at)
      })
      return ys
    },
  }
}

const MODULUS = Uint8Array.from({ length: INTEGER }, (_, i) => Number((q >> BigInt(8 * i)) & 255n))

/** Replaces a number by its negative modulo q, in place. */
export function negate(bytes: Uint8Array, position: number): void {
  let any = 0
  for (let i = 0; i < INTEGER; i++) any |= bytes[position + i] as number
  if (any === 0) return
  let borrow = 0
  for (let i = 0; i < INTEGER; i++) {
    const difference = (MODULUS[i] as number) - (bytes[position + i] as number) - borrow
    bytes[position + i] = difference & 255
    borrow = difference < 0 ? 1 : 0
  }
}

/**
 * Adds `roots_g1(out, xs, count)` and `roots_g2(out, xs, count)`.
 *
 * In G1, q = 3 mod 4 and y is a^((q + 1) / 4). In G2, for a = c0 + c1 u with norm n, t = (c0 + sqrt(n)) / 2 and
 * w = t^((q + 1) / 4): if w^2 = t, y is w + c1 / (2 w) u, and else w^2 = -t and y is c1 / (2 w) + w u. The inverse of w is
 * plus or minus t^((q - 3) / 4) in these cases, which is known by then. What comes out is w, that power times c1 / 2, and
 * which case it is.
 */
function addRoots(program: Program, fq: Field): void {
  const fq2 = addExtension(program, { name: 'fq2', base: fq })
  const { module } = program
  const P = fq.pairLength
  const power = addPower(program, fq)
  const half = i32.const(fq.pairOf((q + 1n) / 2n))
  const one = i32.const(fq.pairOf(1n))
  const b1 = i32.const(fq.pairOf(3n))
  // 3 / (9 + u) = 3 (9 - u) / 82.
  const over82 = invert(82n, q)
  const b2 = i32.const(fq2.pairOf((27n * over82) % q, ((q - 3n) * over82) % q))
  const [x, y, e] = [0, 1, 2].map(() => program.scratch(2 * P)) as [Code, Code, Code]
  const [s, t] = [program.scratch(P), program.scratch(P)] as [Code, Code]

  const { take, give } = coordinates(fq, s)
  const pairs = (
    name: string,
    o: { inLength: number; outLength: number },
    body: (p: { a: Code; b: Code; outA: Code; outB: Code; flags: Local }) => Code,
  ): void =>
    module.func({
      name,
      params: [I32, I32, I32],
      body: ({ params: [out, xs, count], local }) => {
        const [i, next, flags] = [local(I32), local(I32), local(I32)]
        const place = (start: Local, index: Local, length: number): Code =>
          i32.add(start.get, i32.mul(index.get, i32.const(length)))
        return [
          i.set(i32.const(0)),
          control.block(
            control.loop(
              control.brIf(1, i32.geU(i.get, count!.get)),
              next.set(i32.add(i.get, i32.const(1))),
              next.set(control.select(next.get, i.get, i32.ltU(next.get, count!.get))),
              body({
                a: place(xs!, i, o.inLength),
                b: place(xs!, next, o.inLength),
                outA: place(out!, i, o.outLength),
                outB: place(out!, next, o.outLength),
                flags,
              }),
              i.set(i32.add(i.get, i32.const(2))),
              control.br(0),
            ),
          ),
        ]
      },
    })

  pairs('roots_g1', { inLength: INTEGER, outLength: INTEGER }, ({ a, b, outA, outB }) => [
    take(x, a, b),
    fq.sqr(y, x),
    fq.mul(y, y, x),
    fq.add(y, y, b1),
    fq.reduce(y, y),
    power(e, y),
    fq.mul(y, y, e),
    give(outA, outB, y),
  ])
  pairs('roots_g2', { inLength: 2 * INTEGER, outLength: ROOT_LENGTH }, ({ a, b, outA, outB, flags }) => [
    take(x, a, b),
    take(at(x, P), at(a, INTEGER), at(b, INTEGER)),
    fq2.sqr(y, x),
    fq2.mul(y, y, x),
    fq2.add(y, y, b2),
    fq2.reduce(y, y),
    // The norm and its root.
    fq.sqr(s, y),
    fq.sqr(t, at(y, P)),
    fq.add(s, s, t),
    fq.reduce(s, s),
    power(e, s),
    fq.mul(s, s, e),
    fq.add(t, y, s),
    fq.reduce(t, t),
    fq.mul(t, t, half),
    power(e, t),
    // w, and c1 / 2 times the power.
    fq.mul(x, t, e),
    fq.mul(y, at(y, P), half),
    fq.mul(y, y, e),
    fq.mul(t, x, e),
    fq.sub(t, t, one),
    fq.reduce(t, t),
    flags.set(fq.zeros(t)),
    give(outA, outB, x),
    give(at(outA, INTEGER), at(outB, INTEGER), y),
    i32.store(at(outB, 2 * INTEGER), i32.shrU(flags.get, i32.const(1))),
    // The last one of an odd number is in both lanes.
    i32.store(at(outA, 2 * INTEGER), i32.and(flags.get, i32.const(1))),
  ])
}

/** Adds the power (q - 3) / 4, by windows of bits, and returns how to call it: out, x. */
function addPower(program: Program, fq: Field): (out: Code, x: Code) => Code {
  const exponent = (q - 3n) / 4n
  const windows: number[] = []
  for (let rest = exponent; rest > 0n; rest >>= BigInt(WINDOW))
    windows.unshift(Number(rest & (2n ** BigInt(WINDOW) - 1n)))
  const digits = program.constant(Uint8Array.from(windows))
  const P = fq.pairLength
  const table = program.scratch(2 ** WINDOW * P)
  const sum = program.scratch(P)
  const entries = Array.from({ length: 2 ** WINDOW - 1 }, (_, i) => i + 1)
  const entry = (index: Code): Code => i32.add(table, i32.mul(index, i32.const(P)))
  program.module.func({
    name: `${fq.name}_power`,
    params: [I32, I32],
    body: ({ params: [out, x], local }) => {
      const [i, digit] = [local(I32), local(I32)]
      return [
        entries.map((k) =>
          k === 1
            ? fq.copy(at(table, P), x!.get)
            : fq.mul(at(table, k * P), at(table, (k - 1) * P), at(table, P)),
        ),
        fq.copy(sum, at(table, (windows[0] as number) * P)),
        i.set(i32.const(1)),
        control.block(
          control.loop(
            control.brIf(1, i32.geU(i.get, i32.const(windows.length))),
            Array.from({ length: WINDOW }, () => fq.sqr(sum, sum)),
            digit.set(i32.load8(i32.add(i32.const(digits), i.get))),
            control.if(digit.get, fq.mul(sum, sum, entry(digit.get))),
            i.set(i32.add(i.get, i32.const(1))),
            control.br(0),
          ),
        ),
        fq.copy(out!.get, sum),
      ]
    },
  })
  return (out, x) => call(`${fq.name}_power`, out, x)
}
