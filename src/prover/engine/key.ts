/**
 * A proving key in the engine's memory: points in the arithmetic's form without those at infinity, coefficients in the
 * order in which they are read, factors of the transforms, and room to work.
 */
import type { Extension } from '../../bn254/extension.js'
import { ELEMENT, type Field, INTEGER, invert, PAIR, type PairOperations } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, call, control, I32, i32, type Local } from '../../bn254/wasm.js'
import { ArtifactError } from '../../errors.js'
import { HEADER_POINT, openZkey, ZKEY_SECTION, type Zkey } from '../../formats/zkey.js'
import { streamRows } from './abc.js'
import type { Call, Task } from './calls.js'
import { discard } from './discard.js'
import { type FftShape, fftShape, MAX_LOG_SIZE, reverseBits, twiddleLength } from './fft.js'
import { loop } from './loop.js'
import { type GroupName, HALVES, LAYOUT, type MsmPlan, planMsm } from './msm.js'

/** Points of one sum, and which scalar belongs to each. */
export interface Bases {
  readonly group: GroupName
  readonly points: number
  /** As many 32-bit indexes of scalars as there are points. */
  readonly indexes: number
  readonly plan: MsmPlan
}

/** The sums of a Groth16 proof; H belongs to C. */
export const SUMS = ['a', 'b1', 'b2', 'c'] as const
export type Sum = (typeof SUMS)[number]

/** Scalars that stand behind the witness, for the points of the key's header. */
export const EXTRA_SCALARS = { one: 0, r: 1, s: 2, minusRs: 3, count: 4 } as const

/** Where everything lies in a key's memory; all numbers are addresses, lengths in bytes, or counts. */
export interface KeyLayout {
  readonly wires: number
  readonly publicSignals: number
  readonly logSize: number
  readonly shape: FftShape
  /** Scratch memory of the first thread, and the length of each. */
  readonly scratch: number
  readonly scratchLength: number
  readonly forward: number
  readonly backward: number
  readonly joinConstants: number
  readonly coefficients: number
  /** Where the rows of each block begin. */
  readonly rows: readonly number[]
  readonly bases: Readonly<Record<Sum, Bases>>
  /** First place for one proof's work; {@link areaOf} divides it. */
  readonly area: number
}

/** Where one proof works. */
export interface Area {
  /** Witness, then {@link EXTRA_SCALARS}: canonical integers. */
  readonly scalars: number
  /** Halves of the same, and behind them {@link Area.hHalves}, so that one list of indexes reaches both. */
  readonly halves: number
  /** Elements of the witness and one that is 0. */
  readonly values: number
  readonly a: number
  readonly b: number
  readonly c: number
  /** Scalars of H by position, and their halves. */
  readonly h: number
  readonly hHalves: number
  /** What the tasks of each sum leave, and the sums: affine, canonical coordinates, zeros for infinity. */
  readonly parts: Readonly<Record<Sum, number>>
  readonly sums: Readonly<Record<Sum, number>>
  /** The proof's C, like a sum. */
  readonly proofC: number
  readonly start: number
  readonly end: number
}

const POINTS_PER_TASK = 4096
const STAGED_AT_ONCE = 64
/** Bytes of memory that a thread may take for one task of a sum. */
const SUM_SCRATCH_LIMIT = 2 ** 26
const PAGE = 65536

/** Divides the `index`-th place for a proof's work behind a key. */
export function areaOf(layout: KeyLayout, index: number): Area {
  const { wires, logSize, bases } = layout
  const pairs = 2 ** (logSize - 1)
  const scalars = wires + EXTRA_SCALARS.count
  const lengths = [
    INTEGER * scalars,
    HALVES * (scalars + 2 * pairs),
    ELEMENT * (wires + 1),
    ...[PAIR * pairs, PAIR * pairs, PAIR * pairs],
    INTEGER * 2 * pairs,
    LAYOUT.G1.result,
    ...SUMS.map((sum) => bases[sum].plan.sumsLength),
    ...SUMS.map((sum) => LAYOUT[bases[sum].group].result),
  ].map(align16)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const start = layout.area + index * total
  const places: number[] = []
  let end = start
  for (const length of lengths) {
    places.push(end)
    end += length
  }
  const [first, halves, values, a, b, c, h, proofC, ...rest] = places as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    ...number[],
  ]
  const bySum = (from: number) =>
    Object.fromEntries(SUMS.map((sum, i) => [sum, rest[from + i]])) as Record<Sum, number>
  return {
    ...{ scalars: first, halves, values, a, b, c, h, proofC, start, end },
    hHalves: halves + HALVES * scalars,
    parts: bySum(0),
    sums: bySum(SUMS.length),
  }
}

/** Pages of 64 KiB that reach up to an address. */
export function pagesFor(end: number): number {
  return Math.ceil(end / PAGE)
}

