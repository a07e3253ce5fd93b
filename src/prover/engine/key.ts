/**
 * A proving key in the engine's memory: points in the arithmetic's form without those at infinity, coefficients in the
 * order in which they are read, factors of the transforms, and room to work.
 */
import type { Extension } from '../../bn254/extension.js'
import { ELEMENT, type Field, INTEGER, invert, PAIR, type PairOperations } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, control, I32, i32, type Local } from '../../bn254/wasm.js'
import { ArtifactError } from '../../errors.js'
import { readUint256 } from '../../formats/sections.js'
import { HEADER_POINT, openZkey, POINT_LENGTH, ZKEY_SECTION, type Zkey } from '../../formats/zkey.js'
import { BASE_FIELD_MODULUS } from '../../groth16.js'
import { streamRows } from './abc.js'
import type { Call, Task } from './calls.js'
import { addConversion } from './convert.js'
import { type FftShape, fftShape, MAX_LOG_SIZE, reverseBits, twiddleLength } from './fft.js'
import { loop } from './loop.js'

/** Points of one sum, and which scalar belongs to each. */
export interface Bases {
  readonly group: 'G1' | 'G2'
  readonly points: number
  readonly count: number
  /** As many 32-bit indexes of scalars. */
  readonly indexes: number
}

/** The five sums of a Groth16 proof. */
export const SUMS = ['a', 'b1', 'b2', 'c', 'h'] as const
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
  /** Elements of the witness and one that is 0. */
  readonly values: number
  readonly a: number
  readonly b: number
  readonly c: number
  /** Scalars of H by position. */
  readonly h: number
  /** What sums leave, as long as asked for. */
  readonly results: number
  readonly end: number
}

const POINTS_PER_TASK = 4096
const STAGED_AT_ONCE = 64
const PAGE = 65536

/** Length of an affine point in the engine's form. */
export const BASE_LENGTH = { G1: 2 * ELEMENT, G2: 4 * ELEMENT } as const

/** Divides the `index`-th place for a proof's work, of `results` bytes of results, behind a key. */
export function areaOf(layout: KeyLayout, o: { index: number; results: number }): Area {
  const { wires, logSize } = layout
  const pairs = 2 ** (logSize - 1)
  let end = 0
  const place = (length: number): number => {
    const address = end
    end += align16(length)
    return address
  }
  const offsets = {
    scalars: place(INTEGER * (wires + EXTRA_SCALARS.count)),
    values: place(ELEMENT * (wires + 1)),
    a: place(PAIR * pairs),
    b: place(PAIR * pairs),
    c: place(PAIR * pairs),
    h: place(INTEGER * 2 * pairs),
    results: place(o.results),
  }
  const start = layout.area + o.index * end
  const moved = Object.fromEntries(Object.entries(offsets).map(([name, at]) => [name, start + at]))
  return { ...(moved as unknown as typeof offsets), end: start + end }
}

/** Pages of 64 KiB that reach up to an address. */
export function pagesFor(end: number): number {
  return Math.ceil(end / PAGE)
}

/**
 * Adds what turns a key's points into the engine's form:
 *
 * - `g1_load(points, count)`, `g2_load(points, count)`: replaces points of a key, which end where the result ends, by
 *   the engine's; 1 if a point is not on its curve, otherwise 0.
 */
export function addPointChecks(program: Program, o: { fq: Field; fq2: Extension }): void {
  const { fq, fq2 } = o
  // Keys hold coordinates times 2^256; the engine wants them in its own Montgomery form.
  const toElement = fq.toMontgomery(invert(1n << 256n, fq.modulus))
  addConversion(program, { name: 'key_coordinates', field: fq, factor: toElement })
  addLoad(program, { name: 'g1', field: fq, b: fq.pairOf(3n), pointLength: POINT_LENGTH.G1 })
  // The twist's b is 3 / (9 + u) = 3 (9 - u) / 82.
  const over82 = invert(82n, fq.modulus)
  const b = fq2.pairOf((27n * over82) % fq.modulus, ((fq.modulus - 3n) * over82) % fq.modulus)
  addLoad(program, { name: 'g2', field: fq2, b, pointLength: POINT_LENGTH.G2 })
}

