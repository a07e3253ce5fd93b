/**
 * Arithmetic modulo a prime of 254 bits, two elements at a time.
 *
 * Elements are in Montgomery form, in signed limbs, and are reduced as late as possible. There are two ways to
 * hold them: {@link simdArithmetic} and {@link scalarArithmetic}. Both give the same functions with the same
 * preconditions, so that everything above is written once:
 *
 * - an element is `ELEMENT` bytes; a pair of elements `PAIR` bytes, in a form of its own (`gather`, `scatter`);
 * - *tight* means limbs that carries have passed, as `mul`, `sqr`, `reduce` and `inv` leave them;
 * - `add`, `sub` and `neg` do not carry. `mul` takes the tight, and sums and differences of two tight, on either
 *   side; `sqr` the tight only; more has to pass `reduce` first;
 * - values are bounded, not canonical: `mul` of |x| <= a p and |y| <= b p gives at most (0.379 a b + 0.5001) p.
 *   Operands go up to 2.6 p, and a b up to 5.6, so that the result's last limb has its place; `reduce` takes sums of up to four tight elements, that is limbs of up to
 *   2^52 and values of up to 4 p, and gives 0.5001 p. It is not exact beyond.
 *
 * docs/prover-arithmetic.md argues the bounds.
 */

import { invert } from '../field.js'
import { addInversion } from './inversion.js'
import { align, type Program } from './program.js'
import { scalarArithmetic } from './scalar.js'
import { simdArithmetic } from './simd.js'
import { type Code, call, I32, i32, type Local, memory } from './wasm.js'

/** Length in bytes of an element, and of a pair of them, in either form. */
export const ELEMENT = 40
export const PAIR = 80

/** Bytes of a canonical integer, little endian. */
export const INTEGER = 32

/** Which arithmetic a module uses. */
export type ArithmeticName = 'simd' | 'scalar'

/** A form of elements, and the code that differs between forms. */
export interface Arithmetic {
  readonly name: ArithmeticName
  /** Whether {@link addTo} adds `sqrSub2` and `subMulSub`, which otherwise are put together from others. */
  readonly fuses: boolean
  /** Montgomery's R is 2 to this. */
  readonly rBits: number
  /** An integer in [0, 2^255) as one element, tight. */
  readonly encode: (value: bigint) => Uint8Array
  /** The integer, perhaps negative, that an element's bytes stand for. */
  readonly decode: (bytes: Uint8Array) => bigint
  /** The bytes of a pair from those of two elements, and back. */
  readonly join: (a: Uint8Array, b: Uint8Array) => Uint8Array
  readonly split: (pair: Uint8Array) => readonly [Uint8Array, Uint8Array]
  /** Adds the functions that depend on the form under the prefix `name`. */
  readonly addTo: (program: Program, o: { name: string; modulus: bigint }) => void
  /** Adds the function `name` that {@link Field.dot} describes. */
  readonly addDot: (
    program: Program,
    o: { name: string; modulus: bigint; terms: number; addend: boolean },
  ) => void
}

/**
 * Operations on pairs, common to a field and its extension. Pointers are i32; results go first, as in `memcpy`,
 * and may be where an operand is.
 */
export interface PairOperations {
  readonly name: string
  /** Length in bytes of an element, and of a pair. */
  readonly elementLength: number
  readonly pairLength: number
  readonly mul: (out: Code, x: Code, y: Code) => Code
  readonly sqr: (out: Code, x: Code) => Code
  readonly add: (out: Code, x: Code, y: Code) => Code
  readonly sub: (out: Code, x: Code, y: Code) => Code
  readonly neg: (out: Code, x: Code) => Code
  readonly copy: (out: Code, x: Code) => Code
  /** x^2 - y - z, reduced; all tight, y and z not where the result goes. */
  readonly sqrSub2: (out: Code, x: Code, y: Code, z: Code) => Code
  /** (w - x) y - z, reduced; all tight, y and z not where the result goes. */
  readonly subMulSub: (out: Code, w: Code, x: Code, y: Code, z: Code) => Code
  /** A pair of zeros, whatever was there. */
  readonly clear: (out: Code) => Code
  /** Carries, and brings sums of up to four tight elements, at most 4 p, to at most 0.5001 p. */
  readonly reduce: (out: Code, x: Code) => Code
  /** Pair of the other order. */
  readonly swap: (out: Code, x: Code) => Code
  /** Pair of the elements at a and b. */
  readonly gather: (out: Code, a: Code, b: Code) => Code
  /** Pair of the elements at a and b, each negated if its flag is 1. */
  readonly gatherSigned: (out: Code, a: Code, negateA: Code, b: Code, negateB: Code) => Code
  /** Elements at a and b from a pair. */
  readonly scatter: (a: Code, b: Code, x: Code) => Code
  /** Pushes 1 if the first of a pair is 0 mod p, plus 2 if the second is; takes what `reduce` takes. */
  readonly zeros: (x: Code) => Code
  /** Inverses of a pair; 0 gives 0 for both, so that a caller asks {@link zeros} where it matters. */
  readonly inv: (out: Code, x: Code) => Code
}