/** What `g1_load` and `g2_load` return, or'ed. */
export const LOAD_FAULTS = { notCanonical: 1, notOnCurve: 2 } as const

/**
 * Adds what turns a key's points into the bases of sums:
 *
 * - `g1_load(bases, count)`, `g2_load(bases, count)`: replaces points of a key, which end where the result ends, by
 *   bases; returns {@link LOAD_FAULTS}.
 */
export function addKeyLoading(program: Program, o: { fq: Field; fq2: Extension }): void {
  const { fq, fq2 } = o
  addLoad(program, { name: 'g1', group: 'G1', field: fq, b: fq.pairOf(3n) })
  // The twist's b is 3 / (9 + u) = 3 (9 - u) / 82.
  const over82 = invert(82n, fq.modulus)
  const b = fq2.pairOf((27n * over82) % fq.modulus, ((fq.modulus - 3n) * over82) % fq.modulus)
  addLoad(program, { name: 'g2', group: 'G2', field: fq2, b })
}

function addLoad(
  program: Program,
  o: { name: string; group: GroupName; field: PairOperations; b: number },
): void {
  const { name, group, field, b } = o
  const { module } = program
  const { zkeyPoint: pointLength, base: length } = LAYOUT[group]
  const staged = program.scratch(STAGED_AT_ONCE * pointLength)
  const [x, y, t] = [0, 1, 2].map(() => program.scratch(field.pairLength)) as [Code, Code, Code]

  // Whether not all of `count` points lie on the curve.
  module.func({
    name: `${name}_check`,
    params: [I32, I32],
    results: [I32],
    exported: false,
    body: ({ params: [points, count], local }) => {
      const [i, next, wrong] = [local(I32), local(I32), local(I32)]
      const at = (index: Local, offset: number): Code =>
        i32.add(points!.get, i32.add(i32.mul(index.get, i32.const(length)), i32.const(offset)))
      return [
        wrong.set(i32.const(0)),
        loop({
          counter: i,
          from: i32.const(0),
          to: count!.get,
          step: i32.const(2),
          body: [
            next.set(i32.add(i.get, i32.const(1))),
            next.set(control.select(next.get, i.get, i32.ltU(next.get, count!.get))),
            field.gather(x, at(i, 0), at(next, 0)),
            field.gather(y, at(i, field.elementLength), at(next, field.elementLength)),
            field.sqr(t, x),
            field.mul(t, t, x),
            field.sqr(y, y),
            field.sub(t, t, y),
            field.add(t, t, i32.const(b)),
            wrong.set(i32.or(wrong.get, i32.xor(field.zeros(t), i32.const(3)))),
          ],
        }),
        i32.mul(i32.ne(wrong.get, i32.const(0)), i32.const(LOAD_FAULTS.notOnCurve)),
      ]
    },
  })
  // Through scratch memory, block by block: the key's bytes, which are shorter, lie at the result's end, so that a
  // block's result never reaches bytes that are still to be read.
  module.func({
    name: `${name}_load`,
    params: [I32, I32],
    results: [I32],
    body: ({ params: [points, count], local }) => {
      const [source, out, left, block, byte, wrong] = [0, 1, 2, 3, 4, 5].map(() => local(I32)) as [
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
      ]
      return [
        out.set(points!.get),
        left.set(count!.get),
        source.set(i32.add(points!.get, i32.mul(count!.get, i32.const(length - pointLength)))),
        wrong.set(i32.const(0)),
        control.block(
          control.loop(
            control.brIf(1, i32.eqz(left.get)),
            block.set(i32.const(STAGED_AT_ONCE)),
            block.set(control.select(block.get, left.get, i32.ltU(block.get, left.get))),
            loop({
              counter: byte,
              from: i32.const(0),
              to: i32.mul(block.get, i32.const(pointLength)),
              step: i32.const(4),
              body: i32.store(i32.add(staged, byte.get), i32.load(i32.add(source.get, byte.get))),
            }),
            wrong.set(i32.or(wrong.get, call(`${name}_loadBases`, out.get, staged, block.get))),
            wrong.set(i32.or(wrong.get, call(`${name}_check`, out.get, block.get))),
            out.set(i32.add(out.get, i32.mul(block.get, i32.const(length)))),
            source.set(i32.add(source.get, i32.mul(block.get, i32.const(pointLength)))),
            left.set(i32.sub(left.get, block.get)),
            control.br(0),
          ),
        ),
        wrong.get,
      ]
    },
  })
}

/** A key whose bytes are in memory; `tasks` brings them into form, in any order. */
export interface PlacedKey {
  readonly memory: WebAssembly.Memory
  readonly layout: KeyLayout
  readonly tasks: readonly Task[]
}

