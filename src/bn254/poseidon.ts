/** Poseidon in WebAssembly, for bulk work: two hashes at a time. `src/crypto/poseidon.ts` is the reference. */
import { FULL_ROUNDS, type PoseidonParameters, poseidonParameters } from '../crypto/poseidon-parameters.js'
import { FIELD_MODULUS } from '../field.js'
import { type ArithmeticName, addField, type Field, INTEGER, PAIR } from './field.js'
import { type Assembly, createProgram, type Program } from './program.js'
import { type Code, call, control, I32, i32, type Local } from './wasm.js'

/** Hashes many inputs at once. Works on one memory: calls do not overlap. */
export interface BulkPoseidon {
  readonly arithmetic: ArithmeticName
  /** Hashes 1 to 16 canonical field elements, as `poseidon` does. */
  hash(inputs: readonly bigint[]): bigint
  /** Hashes two tuples of equal length in little more time than one. */
  hashTwo(a: readonly bigint[], b: readonly bigint[]): readonly [bigint, bigint]
  /**
   * Hashes `count` tuples of `arity` canonical field elements.
   *
   * @param o.inputs  count * arity integers of 32 bytes, little endian
   * @returns count integers of 32 bytes, little endian, a copy
   * @throws {RangeError} if the lengths do not fit
   */
  hashMany(o: { readonly arity: number; readonly count: number; readonly inputs: Uint8Array }): Uint8Array
}

/** Bytes for inputs and outputs of one call. */
const BUFFER = 1 << 20
const PAGE = 1 << 16
/** Most inputs of a hash. */
const MAX_ARITY = 16

/**
 * Creates a hasher. Code for an arity is made when it is first used.
 *
 * @param o.arithmetic  by default `simd` where the engine has relaxed SIMD that fuses, else `scalar`
 * @throws {WebAssembly.CompileError} if `simd` is asked for and the engine does not have it
 */
export function createBulkPoseidon(o: { readonly arithmetic?: ArithmeticName } = {}): BulkPoseidon {
  const arithmetic = o.arithmetic ?? (fuses() ? 'simd' : 'scalar')
  const hashers = new Map<number, Hasher>()
  const hasherOf = (arity: number): Hasher => {
    if (!Number.isInteger(arity) || arity < 1 || arity > MAX_ARITY) {
      throw new RangeError('poseidon takes 1 to 16 inputs')
    }
    const known = hashers.get(arity)
    if (known !== undefined) return known
    const hasher = createHasher(arity, arithmetic)
    hashers.set(arity, hasher)
    return hasher
  }
  return {
    arithmetic,
    hash(inputs) {
      const { input, output, run } = hasherOf(inputs.length)
      for (const [i, value] of inputs.entries()) writeWords(input, 4 * i, value)
      run(1)
      return readWords(output, 0)
    },
    hashTwo(a, b) {
      if (a.length !== b.length) throw new RangeError('both tuples must have the same length')
      const { input, output, run } = hasherOf(a.length)
      for (const [i, value] of [...a, ...b].entries()) writeWords(input, 4 * i, value)
      run(2)
      return [readWords(output, 0), readWords(output, 4)]
    },
    hashMany({ arity, count, inputs }) {
      const { inputBytes, outputBytes, run } = hasherOf(arity)
      const length = INTEGER * arity
      if (inputs.length !== count * length) throw new RangeError('inputs must be count times arity integers')
      const outputs = new Uint8Array(count * INTEGER)
      const most = Math.floor(inputBytes.length / length)
      for (let from = 0; from < count; from += most) {
        const to = Math.min(count, from + most)
        inputBytes.set(inputs.subarray(from * length, to * length))
        run(to - from)
        outputs.set(outputBytes.subarray(0, (to - from) * INTEGER), from * INTEGER)
      }
      return outputs
    },
  }
}

/** Writes a number below 2^256 as four words of 64 bits, the lowest first. */
export function writeWords(words: BigUint64Array, at: number, value: bigint): void {
  // Conversion to the array's type takes the low 64 bits.
  words[at] = value
  words[at + 1] = value >> 64n
  words[at + 2] = value >> 128n
  words[at + 3] = value >> 192n
}

/** Reads what {@link writeWords} wrote. */
export function readWords(words: BigUint64Array, at: number): bigint {
  const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]] as [
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  return a | (b << 64n) | (c << 128n) | (d << 192n)
}