function addLoad(
  program: Program,
  o: { name: string; field: PairOperations; b: number; pointLength: number },
): void {
  const { name, field, b, pointLength } = o
  const { module } = program
  const length = 2 * field.elementLength
  const staged = program.scratch(STAGED_AT_ONCE * pointLength)
  const [x, y, t] = [0, 1, 2].map(() => program.scratch(field.pairLength)) as [Code, Code, Code]

  // 1 unless all of `count` points lie on the curve.
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
        i32.ne(wrong.get, i32.const(0)),
      ]
    },
  })
  // Through scratch memory, block by block: the key's bytes lie within the result, shorter than it by 16 for each G1
  // point and 32 for each of G2, and at its end, so that a block's result never reaches bytes that are still to be read.
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
            [
              out.get,
              staged,
              i32.mul(block.get, i32.const(pointLength / INTEGER)),
              { call: 'key_coordinates' },
            ],
            wrong.set(i32.or(wrong.get, [out.get, block.get, { call: `${name}_check` }])),
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
 * @param o.scratchLength bytes for each thread
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
  if (logSize < 1 || logSize >= MAX_LOG_SIZE) throw new ArtifactError('proving key has an impossible domain size')
  const shape = fftShape(logSize)
  const stream = streamRows({
    section: key.sections.get(ZKEY_SECTION.coefficients)!,
    wires: key.wires,
    logSize,
    bottom: shape.bottom,
  })
  const points = pointsOf(key, logSize)

  let end = o.start
  const place = (length: number): number => {
    const address = end
    end += align16(length)
    return address
  }
  const scratch = place(o.threads * o.scratchLength)
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
      count: positions.length,
      points: place(BASE_LENGTH[group] * positions.length),
      indexes: place(4 * positions.length),
    }
  }
  const layout: KeyLayout = {
    wires: key.wires,
    publicSignals: key.publicSignals,
    logSize,
    shape,
    scratch,
    scratchLength: o.scratchLength,
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

  const tasks: Task[] = [
    task(['fft_twiddles', forward, backward, logSize]),
    task(['abc_coefficients', coefficients, stagedCoefficients, coefficientCount]),
  ]
  for (const sum of SUMS) {
    const { positions, scalars, sources, pointLength } = points[sum]
    const { group, points: start, indexes, count } = bases[sum]
    new Uint32Array(memory.buffer, indexes, count).set(scalars)
    const length = BASE_LENGTH[group]
    for (let first = 0; first < count; first += POINTS_PER_TASK) {
      const chunk = Math.min(POINTS_PER_TASK, count - first)
      const at = start + first * length
      stage({ bytes, at: at + chunk * (length - pointLength), sources, positions, first, chunk, pointLength })
      tasks.push(task([`${group.toLowerCase()}_load`, at, chunk]))
    }
  }
  return { memory, layout, tasks }
}

const task = (...calls: Call[]): Task => ({ calls })

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
  readonly group: 'G1' | 'G2'
  readonly pointLength: number
  /** Where points come from: the header's, then the section's. */
  readonly sources: readonly Uint8Array[]
  /** Source and offset in it, one number: 2^32 * source + offset. */
  readonly positions: readonly number[]
  readonly scalars: Uint32Array
}

function pointsOf(key: Zkey, logSize: number): Record<Sum, KeyPoints> {
  const { wires, publicSignals, domainSize } = key
  const header = key.sections.get(ZKEY_SECTION.header)!
  const extra = (name: keyof typeof EXTRA_SCALARS) => wires + EXTRA_SCALARS[name]
  const collect = (o: {
    group: 'G1' | 'G2'
    fixed: readonly (readonly [offset: number, scalar: number])[]
    section: number
    count: number
    scalarOf: (index: number) => number
  }): KeyPoints => {
    const pointLength = POINT_LENGTH[o.group]
    const section = key.sections.get(o.section)!
    const positions: number[] = []
    const scalars: number[] = []
    const add = (source: Uint8Array, number: number, offset: number, scalar: number) => {
      if (isInfinity(source, offset, pointLength)) return
      checkCoordinates(source, offset, pointLength)
      positions.push(number * 2 ** 32 + offset)
      scalars.push(scalar)
    }
    for (const [offset, scalar] of o.fixed) add(header, 0, offset, scalar)
    for (let i = 0; i < o.count; i++) add(section, 1, i * pointLength, o.scalarOf(i))
    return { group: o.group, pointLength, sources: [header, section], positions, scalars: Uint32Array.from(scalars) }
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
      section: ZKEY_SECTION.a,
      count: wires,
      scalarOf: wire,
    }),
    b1: collect({
      group: 'G1',
      fixed: [
        [beta1, extra('one')],
        [delta1, extra('s')],
      ],
      section: ZKEY_SECTION.b1,
      count: wires,
      scalarOf: wire,
    }),
    b2: collect({
      group: 'G2',
      fixed: [
        [beta2, extra('one')],
        [delta2, extra('s')],
      ],
      section: ZKEY_SECTION.b2,
      count: wires,
      scalarOf: wire,
    }),
    c: collect({
      group: 'G1',
      fixed: [[delta1, extra('minusRs')]],
      section: ZKEY_SECTION.c,
      count: wires - publicSignals - 1,
      scalarOf: (i) => i + publicSignals + 1,
    }),
    h: collect({
      group: 'G1',
      fixed: [],
      section: ZKEY_SECTION.h,
      count: domainSize,
      // Scalars of H stand by position.
      scalarOf: (i) => reverseBits(i, logSize),
    }),
  }
}

function isInfinity(bytes: Uint8Array, offset: number, length: number): boolean {
  for (let i = offset; i < offset + length; i++) if (bytes[i] !== 0) return false
  return true
}

const TOP_BYTE = Number(BASE_FIELD_MODULUS >> 248n)

function checkCoordinates(bytes: Uint8Array, offset: number, length: number): void {
  for (let i = offset; i < offset + length; i += INTEGER) {
    // Nearly always the highest byte decides.
    if (bytes[i + INTEGER - 1]! >= TOP_BYTE && readUint256(bytes, i) >= BASE_FIELD_MODULUS) {
      throw new ArtifactError('proving key has a coordinate that is not canonical')
    }
  }
}

function stage(o: {
  bytes: Uint8Array
  at: number
  sources: readonly Uint8Array[]
  positions: readonly number[]
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