/**
 * Opens a key, makes a memory for it, and copies everything there that a proof needs.
 *
 * @param o.zkey          a snarkjs Groth16 `.zkey`
 * @param o.start         first free address
 * @param o.threads       how many threads share the memory
 * @param o.scratchLength bytes for each thread, without what sums need
 * @param o.joinConstants bytes of the constants for a domain, see `joinConstants` of `abc.ts`
 * @throws {ArtifactError} if the key is malformed, or too large for 32-bit addresses
 */
export function placeKey(o: {
  zkey: Uint8Array
  shared: boolean
  start: number
  threads: number
  scratchLength: number
  constants: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  joinConstants: (domainSize: number) => Uint8Array
}): PlacedKey {
  const key = openZkey(o.zkey)
  const logSize = Math.log2(key.domainSize)
  // snarkjs makes no key of a single row, and 2^28 rows do not fit in the memory.
  if (logSize < 1 || logSize >= MAX_LOG_SIZE)
    throw new ArtifactError('proving key has an impossible domain size')
  const shape = fftShape(logSize)
  const stream = streamRows({
    section: key.sections.get(ZKEY_SECTION.coefficients)!,
    wires: key.wires,
    logSize,
    bottom: shape.bottom,
  })
  const points = pointsOf(key, logSize)
  const plans = Object.fromEntries(
    SUMS.map((sum) => {
      const { group, positions } = points[sum]
      const { threads } = o
      return [sum, planMsm({ points: positions.length, group, threads, scratchLimit: SUM_SCRATCH_LIMIT })]
    }),
  ) as Record<Sum, MsmPlan>
  const scratchLength = o.scratchLength + align16(Math.max(...SUMS.map((sum) => plans[sum].scratchLength)))

  let end = o.start
  const place = (length: number): number => {
    const address = end
    end += align16(length)
    return address
  }
  const scratch = place(o.threads * scratchLength)
  const forward = place(twiddleLength(logSize))
  const backward = place(twiddleLength(logSize))
  const constants = place(2 * PAIR)
  const coefficientCount = stream.coefficients.length / INTEGER
  // At least one, which fills up rows of different lengths.
  const coefficients = place(ELEMENT * (coefficientCount + 1))
  const stagedCoefficients = place(stream.coefficients.length)
  const rows = place(4 * stream.words.length)
  const bases = {} as Record<Sum, Bases>
  for (const sum of SUMS) {
    const { group, positions } = points[sum]
    bases[sum] = {
      group,
      points: place(LAYOUT[group].base * positions.length),
      indexes: place(4 * positions.length),
      plan: plans[sum],
    }
  }
  const layout: KeyLayout = {
    wires: key.wires,
    publicSignals: key.publicSignals,
    logSize,
    shape,
    scratch,
    scratchLength,
    forward,
    backward,
    joinConstants: constants,
    coefficients,
    rows: Array.from(stream.starts, (start) => rows + 4 * start),
    bases,
    area: end,
  }
  const memory = createMemory({ pages: pagesFor(end), shared: o.shared })
  const bytes = new Uint8Array(memory.buffer)
  for (const { address, bytes: constant } of o.constants) bytes.set(constant, address)
  bytes.set(o.joinConstants(key.domainSize), constants)
  bytes.set(stream.coefficients, stagedCoefficients)
  new Uint32Array(memory.buffer, rows, stream.words.length).set(stream.words)
  discard(stream.words)

  // What a task leaves, for threads that have the key in a memory of their own and share this work too.
  const task = (call: Call, ...outputs: { address: number; length: number }[]): Task => ({
    calls: [call],
    outputs,
  })
  const factors = twiddleLength(logSize)
  const tasks: Task[] = [
    task(
      ['fft_twiddles', forward, backward, logSize],
      { address: forward, length: factors },
      { address: backward, length: factors },
    ),
    task(['abc_coefficients', coefficients, stagedCoefficients, coefficientCount], {
      address: coefficients,
      length: ELEMENT * coefficientCount,
    }),
  ]
  for (const sum of SUMS) {
    const { positions, scalars, sources } = points[sum]
    const { group, points: start, indexes } = bases[sum]
    const count = positions.length
    new Uint32Array(memory.buffer, indexes, count).set(scalars)
    const { base: length, zkeyPoint: pointLength } = LAYOUT[group]
    for (let first = 0; first < count; first += POINTS_PER_TASK) {
      const chunk = Math.min(POINTS_PER_TASK, count - first)
      const at = start + first * length
      stage({ bytes, at: at + chunk * (length - pointLength), sources, positions, first, chunk, pointLength })
      tasks.push(task([`${group.toLowerCase()}_load`, at, chunk], { address: at, length: chunk * length }))
    }
  }
  return { memory, layout, tasks }
}