/** An instance for one arity. */
interface Hasher {
  readonly input: BigUint64Array
  readonly output: BigUint64Array
  readonly inputBytes: Uint8Array
  readonly outputBytes: Uint8Array
  readonly run: (count: number) => void
}

/** A module for one arity that exports `poseidon(out, in, count)`, and what its host has to do; can be sent to a thread. */
export interface PoseidonModule {
  readonly module: WebAssembly.Module
  /** Bytes to write once, and the start of the scratch memory, which goes into the global `scratch`. */
  readonly constants: Assembly['constants']
  readonly scratch: number
  /** Pages of the memory that it imports, at first and at most. */
  readonly pages: number
  readonly maximum: number
  readonly inputAt: number
  readonly outputAt: number
  /** Most hashes for one call. */
  readonly most: number
}

const modules = new Map<string, PoseidonModule>()

/** Returns the module for 1 to 16 inputs; made once. */
export function poseidonModule(arity: number, arithmetic: ArithmeticName): PoseidonModule {
  const key = `${arithmetic} ${arity}`
  const known = modules.get(key)
  if (known !== undefined) return known
  const assembly = assemble((program) => {
    const field = addField(program, { name: 'fr', modulus: FIELD_MODULUS, arithmetic })
    addPoseidon(program, field, poseidonParameters(arity + 1))
  })
  const most = Math.floor(BUFFER / arity / INTEGER)
  const outputAt = assembly.end + assembly.scratchLength
  const inputAt = outputAt + most * INTEGER
  const made = {
    module: new WebAssembly.Module(assembly.bytes),
    constants: assembly.constants,
    scratch: assembly.end,
    pages: Math.ceil((inputAt + BUFFER) / PAGE),
    ...{ maximum: MAX_PAGES, inputAt, outputAt, most },
  }
  modules.set(key, made)
  return made
}

function createHasher(arity: number, arithmetic: ArithmeticName): Hasher {
  const made = poseidonModule(arity, arithmetic)
  const { inputAt, outputAt, most } = made
  const { buffer, exports } = instantiate(made)
  return {
    input: new BigUint64Array(buffer, inputAt, 8 * arity),
    output: new BigUint64Array(buffer, outputAt, 8),
    inputBytes: new Uint8Array(buffer, inputAt, most * arity * INTEGER),
    outputBytes: new Uint8Array(buffer, outputAt, most * INTEGER),
    run: (count) => exports['poseidon']?.(outputAt, inputAt, count),
  }
}

/** The greatest memory that a module here may be given, in pages. */
const MAX_PAGES = 256

function assemble(write: (program: Program) => void): Assembly {
  const program = createProgram({ memory: { shared: false, initial: 1, maximum: MAX_PAGES } })
  write(program)
  return program.finish()
}

function instantiate(o: {
  readonly module: WebAssembly.Module
  readonly constants: Assembly['constants']
  readonly scratch: number
  readonly pages: number
}): { buffer: ArrayBuffer; exports: Record<string, (...args: number[]) => number> } {
  const memory = new WebAssembly.Memory({ initial: o.pages, maximum: MAX_PAGES })
  for (const { address, bytes } of o.constants) new Uint8Array(memory.buffer).set(bytes, address)
  const { exports } = new WebAssembly.Instance(o.module, { env: { memory } })
  ;(exports['scratch'] as WebAssembly.Global).value = o.scratch
  return { buffer: memory.buffer, exports: exports as Record<string, (...args: number[]) => number> }
}

let fused: boolean | undefined

/**
 * Tells whether the vector form computes rightly here: the engine may lack relaxed SIMD, or round its multiply-add
 * twice, which the form of this field does not survive.
 */
