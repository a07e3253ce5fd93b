/**
 * Follows bounds through generated code: a program is written so that it records each of its field operations, and the
 * record is replayed on bounds in place of values. What a bound permits, every value below it permits too.
 */
import { ELEMENT, PAIR } from '../../src/bn254/field.js'
import type { Program } from '../../src/bn254/program.js'
import { type Code, control, I32, i32 } from '../../src/bn254/wasm.js'

/** What is known of both elements of a pair, or of one. */
export interface Bound {
  /** Size of the value in multiples of the modulus. */
  readonly value: number
  /** Size of all limbs but the last in multiples of a tight limb's: how many tight elements were added up. */
  readonly limbs: number
}

/** An element below the modulus, as constants and what is encoded are. */
export const CANONICAL: Bound = { value: 1, limbs: 1 }
/** As `reduce` leaves it, and as points and values are at rest. */
export const REDUCED: Bound = { value: 0.5001, limbs: 1 }
export const ZERO: Bound = { value: 0, limbs: 0 }

/** The primitives of a field. All other functions are made of them. */
const OPERATIONS = [
  'mul',
  'sqr',
  'mulAdd',
  'mulSub',
  'sqrSub2',
  'subMulSub',
  'add',
  'sub',
  'neg',
  'copy',
  'clear',
  'swap',
  'reduce',
  'zeros',
  'nineAdd',
  'nineSub',
  'gather',
  'gatherSigned',
  'scatter',
  'fromIntegers',
  'toIntegers',
  'dot2',
  'dot3',
] as const
type Operation = (typeof OPERATIONS)[number]

/** The address at which the next entry of the record goes; none is kept while it is 0. */
const RECORD = 'record'

/** Returns the program with primitives that record themselves and their operands' addresses. */
export function recording(program: Program): Program {
  const next = program.module.global(RECORD, 0)
  const store = (word: number, value: Code): Code => i32.store(next.get, value, 4 * word)
  return {
    ...program,
    module: {
      ...program.module,
      func(o) {
        const [, operation] = /^(?:fq|fr)_(\w+)$/.exec(o.name) ?? []
        const index = OPERATIONS.indexOf(operation as Operation)
        if (index < 0) {
          program.module.func(o)
          return
        }
        program.module.func({
          ...o,
          body: (f) => [
            control.if(next.get, [
              store(0, i32.const(index)),
              f.params.map((param, i) => (o.params[i] === I32 ? store(1 + i, param.get) : [])),
              next.set(i32.add(next.get, i32.const(4 * (1 + f.params.length)))),
            ]),
            o.body(f),
          ],
        })
      },
    },
  }
}

/** Number of parameters of each primitive. */
const PARAMETERS: Readonly<Record<Operation, number>> = {
  mul: 3,
  sqr: 2,
  mulAdd: 5,
  mulSub: 5,
  sqrSub2: 4,
  subMulSub: 5,
  add: 3,
  sub: 3,
  neg: 2,
  copy: 2,
  clear: 1,
  swap: 2,
  reduce: 2,
  zeros: 1,
  nineAdd: 3,
  nineSub: 3,
  gather: 3,
  gatherSigned: 5,
  scatter: 3,
  fromIntegers: 3,
  toIntegers: 3,
  dot2: 6,
  dot3: 7,
}

/** Rounds up, so that doubles' rounding hides nothing. */
const up = (x: number): number => x * (1 + 1e-9)
const product = (ab: number): Bound => ({ value: up(0.3787 * ab + 0.5001), limbs: 1 })

/** Two pairs of which one is the sum or the difference. */
interface Origin {
  readonly operation: Operation
  readonly x: Bound
  readonly y: Bound
}

/** Bounds of what lies in memory. */
export class Bounds {
  readonly #pairs = new Map<number, Bound & { readonly from?: Origin }>()
  readonly #elements = new Map<number, Bound>()
  /** Operations that do not have what they ask for, each named once. */
  readonly violations = new Set<string>()
  /** The largest a b + c d + … of products and the largest value that was reduced, and how many operations there were. */
  readonly most = { product: 0, limbs: 0, reduced: 0, operations: 0 }