/** Makes a memory that may grow up to what 32-bit addresses reach. */
export function createMemory(o: { pages: number; shared: boolean }): WebAssembly.Memory {
  const maximum = PAGE
  if (o.pages > maximum) throw new ArtifactError('proving key is too large: the engine has 4 GiB')
  try {
    return new WebAssembly.Memory({ initial: o.pages, maximum, shared: o.shared })
  } catch (cause) {
    throw new ArtifactError('proving key does not fit in memory', { cause })
  }
}

/** Points of a sum in the key's bytes: which, and with which scalars. */
interface KeyPoints {
  readonly group: GroupName
  /** Where points come from: the header, then sections. */
  readonly sources: readonly Uint8Array[]
  /** Source and offset in it, one number: 2^32 * source + offset. */
  readonly positions: Float64Array
  readonly scalars: Uint32Array
}

function pointsOf(key: Zkey, logSize: number): Record<Sum, KeyPoints> {
  const { wires, publicSignals, domainSize } = key
  const header = key.sections.get(ZKEY_SECTION.header)!
  const extra = (name: keyof typeof EXTRA_SCALARS) => wires + EXTRA_SCALARS[name]
  const collect = (o: {
    group: GroupName
    fixed: readonly (readonly [offset: number, scalar: number])[]
    sections: readonly { type: number; count: number; scalarOf: (index: number) => number }[]
  }): KeyPoints => {
    const pointLength = LAYOUT[o.group].zkeyPoint
    const sections = o.sections.map(({ type }) => key.sections.get(type)!)
    const most = o.sections.reduce((sum, { count }) => sum + count, o.fixed.length)
    const [positions, scalars] = [new Float64Array(most), new Uint32Array(most)]
    let points = 0
    const add = (source: Uint8Array, number: number, offset: number, scalar: number) => {
      if (isInfinity(source, offset, pointLength)) return
      positions[points] = number * 2 ** 32 + offset
      scalars[points++] = scalar
    }
    for (const [offset, scalar] of o.fixed) add(header, 0, offset, scalar)
    for (const [n, { count, scalarOf }] of o.sections.entries()) {
      for (let i = 0; i < count; i++) add(sections[n]!, n + 1, i * pointLength, scalarOf(i))
    }
    return {
      group: o.group,
      sources: [header, ...sections],
      positions: positions.subarray(0, points),
      scalars: scalars.subarray(0, points),
    }
  }
  const { alpha1, beta1, beta2, delta1, delta2 } = HEADER_POINT
  const wire = (i: number) => i
  return {
    a: collect({
      group: 'G1',
      fixed: [
        [alpha1, extra('one')],
        [delta1, extra('r')],
      ],
      sections: [{ type: ZKEY_SECTION.a, count: wires, scalarOf: wire }],
    }),
    b1: collect({
      group: 'G1',
      fixed: [
        [beta1, extra('one')],
        [delta1, extra('s')],
      ],
      sections: [{ type: ZKEY_SECTION.b1, count: wires, scalarOf: wire }],
    }),
    b2: collect({
      group: 'G2',
      fixed: [
        [beta2, extra('one')],
        [delta2, extra('s')],
      ],
      sections: [{ type: ZKEY_SECTION.b2, count: wires, scalarOf: wire }],
    }),
    c: collect({
      group: 'G1',
      fixed: [[delta1, extra('minusRs')]],
      sections: [
        {
          type: ZKEY_SECTION.c,
          count: wires - publicSignals - 1,
          scalarOf: (i) => i + publicSignals + 1,
        },
        // Scalars of H stand by position, behind the witness's.
        {
          type: ZKEY_SECTION.h,
          count: domainSize,
          scalarOf: (i) => wires + EXTRA_SCALARS.count + reverseBits(i, logSize),
        },
      ],
    }),
  }
}

function isInfinity(bytes: Uint8Array, offset: number, length: number): boolean {
  for (let i = offset; i < offset + length; i++) if (bytes[i] !== 0) return false
  return true
}

function stage(o: {
  bytes: Uint8Array
  at: number
  sources: readonly Uint8Array[]
  positions: Float64Array
  first: number
  chunk: number
  pointLength: number
}): void {
  const { bytes, at, sources, positions, first, chunk, pointLength } = o
  for (let i = 0; i < chunk; ) {
    // Points that follow one another are copied together.
    const position = positions[first + i]!
    let run = 1
    while (i + run < chunk && positions[first + i + run] === position + run * pointLength) run++
    const source = sources[Math.floor(position / 2 ** 32)]!
    const offset = position % 2 ** 32
    bytes.set(source.subarray(offset, offset + run * pointLength), at + i * pointLength)
    i += run
  }
}

/** Rounds up to a multiple of 16, beyond 2^31 too. */
function align16(length: number): number {
  return Math.ceil(length / 16) * 16
}