function fuses(): boolean {
  if (fused !== undefined) return fused
  const [x, y] = [FIELD_MODULUS - 2n, (FIELD_MODULUS * 3n) / 7n]
  try {
    const [inAt, outAt] = [0, 2 * INTEGER]
    let at = 0
    const assembly = assemble((program) => {
      const field = addField(program, { name: 'fr', modulus: FIELD_MODULUS, arithmetic: 'simd' })
      at = program.constant(new Uint8Array(4 * INTEGER))
      const [a, b] = [program.scratch(PAIR), program.scratch(PAIR)]
      const place = (offset: number): Code => i32.const(at + offset)
      program.module.func({
        name: 'probe',
        params: [],
        body: () => [
          field.encode(a, place(inAt), place(inAt + INTEGER)),
          field.swap(b, a),
          field.mul(a, a, b),
          field.decode(place(outAt), place(outAt + INTEGER), a),
        ],
      })
    })
    if (!WebAssembly.validate(assembly.bytes)) {
      fused = false
      return fused
    }
    const { buffer, exports } = instantiate({
      module: new WebAssembly.Module(assembly.bytes),
      constants: assembly.constants,
      scratch: assembly.end,
      pages: 1 + Math.ceil((assembly.end + assembly.scratchLength) / PAGE),
    })
    const words = new BigUint64Array(buffer, at, 16)
    writeWords(words, 0, x)
    writeWords(words, 4, y)
    exports['probe']?.()
    fused = readWords(words, 8) === (x * y) % FIELD_MODULUS && readWords(words, 12) === readWords(words, 8)
  } catch {
    fused = false
  }
  return fused
}

/** Sums that stay within what `reduce` takes: up to four tight elements, up to 4 p. */
class Sum {
  readonly #code: Code[] = []
  readonly #field: Field
  readonly #out: Code
  #tight = 0
  #bound = 0

  constructor(field: Field, out: Code) {
    this.#field = field
    this.#out = out
  }