/** How a field's elements stand for numbers; it needs no program. */
export interface FieldForm {
  readonly modulus: bigint
  readonly arithmetic: Arithmetic
  /** x in Montgomery form as a bigint: x R mod p. */
  readonly toMontgomery: (x: bigint) => bigint
  readonly fromMontgomery: (x: bigint) => bigint
}

/** A field whose functions are in a program. */
export interface Field extends PairOperations, FieldForm {
  /** w x + y z, and w x - y z; as `mul`, with a b + c d in place of a b. */
  readonly mulAdd: (out: Code, w: Code, x: Code, y: Code, z: Code) => Code
  readonly mulSub: (out: Code, w: Code, x: Code, y: Code, z: Code) => Code
  /** 9 x + y and 9 x - y, reduced, of tight x and y of at most 1.5 p. */
  readonly nineAdd: (out: Code, x: Code, y: Code) => Code
  readonly nineSub: (out: Code, x: Code, y: Code) => Code
  /**
   * Adds a function that sums products of two pairs each, one behind the other in memory, for one reduction, and
   * returns how to call it: out, x, y, x', y', …, z gives x[0] y[0] + x[1] y[1] + x'[0] y'[0] + … + z, reduced.
   *
   * Operands are as for `mul`, with tight ones on one side and sums of at most two on the other; the sum of a b over
   * the products' bounds is at most 5.6 p^2, z at most 0.5001 p.
   *
   * @param o.terms  number of products of two pairs, 1 to 3
   * @param o.addend whether there is z
   */
  readonly addDot: (
    program: Program,
    o: { name: string; terms: number; addend?: boolean },
  ) => (...args: Code[]) => Code
  /** Address of a constant pair, both elements x, in Montgomery form. */
  readonly pairOf: (x: bigint) => number
  /** Address of a constant pair as it is, without Montgomery's factor. */
  readonly rawPairOf: (x: bigint) => number
  /** Pair, not in Montgomery form, of the canonical integers at a and b; tight enough for `mul`. */
  readonly fromIntegers: (out: Code, a: Code, b: Code) => Code
  /** Canonical integers at a and b of a pair that is not in Montgomery form; takes what `reduce` takes. */
  readonly toIntegers: (a: Code, b: Code, x: Code) => Code
  /** Pair in Montgomery form of the canonical integers at a and b, and back. */
  readonly encode: (out: Code, a: Code, b: Code) => Code
  readonly decode: (a: Code, b: Code, x: Code) => Code
}

/** {@link PairOperations.sqrSub2} and {@link PairOperations.subMulSub} in steps. */
export function inSteps(
  field: Pick<PairOperations, 'mul' | 'sqr' | 'sub' | 'reduce'>,
): Pick<PairOperations, 'sqrSub2' | 'subMulSub'> {
  const { mul, sqr, sub, reduce } = field
  return {
    sqrSub2: (out, x, y, z) => [sqr(out, x), sub(out, out, y), sub(out, out, z), reduce(out, out)],
    subMulSub: (out, w, x, y, z) => [sub(out, w, x), mul(out, out, y), sub(out, out, z), reduce(out, out)],
  }
}

/** The two forms by name. */
export const ARITHMETICS: Readonly<Record<ArithmeticName, Arithmetic>> = {
  simd: simdArithmetic,
  scalar: scalarArithmetic,
}

/** Returns the form of a field's elements; parameters are those of {@link addField}. */
export function formOf(o: { modulus: bigint; arithmetic: ArithmeticName }): FieldForm {
  const { modulus } = o
  const arithmetic = ARITHMETICS[o.arithmetic]
  const r = (1n << BigInt(arithmetic.rBits)) % modulus
  const inverseOfR = invert(r, modulus)
  return {
    modulus,
    arithmetic,
    toMontgomery: (x) => (x * r) % modulus,
    fromMontgomery: (x) => (x * inverseOfR) % modulus,
  }
}