  /** Declares pairs, or elements, that are in memory from the beginning. */
  assume(o: { address: number; count: number; bound: Bound; as: 'pairs' | 'elements' }): void {
    const [map, length] = o.as === 'pairs' ? [this.#pairs, PAIR] : [this.#elements, ELEMENT]
    for (let i = 0; i < o.count; i++) map.set(o.address + i * length, o.bound)
  }

  /** The bound of the pair at an address. */
  pair(address: number): Bound | undefined {
    return this.#pairs.get(address)
  }

  /** Replays a record of `recording`'s programs. */
  replay(record: Uint32Array): void {
    for (let at = 0; at < record.length; ) {
      const operation = OPERATIONS[record[at]!]!
      const parameters = PARAMETERS[operation]
      this.#step(operation, [...record.subarray(at + 1, at + 1 + parameters)])
      at += 1 + parameters
      this.most.operations++
    }
  }

  #require(condition: boolean, what: string): void {
    if (!condition) this.violations.add(what)
  }

  #known(map: Map<number, Bound>, address: number, operation: Operation): Bound {
    const bound = map.get(address)
    this.#require(bound !== undefined, `${operation} of what was never written, or not as such`)
    return bound ?? REDUCED
  }

  #step(operation: Operation, [out, ...rest]: number[]): void {
    const pair = (i: number): Bound => this.#known(this.#pairs, rest[i]!, operation)
    const set = (bound: Bound): void => {
      this.#pairs.set(out!, bound)
    }
    const larger = (a: Bound, b: Bound): Bound => ({
      value: Math.max(a.value, b.value),
      limbs: Math.max(a.limbs, b.limbs),
    })
    /** |a b|; (x + y) (x - y) is x^2 - y^2, of which the larger bounds it. */
    const sizeOf = (a: Bound & { from?: Origin }, b: Bound & { from?: Origin }): number => {
      const [sum, difference] = [a.from, b.from]
      const same =
        sum?.operation === 'add' &&
        difference?.operation === 'sub' &&
        sum.x === difference.x &&
        sum.y === difference.y
      return same ? Math.max(sum.x.value, sum.y.value) ** 2 : a.value * b.value
    }
    /** Checks products of operands, and returns what their sum leaves. */
    const products = (terms: readonly (readonly [Bound, Bound])[]): Bound => {
      let sum = 0
      // The scalar form's nine products for each term, of 2^28 and 2^28 times these, and nine more of 2^56 are below 2^63.
      this.#require(
        terms.reduce((total, [a, b]) => total + a.limbs * b.limbs, 0) <= 12,
        `${operation}: limbs of all`,
      )
      for (const [a, b] of terms) {
        const say = `${operation} of ${a.limbs} and ${b.limbs} tight ones`
        // |xy| <= 2^102 for all limbs, of which the last has up to 2^49.6 times the value.
        this.#require(a.limbs * b.limbs <= 4, `${say}: limbs`)
        this.#require(Math.max(a.value * b.limbs, b.value * a.limbs) <= 2 ** 2.4, `${say}: last limb`)
        this.#require(Math.max(a.value, b.value) <= 2.6, `${say}: more than 2.6 p`)
        this.most.limbs = Math.max(this.most.limbs, a.limbs * b.limbs)
        sum += sizeOf(a, b)
      }
      this.most.product = Math.max(this.most.product, sum)
      this.#require(sum <= 5.6, `${operation}: a b = ${sum.toFixed(2)}`)
      return product(sum)
    }
    const reducible = (bound: Bound): void => {
      // l + q p_i stays exact: below 2^53, which is 8 tight limbs, and below 2^31 in the scalar form.
      const exact = bound.limbs + Math.floor(bound.value + 0.5001) <= 8
      this.#require(exact, `${operation} of ${bound.limbs} tight ones, ${bound.value.toFixed(2)} p`)
      this.most.reduced = Math.max(this.most.reduced, bound.value)
    }
    switch (operation) {
      case 'mul':
        set(products([[pair(0), pair(1)]]))
        return
      case 'sqr':
        this.#require(pair(0).limbs <= 1, 'sqr of what is not tight')
        set(products([[pair(0), pair(0)]]))
        return
      case 'mulAdd':
      case 'mulSub':
        set(
          products([
            [pair(0), pair(1)],
            [pair(2), pair(3)],
          ]),
        )
        return
      case 'sqrSub2':
      case 'subMulSub': {
        const bounds = rest.map((_, i) => pair(i))
        this.#require(
          bounds.every(({ limbs }) => limbs <= 1),
          `${operation} of what is not tight`,
        )
        const [w, x, y] = bounds as [Bound, Bound, Bound]
        const ofProduct =
          operation === 'sqrSub2'
            ? products([[w, w]])
            : products([[{ value: up(w.value + x.value), limbs: w.limbs + x.limbs }, y]])
        const less = operation === 'sqrSub2' ? bounds.slice(1) : bounds.slice(3)
        reducible({
          value: up(less.reduce((sum, { value }) => sum + value, ofProduct.value)),
          limbs: less.reduce((sum, { limbs }) => sum + limbs, ofProduct.limbs),
        })
        set(REDUCED)
        return
      }
      case 'dot2':
      case 'dot3': {
        const terms = operation === 'dot2' ? 2 : 3
        const all = Array.from({ length: 2 * terms }, (_, i) => {
          const [x, y] = [rest[i & ~1]!, rest[i | 1]!].map((at) =>
            this.#known(this.#pairs, at + PAIR * (i & 1), operation),
          )
          return [x!, y!] as const
        })
        products(all)
        const tightOnOneSide = [0, 1].some((side) => all.every((term) => term[side as 0 | 1].limbs <= 1))
        this.#require(tightOnOneSide, `${operation} without a tight side`)
        if (rest.length > 2 * terms) {
          const { value, limbs } = pair(2 * terms)
          this.#require(value <= REDUCED.value && limbs <= 1, `${operation} plus what is not reduced`)
        }
        set(REDUCED)
        return
      }
      case 'add':
      case 'sub': {
        const [a, b] = [pair(0), pair(1)]
        if (operation === 'sub' && rest[0] === rest[1]) {
          set(ZERO)
          return
        }
        this.#require(a.limbs + b.limbs < 8, `${operation} of ${a.limbs + b.limbs} tight ones`)
        this.#pairs.set(out!, {
          value: up(a.value + b.value),
          limbs: a.limbs + b.limbs,
          from: { operation, x: a, y: b },
        })
        return
      }
      case 'copy': {
        // Or two elements, one behind the other.
        const elements = [0, ELEMENT].map((offset) => this.#elements.get(rest[0]! + offset))
        if (this.#pairs.has(rest[0]!) || elements.includes(undefined)) set(pair(0))
        for (const [i, bound] of elements.entries()) {
          if (bound !== undefined) this.#elements.set(out! + i * ELEMENT, bound)
        }
        return
      }
      case 'neg':
      case 'swap':
        set(pair(0))
        return
      case 'clear':
        set(ZERO)
        return
      case 'reduce':
        reducible(pair(0))
        set(REDUCED)
        return
      case 'zeros':
        reducible(this.#known(this.#pairs, out!, operation))
        return
      case 'nineAdd':
      case 'nineSub':
        for (const { value, limbs } of [pair(0), pair(1)]) {
          this.#require(
            limbs <= 1 && value <= 1.5,
            `${operation} of ${limbs} tight ones, ${value.toFixed(2)} p`,
          )
        }
        set(REDUCED)
        return
      case 'gather':
      case 'gatherSigned': {
        const [a, b] = [rest[0]!, rest[operation === 'gather' ? 1 : 2]!]
        set(larger(this.#known(this.#elements, a, operation), this.#known(this.#elements, b, operation)))
        return
      }
      case 'scatter': {
        // scatter(a, b, x).
        const bound = pair(1)
        this.#elements.set(out!, bound)
        this.#elements.set(rest[0]!, bound)
        return
      }
      case 'fromIntegers':
        // Below the modulus, in limbs from 0 to 2^51 or 2^29.
        set({ value: 1, limbs: 2 })
        return
      case 'toIntegers':
        // toIntegers(a, b, x).
        reducible(pair(1))
    }
  }
}

/** Switches recording on while `run` runs, and returns the record. */
export function record(
  machine: { call: Readonly<Record<string, unknown>>; bytes: Uint8Array },
  start: number,
  run: () => void,
): Uint32Array {
  const next = machine.call[RECORD] as WebAssembly.Global
  next.value = start
  try {
    run()
    return new Uint32Array(machine.bytes.buffer.slice(start, next.value))
  } finally {
    next.value = 0
  }
}