  /** Adds what `put` writes to a place: one tight element of at most `bound` p. */
  add(put: (to: Code) => Code, spare: Code, bound: number): void {
    const { add, reduce } = this.#field
    if (this.#tight === 0) this.#code.push(put(this.#out))
    else {
      if (this.#tight === 4 || this.#bound + bound > 3.9) {
        this.#code.push(reduce(this.#out, this.#out))
        this.#tight = 1
        this.#bound = REDUCED
      }
      this.#code.push(put(spare), add(this.#out, this.#out, spare))
    }
    this.#tight++
    this.#bound += bound
  }

  reduced(): Code {
    return [this.#code, this.#field.reduce(this.#out, this.#out)]
  }
}

/** Bounds in units of p: after `reduce`, of a constant, after an S-box, of an element that was added to once. */
const REDUCED = 0.501
const CONSTANT = 1
const BOXED = 0.65
const ADDED = REDUCED + 0.75
const product = (a: number, b: number): number => 0.379 * a * b + 0.5001

/**
 * Adds `poseidon(out, in, count)`: `count` hashes of tuples at `in`, as integers of 32 bytes, to `out`.
 *
 * The state is in scratch memory, one pair per element, and is reduced after every round.
 */
function addPoseidon(program: Program, field: Field, parameters: PoseidonParameters): void {
  const { width, partialRounds, matrix, lastMatrix, afterFull, partial, corner } = parameters
  const { module } = program
  const table = (values: readonly bigint[]): number => {
    const { encode, join } = field.arithmetic
    const bytes = new Uint8Array(values.length * PAIR)
    for (const [i, value] of values.entries()) {
      const element = encode(field.toMontgomery(value))
      bytes.set(join(element, element), i * PAIR)
    }
    return program.constant(bytes)
  }
  const places = Array.from({ length: width }, () => program.scratch(PAIR))
  const news = Array.from({ length: width }, () => program.scratch(PAIR))
  const [s0, ...others] = places as [Code, ...Code[]]
  const [spare, boxed] = [program.scratch(PAIR), program.scratch(PAIR)]
  const at = (pointer: Local, index: number): Code => i32.add(pointer.get, i32.const(index * PAIR))

  // To the fifth power, from a reduced element.
  const box = (out: Code, x: Code): Code => [
    field.sqr(spare, x),
    field.sqr(spare, spare),
    field.mul(out, spare, x),
  ]
  /** Products of constants with elements, two for one reduction. */
  const products = (sum: Sum, pairs: readonly { constant: Code; element: Code; bound: number }[]): void => {
    for (let i = 0; i < pairs.length; i += 2) {
      const [a, b] = [pairs[i]!, pairs[i + 1]]
      if (b === undefined) {
        sum.add((to) => field.mul(to, a.constant, a.element), spare, product(CONSTANT, a.bound))
      } else {
        const bound = product(CONSTANT, a.bound + b.bound)
        sum.add((to) => field.mulAdd(to, a.constant, a.element, b.constant, b.element), spare, bound)
      }
    }
  }

  module.func({
    name: 'fullRound',
    params: [I32, I32],
    exported: false,
    body: ({ params: [rows, after] }) => [
      places.map((place) => box(place, place)),
      news.map((out, i) => {
        const sum = new Sum(field, out)
        const pairs = places.map((element, j) => ({
          constant: at(rows!, i * width + j),
          element,
          bound: BOXED,
        }))
        products(sum, pairs)
        sum.add((to) => field.copy(to, at(after!, i)), spare, CONSTANT)
        return sum.reduced()
      }),
      places.map((place, i) => field.copy(place, news[i]!)),
    ],
  })
  // Every second round reduces the other elements; they are sums of at most two tight ones.
  const corners = i32.const(table([corner]))
  for (const [name, reduces] of [
    ['partialRound', false],
    ['partialRoundReduced', true],
  ] as const) {
    module.func({
      name,
      params: [I32],
      exported: false,
      body: ({ params: [constants] }) => {
        const sum = new Sum(field, news[0]!)
        const pairs = others.map((element, j) => ({ constant: at(constants!, 1 + j), element, bound: ADDED }))
        products(sum, [{ constant: corners, element: boxed, bound: BOXED }, ...pairs])
        sum.add((to) => field.copy(to, at(constants!, 0)), spare, CONSTANT)
        return [
          box(boxed, s0),
          sum.reduced(),
          field.copy(s0, news[0]!),
          others.map((place, j) => [
            field.mul(spare, boxed, at(constants!, width + j)),
            field.add(place, place, spare),
            reduces ? field.reduce(place, place) : [],
          ]),
        ]
      },
    })
  }

  const start = table(parameters.start)
  const dense = table(matrix.flat())
  const last = table(lastMatrix.flat())
  const after = afterFull.map(table)
  const rounds = table(partial.flatMap((round) => [round.after, ...round.row, ...round.column]))
  const roundLength = (2 * width - 1) * PAIR
  const afterPartial = table(parameters.afterPartial)
  const full = (round: number): Code =>
    call(
      'fullRound',
      i32.const(round === FULL_ROUNDS / 2 - 1 ? last : dense),
      i32.const(after[round] as number),
    )
  const half = FULL_ROUNDS / 2
  module.func({
    name: 'poseidonPair',
    params: [I32, I32, I32, I32],
    exported: false,
    body: ({ params: [outA, outB, a, b], local }) => {
      const round = local(I32)
      const next = round.set(i32.add(round.get, i32.const(roundLength)))
      const end = rounds + (partialRounds - (partialRounds % 2)) * roundLength
      const input = (pointer: Local, j: number): Code => i32.add(pointer.get, i32.const(j * INTEGER))
      return [
        field.copy(s0, i32.const(start)),
        others.map((place, j) => [
          field.encode(place, input(a!, j), input(b!, j)),
          field.add(place, place, i32.const(start + (j + 1) * PAIR)),
          field.reduce(place, place),
        ]),
        Array.from({ length: half }, (_, k) => full(k)),
        round.set(i32.const(rounds)),
        control.loop(
          call('partialRound', round.get),
          next,
          call('partialRoundReduced', round.get),
          next,
          control.brIf(0, i32.ltU(round.get, i32.const(end))),
        ),
        partialRounds % 2 === 1 ? call('partialRoundReduced', round.get) : [],
        others.map((place, j) => [
          field.add(place, place, i32.const(afterPartial + j * PAIR)),
          field.reduce(place, place),
        ]),
        Array.from({ length: half }, (_, k) => full(half + k)),
        field.decode(outA!.get, outB!.get, s0),
      ]
    },
  })
  const unused = program.scratch(INTEGER)
  module.func({
    name: 'poseidon',
    params: [I32, I32, I32],
    body: ({ params: [out, input, count] }) => {
      const length = (width - 1) * INTEGER
      return control.block(
        control.loop(
          control.brIf(1, i32.eqz(count!.get)),
          control.if(i32.eq(count!.get, i32.const(1)), [
            // The second of the last pair is a copy of the first.
            call('poseidonPair', out!.get, unused, input!.get, input!.get),
            count!.set(i32.const(0)),
            control.br(2),
          ]),
          call(
            'poseidonPair',
            out!.get,
            i32.add(out!.get, i32.const(INTEGER)),
            input!.get,
            i32.add(input!.get, i32.const(length)),
          ),
          out!.set(i32.add(out!.get, i32.const(2 * INTEGER))),
          input!.set(i32.add(input!.get, i32.const(2 * length))),
          count!.set(i32.sub(count!.get, i32.const(2))),
          control.br(0),
        ),
      )
    },
  })
}