/**
 * Adds a field's functions to a program, named `<name>_mul` and so on.
 *
 * @param o.name       prefix of its functions
 * @param o.modulus    an odd prime between 2^253 and 2^254
 * @param o.arithmetic the form of its elements
 */
export function addField(
  program: Program,
  o: { name: string; modulus: bigint; arithmetic: ArithmeticName },
): Field {
  const { name, modulus } = o
  const form = formOf(o)
  const { arithmetic, toMontgomery } = form
  arithmetic.addTo(program, { name, modulus })
  const constants = new Map<bigint, number>()
  const rawPairOf = (x: bigint): number => {
    const known = constants.get(x)
    if (known !== undefined) return known
    const element = arithmetic.encode(x)
    const address = program.constant(arithmetic.join(element, element))
    constants.set(x, address)
    return address
  }
  const fn =
    (operation: string) =>
    (...args: Code[]): Code =>
      call(`${name}_${operation}`, ...args)
  const field: Field = {
    name,
    elementLength: ELEMENT,
    pairLength: PAIR,
    ...form,
    pairOf: (x) => rawPairOf(toMontgomery(x)),
    rawPairOf,
    mul: fn('mul'),
    mulAdd: fn('mulAdd'),
    nineAdd: fn('nineAdd'),
    nineSub: fn('nineSub'),
    addDot(program, { terms, addend = false, ...o }) {
      const full = `${name}_${o.name}`
      arithmetic.addDot(program, { name: full, modulus, terms, addend })
      return (...args) => call(full, ...args)
    },
    mulSub: fn('mulSub'),
    sqr: fn('sqr'),
    ...(arithmetic.fuses
      ? { sqrSub2: fn('sqrSub2'), subMulSub: fn('subMulSub') }
      : inSteps({ mul: fn('mul'), sqr: fn('sqr'), sub: fn('sub'), reduce: fn('reduce') })),
    add: fn('add'),
    sub: fn('sub'),
    neg: fn('neg'),
    copy: fn('copy'),
    clear: fn('clear'),
    reduce: fn('reduce'),
    swap: fn('swap'),
    gather: fn('gather'),
    gatherSigned: fn('gatherSigned'),
    scatter: fn('scatter'),
    zeros: fn('zeros'),
    inv: fn('inv'),
    fromIntegers: fn('fromIntegers'),
    toIntegers: fn('toIntegers'),
    encode: fn('encode'),
    decode: fn('decode'),
  }
  addCommon(program, field, toMontgomery(1n))
  return field
}

function addCommon(program: Program, field: Field, r: bigint): void {
  const { name, modulus } = field
  const { module } = program
  const define = (
    operation: string,
    count: number,
    body: (p: Local[], local: Local) => Code,
    results = false,
  ) =>
    module.func({
      name: `${name}_${operation}`,
      params: Array(count).fill(I32),
      results: results ? [I32] : [],
      body: (f) => body(f.params, f.local(I32)),
    })
  // In both forms the element 0 is zeros.
  define('clear', 1, ([out]) => memory.fill(out!.get, i32.const(0), i32.const(PAIR)))
  const rSquared = (r * r) % modulus
  const toMontgomery = i32.const(field.rawPairOf(rSquared))
  define('encode', 3, ([out, a, b]) => [
    field.fromIntegers(out!.get, a!.get, b!.get),
    field.mul(out!.get, out!.get, toMontgomery),
  ])
  const plain = program.scratch(PAIR)
  const one = i32.const(field.rawPairOf(1n))
  define('decode', 3, ([a, b, x]) => [field.mul(plain, x!.get, one), field.toIntegers(a!.get, b!.get, plain)])

  // Both elements' inverses from that of their product: it is in both places, so that one inversion serves.
  addInversion(program, { name: `${name}_invertInteger`, modulus })
  const [swapped, product] = [program.scratch(PAIR), program.scratch(PAIR)]
  const integers = program.scratch(align(2 * INTEGER))
  // For x R and y R the integer is x y R; R^3 / (x y R) / R = R / (x y), and times y R is R / x.
  const rCubed = i32.const(field.rawPairOf((rSquared * r) % modulus))
  define('inv', 2, ([out, x]) => [
    field.swap(swapped, x!.get),
    field.mul(product, x!.get, swapped),
    field.toIntegers(integers, i32.add(integers, i32.const(INTEGER)), product),
    call(`${name}_invertInteger`, integers, integers),
    field.fromIntegers(product, integers, integers),
    field.mul(product, product, rCubed),
    field.mul(out!.get, product, swapped),
  ])
}

export { invert } from '../field.js'
