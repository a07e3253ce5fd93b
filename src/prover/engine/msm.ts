/**
 * Multi-scalar multiplication by Pippenger's buckets, in G1 and G2 alike.
 *
 * Scalars k are split once into k1 + lambda k2 of 126 bits each, and lambda P costs one multiplication: it is
 * (beta x, y). A task takes one window of bits of all scalars. It sorts the points by their signed digits, sums
 * each bucket by affine additions in rounds, whose denominators are inverted together, and weighs the sums by
 * their digits: with k = 2^s i + j, the sum of k S_k is 2^s times that of i R_i plus that of j C_j, where R and C
 * are the sums of rows and columns, found like the buckets were. Only they, two times 2^s, need general additions.
 *
 * docs/prover.md has the numbers.
 */
import { addCurve, type Curve } from '../../bn254/curve.js'
import type { Extension } from '../../bn254/extension.js'
import { ELEMENT, type Field, INTEGER, invert, type PairOperations } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, call, control, I32, I64, i32, i64, type Local, memory } from '../../bn254/wasm.js'

/** Order of both groups. */
const ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** lambda^2 + lambda + 1 = 0 modulo the order, and what lambda multiplies x by: in G2 it is the other cube root. */
export const LAMBDA = 4407920970296243842393367215006156084916469457145843978461n
const BETA = {
  G1: 2203960485148121921418603742825762020974279258880205651966n,
  G2: 21888242871839275220042445260109153167277707414472061641714758635765020556616n,
} as const

/** Short vectors (V, S) and (S, -U) with a + lambda b = 0 modulo the order, by the extended Euclid's algorithm. */
const V = 147946756881789319010696353538189108491n
const S = 9931322734385697763n
const U = 147946756881789319000765030803803410728n

/** Bits that halves of scalars need without their sign: at most (V + S) / 2 < 2^126. */
const HALF_BITS = 126

/** Bytes of a scalar's two halves: 128 bits each, little endian, the topmost the sign. */
export const HALVES = 32

/** References that are summed at once; a round makes at most half as many additions with one inversion. */
export const GROUP = 2048

/** Which group. */
export type GroupName = 'G1' | 'G2'

/** Lengths in bytes that a group's data take. */
export interface GroupLayout {
  /** An affine point in a zkey: coordinates of 32 bytes, little endian, in Montgomery form for 2^256. */
  readonly zkeyPoint: number
  /** A base: x, y and beta x. */
  readonly base: number
  /** A sum that a task leaves: X, Y, ZZ and ZZZ. */
  readonly sum: number
  /** An affine result: canonical coordinates of 32 bytes, little endian. */
  readonly result: number
}

const layoutOf = (coordinates: number, element: number): GroupLayout => ({
  zkeyPoint: 2 * coordinates * INTEGER,
  base: 3 * element,
  sum: 4 * element,
  result: 2 * coordinates * INTEGER,
})

/** Layouts of both groups; the forms of elements share them. */
export const LAYOUT: Readonly<Record<GroupName, GroupLayout>> = { G1: layoutOf(1, 40), G2: layoutOf(2, 80) }

const ARRAYS = { entry: 8, ref: 4, end: 4 } as const

/** One window of digits of a range of points. */
export interface MsmTask {
  readonly window: number
  readonly start: number
  readonly count: number
  /** Index of the sum among the plan's. */
  readonly output: number
}

/** How a multiplication is divided. */
export interface MsmPlan {
  readonly group: GroupName
  readonly points: number
  readonly windows: number
  readonly chunks: number
  readonly tasks: readonly MsmTask[]
  /** Bytes of memory that a thread needs while it runs one of the tasks. */
  readonly scratchLength: number
  /** Bytes of all tasks' sums. */
  readonly sumsLength: number
}

/** Widths of digits, from the lowest on: they share 126 bits and the last one's missing sign. */
export function digitWidths(windows: number): number[] {
  const { width, wider } = digitShape(windows)
  return Array.from({ length: windows }, (_, i) => (i < wider ? width + 1 : width))
}

/** The least width, and how many of the lowest digits have one bit more. */
const digitShape = (windows: number) => ({
  width: Math.floor((HALF_BITS + 1) / windows),
  wider: (HALF_BITS + 1) % windows,
})

/** Rows and columns into which buckets 0 to 2^(width - 1) are laid. */
const gridOf = (width: number) => ({ columns: 2 ** (width >> 1), rows: 2 ** (width - 1 - (width >> 1)) + 1 })

function scratchOf(group: GroupName, points: number, windows: number): number {
  const { width: least, wider } = digitShape(windows)
  const width = wider > 0 ? least + 1 : least
  const buckets = 2 ** (width - 1) + 2
  const { rows, columns } = gridOf(width)
  const lines = rows + columns + ((rows + columns) % 2)
  const point = (2 * LAYOUT[group].base) / 3
  // Each of eight arrays begins at a multiple of 8.
  return (
    2 * points * ARRAYS.entry +
    2 * Math.max(points, buckets) * ARRAYS.ref +
    (buckets + lines) * (ARRAYS.end + ARRAYS.ref + point) +
    64
  )
}

/** At most so many points are not divided for the sake of more threads. */
const LEAST_CHUNK = 2048
/** Additions' worth of one window of general additions per row, against one affine addition. */
const LINE_COST = 4
/** Additions' worth of sorting one digit. */
const DIGIT_COST = 0.05

/**
 * Divides a multiplication into independent tasks.
 *
 * @param o.points       number of bases
 * @param o.group        which group
 * @param o.threads      number of threads; where there are more than windows, many points are divided too
 * @param o.scratchLimit bytes of memory that each thread has for its task
 * @param o.windows      number of windows from 7 to 63, by default the one that is expected to be fastest
 * @throws {RangeError} if no task fits into the limit
 */
export function planMsm(o: {
  points: number
  group: GroupName
  threads: number
  scratchLimit: number
  windows?: number
}): MsmPlan {
  const { points, group, threads, scratchLimit } = o
  let best: { cost: number; windows: number; chunks: number } | undefined
  for (let windows = o.windows ?? 7; windows <= (o.windows ?? 63); windows++) {
    let chunks = 1
    while (windows * chunks < threads && points / chunks > LEAST_CHUNK) chunks *= 2
    while (scratchOf(group, Math.ceil(points / chunks), windows) > scratchLimit && chunks < points)
      chunks *= 2
    const chunk = Math.ceil(points / chunks)
    if (scratchOf(group, chunk, windows) > scratchLimit) continue
    const costOf = (width: number): number => {
      const { rows, columns } = gridOf(width)
      const buckets = 2 ** (width - 1)
      const used = buckets * (1 - Math.exp((-2 * chunk) / buckets))
      return chunks * (2 * chunk * (1 + DIGIT_COST) + used + LINE_COST * Math.max(rows, columns))
    }
    const { width, wider } = digitShape(windows)
    const cost = wider * costOf(width + 1) + (windows - wider) * costOf(width)
    if (best === undefined || cost < best.cost) best = { cost, windows, chunks }
  }
  if (best === undefined) throw new RangeError('scratchLimit: too little memory for one task')
  const { windows, chunks } = best
  const chunk = Math.ceil(points / chunks)
  const tasks: MsmTask[] = []
  for (let window = windows - 1; window >= 0; window--) {
    for (let i = 0; i < chunks; i++) {
      const start = Math.min(i * chunk, points)
      tasks.push({ window, start, count: Math.min(chunk, points - start), output: window * chunks + i })
    }
  }
  return {
    group,
    points,
    windows,
    chunks,
    tasks,
    scratchLength: scratchOf(group, chunk, windows),
    sumsLength: windows * chunks * LAYOUT[group].sum,
  }
}

/** Names of the functions of a program. */
export interface Msm {
  readonly curves: Readonly<Record<GroupName, Curve>>
}

/**
 * Adds the functions of both groups. Addresses and counts are i32.
 *
 * - `msm_split(out, scalars, n)`: the halves of n scalars of 32 bytes, as {@link HALVES} bytes each; the caller has
 *   checked that they are below the order, without which tasks would write outside of their memory;
 * - `g1_loadBases(out, points, n) -> i32`: bases from a zkey's points, none infinite; 1 if a coordinate is not
 *   below q;
 * - `g1_msmTask(bases, halves, indexes, n, windows, window, scratch, out)`: the sum of one window's digits times
 *   the n bases from `bases` on; base i has the scalar indexes[i], or i if `indexes` is 0;
 * - `g1_msmCombine(sums, chunks, windows, out) -> i32`: the affine result of all tasks' sums, 1 if infinite;
 * - `g1_exceptions`, a global: batches that met equal or opposite points;
 *
 * and the same with `g2`.
 */
export function addMsm(program: Program, o: { fq: Field; fq2: Extension }): Msm {
  const { fq, fq2 } = o
  addSplit(program)
  addIsBelow(program, fq)
  const beta1 = fq.pairOf(BETA.G1)
  const beta2 = fq2.base.pairOf(BETA.G2)
  return {
    curves: {
      G1: addGroup(program, {
        name: 'g1',
        field: fq,
        base: fq,
        one: fq.pairOf(1n),
        phi: (out, x) => fq.mul(out, x, i32.const(beta1)),
      }),
      G2: addGroup(program, {
        name: 'g2',
        field: fq2,
        base: fq,
        one: fq2.pairOf(1n, 0n),
        phi: (out, x) => fq2.scale(out, x, i32.const(beta2)),
      }),
    },
  }
}

const add = (a: Code, b: number): Code => (b === 0 ? a : i32.add(a, i32.const(b)))
const scaled = (a: Code, b: number): Code => i32.mul(a, i32.const(b))
const step = (a: Local, b: number): Code => a.set(i32.add(a.get, i32.const(b)))

/** Runs `body` while the condition holds, tested before. */
const loopWhile = (condition: Code, ...body: Code[]): Code =>
  control.block(control.loop(control.brIf(1, i32.eqz(condition)), ...body, control.br(0)))

/** Runs `body` for i from 0 to count - 1. */
const times = (i: Local, count: Code, ...body: Code[]): Code => [
  i.set(i32.const(0)),
  loopWhile(i32.ltU(i.get, count), ...body, step(i, 1)),
]

/** Adds `msm_split`: Gallant, Lambert and Vanstone (2001), with Babai's rounding. */
function addSplit(program: Program): void {
  const WORD = 32n
  const MASK = (1n << WORD) - 1n
  const words = (x: bigint): bigint[] => (x === 0n ? [] : [x & MASK, ...words(x >> WORD)])
  // The rounded quotients k U / r and k S / r, from k's upper five words: the error is below 2^-30.
  const scale = (x: bigint): bigint => ((x << 288n) + ORDER / 2n) / ORDER

  program.module.func({
    name: 'msm_split',
    params: [I32, I32, I32],
    body: ({ params: [out, x, n], local }) => {
      const wide = (length: number) => Array.from({ length }, () => local(I64))
      const k = wide(5)
      const [first, second, product] = [wide(4), wide(2), wide(11)]
      const [carry, low, high, lower, higher] = wide(5) as [Local, Local, Local, Local, Local]
      const c = i64.const
      /** product += a b, of which only the lower `length` words count. */
      const accumulate = (a: readonly Local[], b: bigint, length: number): Code =>
        a.map((ai, i) => [
          carry.set(c(0n)),
          words(b).map((bj, j) =>
            i + j >= length
              ? []
              : [
                  carry.set(i64.add(i64.add(carry.get, product[i + j]!.get), i64.mul(ai.get, c(bj)))),
                  product[i + j]!.set(i64.and(carry.get, c(MASK))),
                  carry.set(i64.shrU(carry.get, c(WORD))),
                ],
          ),
          // The words above are carried into, not overwritten: a second product may follow a first.
          product
            .slice(i + words(b).length, length)
            .map((word) => [
              carry.set(i64.add(carry.get, word.get)),
              word.set(i64.and(carry.get, c(MASK))),
              carry.set(i64.shrU(carry.get, c(WORD))),
            ]),
        ])
      const clear: Code = product.map((word) => word.set(c(0n)))
      const quotient = (to: readonly Local[], factor: bigint): Code => [
        clear,
        product[5]!.set(c(1n << (WORD - 1n))),
        accumulate(k, scale(factor), 11),
        to.map((word, i) => word.set((product[6 + i] as Local).get)),
      ]
      const join = (i: number): Code => i64.or(product[i]!.get, i64.shl(product[i + 1]!.get, c(WORD)))
      /** (low, high) -= product, modulo 2^128. */
      const subtract: Code = [
        lower.set(join(0)),
        higher.set(join(2)),
        carry.set(i64.extendU(i64.ltU(low.get, lower.get))),
        low.set(i64.sub(low.get, lower.get)),
        high.set(i64.sub(i64.sub(high.get, higher.get), carry.get)),
      ]
      const storeSigned = (offset: number): Code => [
        control.if(i64.ltS(high.get, c(0n)), [
          low.set(i64.sub(c(0n), low.get)),
          high.set(i64.sub(i64.sub(c(0n), high.get), i64.extendU(i64.ne(low.get, c(0n))))),
          high.set(i64.or(high.get, c(1n << 63n))),
        ]),
        i64.store(out!.get, low.get, offset),
        i64.store(out!.get, high.get, offset + 8),
      ]
      const upper: Code = i64.or(
        i64.or(i64.load(x!.get, 16), i64.load(x!.get, 24)),
        i64.shrU(i64.load(x!.get, 8), c(BigInt(HALF_BITS - 1 - 64))),
      )
      return loopWhile(n!.get, [
        low.set(i64.load(x!.get, 0)),
        high.set(i64.load(x!.get, 8)),
        control.if(
          i64.eqz(upper),
          [
            // Below 2^125 both quotients are 0.
            i64.store(out!.get, low.get, 0),
            i64.store(out!.get, high.get, 8),
            i64.store(out!.get, c(0n), 16),
            i64.store(out!.get, c(0n), 24),
          ],
          [
            k.map((word, i) => word.set(i64.load32u(x!.get, 12 + 4 * i))),
            quotient(first, U),
            quotient(second, S),
            clear,
            accumulate(first, V, 4),
            accumulate(second, S, 4),
            subtract,
            storeSigned(0),
            clear,
            accumulate(second, U, 4),
            low.set(join(0)),
            high.set(join(2)),
            clear,
            accumulate(first, S, 4),
            subtract,
            storeSigned(16),
          ],
        ),
        step(out!, HALVES),
        step(x!, INTEGER),
        step(n!, -1),
      ])
    },
  })
}

/** Adds `msm_isBelow(x) -> i32`: whether an integer of 32 bytes is below the modulus. */
function addIsBelow(program: Program, fq: Field): void {
  program.module.func({
    name: 'msm_isBelow',
    params: [I32],
    results: [I32],
    exported: false,
    body: ({ params: [x], local }) => {
      const [borrow, word] = [local(I32), local(I64)]
      return [
        [0, 1, 2, 3].map((i) => {
          const m = i64.const((fq.modulus >> BigInt(64 * i)) & ((1n << 64n) - 1n))
          return [
            word.set(i64.load(x!.get, 8 * i)),
            borrow.set(i32.or(i64.ltU(word.get, m), i32.and(borrow.get, i64.eq(word.get, m)))),
          ]
        }),
        borrow.get,
      ]
    },
  })
}

function addGroup(
  program: Program,
  o: { name: string; field: PairOperations; base: Field; one: number; phi: (out: Code, x: Code) => Code },
): Curve {
  const { name, field, base } = o
  const curve = addCurve(program, { name: `${name}_curve`, field })
  addLoadBases(program, o)
  addBatch(program, { name, field, curve, one: o.one })
  addSumRuns(program, { name, field })
  addTask(program, { name, field, curve, one: o.one })
  addCombine(program, { name, field, base, curve })
  return curve
}

function addLoadBases(
  program: Program,
  o: { name: string; field: PairOperations; base: Field; phi: (out: Code, x: Code) => Code },
): void {
  const { name, field, base } = o
  const E = field.elementLength
  const parts = field.elementLength / base.elementLength
  const pair = program.scratch(field.pairLength)
  // v = x 2^256, and v C / R = x R for C = R^2 / 2^256.
  const factor = base.rawPairOf(
    base.fromMontgomery(
      (base.toMontgomery(base.toMontgomery(base.toMontgomery(1n))) * invert(1n << 256n, base.modulus)) %
        base.modulus,
    ),
  )
  program.module.func({
    name: `${name}_loadBases`,
    params: [I32, I32, I32],
    results: [I32],
    body: ({ params: [out, points, n], local }) => {
      const [next, to, bad] = [local(I32), local(I32), local(I32)]
      const length = 2 * parts * INTEGER
      const coordinate = (from: number, offset: number): Code => [
        Array.from({ length: parts }, (_, i): Code => {
          const [here, at] = [add(pair, i * base.pairLength), from + i * INTEGER]
          return [
            bad.set(
              i32.or(
                bad.get,
                i32.eqz(
                  i32.and(call('msm_isBelow', add(points!.get, at)), call('msm_isBelow', add(next.get, at))),
                ),
              ),
            ),
            base.fromIntegers(here, add(points!.get, at), add(next.get, at)),
            base.mul(here, here, i32.const(factor)),
          ]
        }),
        field.reduce(pair, pair),
        field.scatter(add(out!.get, offset), add(to.get, offset), pair),
      ]
      return [
        loopWhile(n!.get, [
          // The last of an odd number goes twice.
          next.set(points!.get),
          to.set(out!.get),
          control.if(i32.gtU(n!.get, i32.const(1)), [step(next, length), step(to, 3 * E), step(n!, -1)]),
          coordinate(length / 2, E),
          coordinate(0, 0),
          o.phi(pair, pair),
          field.reduce(pair, pair),
          field.scatter(add(out!.get, 2 * E), add(to.get, 2 * E), pair),
          points!.set(add(next.get, length)),
          out!.set(add(to.get, 3 * E)),
          step(n!, -1),
        ]),
        bad.get,
      ]
    },
  })
}

/**
 * References: the address of a point, a multiple of 8, plus 1 if it is to be negated, plus 2 if x is beta x.
 * 0 is infinity.
 */
const REF = { negate: 1, phi: 2, address: -8 } as const

/** Address of the x that a reference means. */
const refX = (ref: Local, elementLength: number): Code =>
  i32.add(
    i32.and(ref.get, i32.const(REF.address)),
    scaled(i32.and(ref.get, i32.const(REF.phi)), elementLength),
  )

/** A job: the references a and b, the address for their sum, and where its reference stands. */
const JOB = { a: 0, b: 4, out: 8, at: 12, length: 16 } as const

/** Adds `<name>_batch(jobs, pairs) -> i32`: makes the additions of pairs of jobs, 1 if a sum was infinite. */
function addBatch(
  program: Program,
  o: { name: string; field: PairOperations; curve: Curve; one: number },
): void {
  const { name, field, curve } = o
  const { module } = program
  const [E, P] = [field.elementLength, field.pairLength]
  const pairs = GROUP / 4 + 1
  const differences = program.scratch(pairs * P)
  const products = program.scratch((pairs + 1) * P)
  const marks = program.scratch(pairs)
  const pair = () => program.scratch(P)
  const [x1, x2, y1, y2, u, t, lambda] = [pair(), pair(), pair(), pair(), pair(), pair(), pair()]
  const exceptions = module.global(`${name}_exceptions`, 0)

  const load = (job: Local, field: keyof typeof JOB, lane: number): Code =>
    i32.load(job.get, JOB[field] + lane * JOB.length)
  const xOf = (ref: Local): Code => refX(ref, E)
  const yOf = (ref: Local): Code => add(i32.and(ref.get, i32.const(REF.address)), E)
  const signOf = (ref: Local): Code => i32.and(ref.get, i32.const(REF.negate))

  const variant = (exact: boolean) =>
    module.func({
      name: exact ? `${name}_exactBatch` : `${name}_batch`,
      params: [I32, I32],
      results: [I32],
      exported: false,
      body: ({ params: [jobs, count], local }) => {
        const [job, end, d, product, mark] = [local(I32), local(I32), local(I32), local(I32), local(I32)]
        const refs = [local(I32), local(I32), local(I32), local(I32)] as const
        const [a0, a1, b0, b1] = refs
        const [zero, opposite, infinite] = [local(I32), local(I32), local(I32)]
        const read: Code = [
          a0.set(load(job, 'a', 0)),
          a1.set(load(job, 'a', 1)),
          b0.set(load(job, 'b', 0)),
          b1.set(load(job, 'b', 1)),
        ]
        const gatherX: Code = [field.gather(x1, xOf(a0), xOf(a1)), field.gather(x2, xOf(b0), xOf(b1))]
        const gatherY: Code = [
          field.gatherSigned(y1, yOf(a0), signOf(a0), yOf(a1), signOf(a1)),
          field.gatherSigned(y2, yOf(b0), signOf(b0), yOf(b1), signOf(b1)),
        ]
        // Equal x: for equal points the slope is 3 x^2 / 2 y; for opposite ones any denominator but 0 will do.
        const treatZeros: Code = [
          zero.set(field.zeros(d.get)),
          i32.store8(mark.get, i32.const(0)),
          control.if(zero.get, [
            gatherY,
            field.add(t, y1, y2),
            opposite.set(i32.and(zero.get, field.zeros(t))),
            curve.blend(d.get, d.get, t, zero.get),
            curve.blend(d.get, d.get, i32.const(o.one), opposite.get),
            i32.store8(
              mark.get,
              i32.or(i32.xor(zero.get, opposite.get), i32.shl(opposite.get, i32.const(2))),
            ),
          ]),
        ]
        const forgetOpposite = (lane: number): Code =>
          control.if(i32.and(opposite.get, i32.const(4 << lane)), [
            i32.store(load(job, 'at', lane), i32.const(0)),
            infinite.set(i32.const(1)),
          ])
        return [
          job.set(jobs!.get),
          end.set(i32.add(jobs!.get, scaled(count!.get, 2 * JOB.length))),
          d.set(differences),
          product.set(products),
          mark.set(marks),
          field.copy(products, i32.const(o.one)),
          loopWhile(i32.ltU(job.get, end.get), [
            read,
            gatherX,
            field.sub(d.get, x2, x1),
            exact ? treatZeros : [],
            // Over the extension, chains of products with sums of two would reach 2.1 p, and their products 8.5 p^2.
            E > ELEMENT ? field.reduce(d.get, d.get) : [],
            field.mul(add(product.get, P), product.get, d.get),
            step(d, P),
            step(product, P),
            step(job, 2 * JOB.length),
            exact ? step(mark, 1) : [],
          ]),
          exact
            ? []
            : control.if(field.zeros(product.get), [
                exceptions.set(add(exceptions.get, 1)),
                control.return(call(`${name}_exactBatch`, jobs!.get, count!.get)),
              ]),
          field.inv(u, product.get),
          loopWhile(i32.gtU(job.get, jobs!.get), [
            step(d, -P),
            step(product, -P),
            step(job, -2 * JOB.length),
            exact ? step(mark, -1) : [],
            read,
            gatherY,
            gatherX,
            field.mul(lambda, u, product.get),
            field.mul(u, u, d.get),
            field.sub(y2, y2, y1),
            exact
              ? [
                  opposite.set(i32.load8(mark.get)),
                  control.if(opposite.get, [
                    field.sqr(t, x1),
                    field.add(d.get, t, t),
                    field.add(t, t, d.get),
                    field.reduce(t, t),
                    curve.blend(y2, y2, t, opposite.get),
                    forgetOpposite(0),
                    forgetOpposite(1),
                  ]),
                ]
              : [],
            field.mul(lambda, lambda, y2),
            field.sqrSub2(t, lambda, x1, x2),
            field.subMulSub(x1, x1, t, lambda, y1),
            field.scatter(load(job, 'out', 0), load(job, 'out', 1), t),
            field.scatter(add(load(job, 'out', 0), E), add(load(job, 'out', 1), E), x1),
          ]),
          infinite.get,
        ]
      },
    })
  variant(true)
  variant(false)
}

/** A run of references: the index of its sum, the address of its first reference, and their number. */
const RUN = { index: 0, start: 4, count: 8, length: 12 } as const

/**
 * Adds `<name>_sumRuns(refs, ends, runs, outRefs, outPoints)`: run i is the references up to ends[i] (exclusive,
 * a number of references), and its sum's reference goes to outRefs[i]; a new point stands in place i of outPoints.
 *
 * References are taken in groups of at most {@link GROUP}, through all rounds while they are in the cache. A run
 * that goes on in the next group takes its sum along.
 */
function addSumRuns(program: Program, o: { name: string; field: PairOperations }): void {
  const { name, field } = o
  const point = 2 * field.elementLength
  const work = program.scratch(4 * GROUP)
  const runs = program.scratch((RUN.length * GROUP) / 2)
  const jobs = program.scratch(JOB.length * (GROUP / 2 + 1))
  const points = program.scratch(point * GROUP)
  const sink = program.scratch(4)

  program.module.func({
    name: `${name}_rounds`,
    params: [I32, I32, I32],
    exported: false,
    body: ({ params: [end, outRefs, outPoints], local }) => {
      const [run, kept, job, free, count] = [local(I32), local(I32), local(I32), local(I32), local(I32)]
      const [from, to, last, sum, infinite] = [local(I32), local(I32), local(I32), local(I32), local(I32)]
      const readRun: Code = [to.set(i32.load(run.get, RUN.start)), count.set(i32.load(run.get, RUN.count))]
      const lastOf: Code = i32.add(to.get, i32.shl(count.get, i32.const(2)))
      const keep: Code = [
        i32.store(kept.get, i32.load(run.get, RUN.index), RUN.index),
        i32.store(kept.get, i32.load(run.get, RUN.start), RUN.start),
      ]
      const place: Code = i32.add(outPoints!.get, scaled(i32.load(run.get, RUN.index), point))
      const pairUp: Code = [
        from.set(to.get),
        last.set(add(lastOf, -4)),
        loopWhile(i32.ltU(from.get, last.get), [
          control.if(i32.eq(count.get, i32.const(2)), sum.set(place), [sum.set(free.get), step(free, point)]),
          i32.store(job.get, i32.load(from.get, 0), JOB.a),
          i32.store(job.get, i32.load(from.get, 4), JOB.b),
          i32.store(job.get, sum.get, JOB.out),
          i32.store(job.get, to.get, JOB.at),
          i32.store(to.get, sum.get),
          step(job, JOB.length),
          step(from, 8),
          step(to, 4),
        ]),
        control.if(i32.eq(from.get, last.get), i32.store(to.get, i32.load(from.get))),
        keep,
        i32.store(kept.get, i32.shrU(add(count.get, 1), i32.const(1)), RUN.count),
        step(kept, RUN.length),
      ]
      const retire: Code = [
        sum.set(control.select(i32.load(to.get), i32.const(0), count.get)),
        // After sums that were infinite, the last one may not stand in its place, but where the next group's will.
        control.if(i32.ltU(i32.sub(sum.get, points), i32.const(point * GROUP)), [
          field.copy(place, sum.get),
          sum.set(place),
        ]),
        i32.store(i32.add(outRefs!.get, i32.shl(i32.load(run.get, RUN.index), i32.const(2))), sum.get),
      ]
      const copyJob: Code = [0, 8].map((k) => i64.store(job.get, i64.load(add(job.get, -JOB.length), k), k))
      const dropInfinite: Code = [
        run.set(runs),
        loopWhile(i32.ltU(run.get, end!.get), [
          readRun,
          from.set(to.get),
          last.set(lastOf),
          loopWhile(i32.ltU(from.get, last.get), [
            control.if(i32.load(from.get), [i32.store(to.get, i32.load(from.get)), step(to, 4)]),
            step(from, 4),
          ]),
          i32.store(
            run.get,
            i32.shrU(i32.sub(to.get, i32.load(run.get, RUN.start)), i32.const(2)),
            RUN.count,
          ),
          step(run, RUN.length),
        ]),
      ]
      return [
        free.set(points),
        control.block(
          control.loop(
            run.set(runs),
            kept.set(runs),
            job.set(jobs),
            loopWhile(i32.ltU(run.get, end!.get), [
              readRun,
              control.if(i32.gtU(count.get, i32.const(1)), pairUp, retire),
              step(run, RUN.length),
            ]),
            end!.set(kept.get),
            control.brIf(1, i32.eq(job.get, jobs)),
            // An odd number of jobs: the last one is done in both lanes.
            control.if(i32.and(i32.sub(job.get, jobs), i32.const(JOB.length)), [
              copyJob,
              step(job, JOB.length),
            ]),
            infinite.set(
              call(
                `${name}_batch`,
                jobs,
                i32.shrU(i32.sub(job.get, jobs), i32.const(Math.log2(2 * JOB.length))),
              ),
            ),
            control.if(infinite.get, dropInfinite),
            control.br(0),
          ),
        ),
      ]
    },
  })

  program.module.func({
    name: `${name}_sumRuns`,
    params: [I32, I32, I32, I32, I32],
    exported: false,
    body: ({ params: [refs, ends, count, outRefs, outPoints], local }) => {
      const [i, at, free, run, end] = [local(I32), local(I32), local(I32), local(I32), local(I32)]
      const [left, prior, limit, ref, touched] = [local(I32), local(I32), local(I32), local(I32), local(I32)]
      const index = (array: Local): Code => i32.add(array.get, i32.shl(i.get, i32.const(2)))
      const full: Code = i32.gtU(free.get, i32.add(work, i32.const(4 * (GROUP - 2))))
      const put = (ref: Code): Code => [i32.store(free.get, ref), step(free, 4)]
      // Reads a word of every cache line of a point that lies anywhere, so that many come at once, not one by one.
      const E = field.elementLength
      const touch: Code = [...new Set([0, 32, E - 40, E - 8])].flatMap((k) => [
        touched.set(i32.xor(touched.get, i32.load(refX(ref, E), k))),
        touched.set(i32.xor(touched.get, i32.load(i32.and(ref.get, i32.const(REF.address)), E + k))),
      ])
      return [
        at.set(refs!.get),
        memory.fill(outRefs!.get, i32.const(0), i32.shl(count!.get, i32.const(2))),
        control.loop(
          free.set(work),
          run.set(runs),
          control.block(
            loopWhile(i32.ltU(i.get, count!.get), [
              end.set(i32.add(refs!.get, i32.shl(i32.load(index(ends!)), i32.const(2)))),
              left.set(i32.sub(end.get, at.get)),
              control.if(left.get, [
                prior.set(i32.load(index(outRefs!))),
                control.if(
                  i32.or(prior.get, i32.gtU(left.get, i32.const(4))),
                  [
                    // Labels: 0 and 1 these branches, 2 and 3 the loop, 4 the block.
                    control.brIf(4, full),
                    i32.store(run.get, i.get, RUN.index),
                    i32.store(run.get, free.get, RUN.start),
                    control.if(prior.get, put(prior.get)),
                    // As many as there is room for.
                    limit.set(i32.sub(i32.add(work, i32.const(4 * GROUP)), free.get)),
                    limit.set(
                      i32.add(at.get, control.select(left.get, limit.get, i32.ltU(left.get, limit.get))),
                    ),
                    loopWhile(i32.ltU(at.get, limit.get), [
                      ref.set(i32.load(at.get)),
                      put(ref.get),
                      touch,
                      step(at, 4),
                    ]),
                    i32.store(
                      run.get,
                      i32.shrU(i32.sub(free.get, i32.load(run.get, RUN.start)), i32.const(2)),
                      RUN.count,
                    ),
                    step(run, RUN.length),
                    control.brIf(4, i32.ltU(at.get, end.get)),
                  ],
                  [i32.store(index(outRefs!), i32.load(at.get)), step(at, 4)],
                ),
              ]),
              step(i, 1),
            ]),
          ),
          i32.store(sink, touched.get),
          call(`${name}_rounds`, run.get, outRefs!.get, outPoints!.get),
          control.brIf(0, i32.ltU(i.get, count!.get)),
        ),
      ]
    },
  })
}

function addTask(
  program: Program,
  o: { name: string; field: PairOperations; curve: Curve; one: number },
): void {
  const { name, field, curve } = o
  const [E, P] = [field.elementLength, field.pairLength]
  const [sum, total, next] = [0, 1, 2].map(() => program.scratch(curve.pairLength)) as [Code, Code, Code]
  const spare = program.scratch(4 * E)
  // A missing point is all zeros: x, y and, as ZZ, an element.
  const none = program.constant(new Uint8Array(2 * E))
  const one = program.scratch(2 * E)

  /**
   * `<name>_weigh(refs, rows, columns, doublings, out)`: 2^doublings sum of i R_i, plus sum of j C_j, where the
   * references of the columns follow those of the rows. Lane 0 has the rows.
   */
  program.module.func({
    name: `${name}_weigh`,
    params: [I32, I32, I32, I32, I32],
    exported: false,
    body: ({ params: [refs, rows, columns, doublings, out], local }) => {
      const [i, a, b] = [local(I32), local(I32), local(I32)]
      const refOf = (lines: Local, first: Code): Code => [
        control.select(
          i32.load(i32.add(refs!.get, i32.shl(i32.add(first, i.get), i32.const(2)))),
          i32.const(0),
          i32.ltU(i.get, lines.get),
        ),
      ]
      const xOf = (ref: Local): Code => control.select(refX(ref, E), i32.const(none), ref.get)
      const yOf = (ref: Local): Code =>
        control.select(add(i32.and(ref.get, i32.const(REF.address)), E), i32.const(none), ref.get)
      const signOf = (ref: Local): Code => i32.and(ref.get, i32.const(REF.negate))
      const zOf = (ref: Local): Code => control.select(one, i32.const(none), ref.get)
      const at = (i: number): Code => add(next, i * P)
      return [
        field.scatter(one, add(one, E), i32.const(o.one)),
        curve.clear(sum),
        curve.clear(total),
        i.set(control.select(rows!.get, columns!.get, i32.gtU(rows!.get, columns!.get))),
        loopWhile(i32.gtU(i.get, i32.const(1)), [
          step(i, -1),
          a.set(refOf(rows!, i32.const(0))),
          b.set(refOf(columns!, rows!.get)),
          control.if(i32.or(a.get, b.get), [
            field.gather(at(0), xOf(a), xOf(b)),
            field.gatherSigned(at(1), yOf(a), signOf(a), yOf(b), signOf(b)),
            field.gather(at(2), zOf(a), zOf(b)),
            field.copy(at(3), at(2)),
            curve.add(sum, sum, next),
          ]),
          curve.add(total, total, sum),
        ]),
        curve.swap(next, total),
        loopWhile(doublings!.get, [curve.double(total, total), step(doublings!, -1)]),
        curve.add(total, total, next),
        curve.scatter(out!.get, spare, total),
      ]
    },
  })

  program.module.func({
    name: `${name}_msmTask`,
    params: Array(8).fill(I32),
    body: ({ params, local }) => {
      const [bases, halves, indexes, n, windows, window, area, out] = params as [
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
      ]
      const [i, bit, width, firstBit, digitWidth] = [
        local(I32),
        local(I32),
        local(I32),
        local(I32),
        local(I32),
      ]
      const [entries, sorted, ends, refs, points] = [
        local(I32),
        local(I32),
        local(I32),
        local(I32),
        local(I32),
      ]
      const [entry, buckets, bias, digit, half, ref] = [
        local(I32),
        local(I32),
        local(I32),
        local(I32),
        local(I32),
        local(I32),
      ]
      const [rows, columns, shift, row, column, place] = [
        local(I32),
        local(I32),
        local(I32),
        local(I32),
        local(I32),
        local(I32),
      ]
      const [biasLow, biasHigh, low, high, sign] = [
        local(I64),
        local(I64),
        local(I64),
        local(I64),
        local(I64),
      ]
      const c = i64.const
      const word = (array: Local, index: Code): Code => i32.add(array.get, i32.shl(index, i32.const(2)))

      // Half a unit of every signed digit, added in advance, makes digits without carries: Σ 2^(first + width - 1).
      const oneAt = (position: Code): Code => i64.shl(c(1n), i64.extendU(position))
      const readShape: Code = [
        times(i, windows.get, [
          width.set(
            i32.add(
              i32.divU(i32.const(HALF_BITS + 1), windows.get),
              i32.ltU(i.get, i32.remU(i32.const(HALF_BITS + 1), windows.get)),
            ),
          ),
          control.if(i32.eq(i.get, window.get), [firstBit.set(bit.get), digitWidth.set(width.get)]),
          bit.set(i32.add(bit.get, width.get)),
          control.if(
            i32.ltU(add(i.get, 1), windows.get),
            control.if(
              i32.gtU(bit.get, i32.const(64)),
              biasHigh.set(i64.or(biasHigh.get, oneAt(add(bit.get, -65)))),
              biasLow.set(i64.or(biasLow.get, oneAt(add(bit.get, -1)))),
            ),
          ),
        ]),
        buckets.set(i32.shl(i32.const(1), add(digitWidth.get, -1))),
        // The topmost digit has no sign.
        bias.set(control.select(buckets.get, i32.const(0), i32.ltU(add(window.get, 1), windows.get))),
      ]

      const place8 = (to: Local, length: Code): Code => [
        to.set(area.get),
        area.set(i32.add(area.get, i32.and(add(length, 7), i32.const(-8)))),
      ]
      const placeArrays: Code = [
        place8(entries, scaled(n.get, 2 * ARRAYS.entry)),
        place8(
          sorted,
          scaled(
            control.select(n.get, add(buckets.get, 2), i32.gtU(n.get, add(buckets.get, 2))),
            2 * ARRAYS.ref,
          ),
        ),
        place8(ends, scaled(add(buckets.get, 1), ARRAYS.end)),
        place8(refs, scaled(add(buckets.get, 1), ARRAYS.ref)),
        place8(points, scaled(add(buckets.get, 1), 2 * E)),
      ]

      const readDigit = (offset: number, flag: number): Code => [
        low.set(i64.load(half.get, offset)),
        sign.set(i64.load(half.get, offset + 8)),
        control.if(i32.eqz(i64.eqz(i64.or(low.get, sign.get))), [
          high.set(i64.and(sign.get, c((1n << 63n) - 1n))),
          low.set(i64.add(low.get, biasLow.get)),
          high.set(i64.add(i64.add(high.get, biasHigh.get), i64.extendU(i64.ltU(low.get, biasLow.get)))),
          control.if(
            i32.ltU(firstBit.get, i32.const(64)),
            low.set(
              i64.or(
                i64.shrU(low.get, i64.extendU(firstBit.get)),
                i64.shl(i64.shl(high.get, c(1n)), i64.extendU(i32.sub(i32.const(63), firstBit.get))),
              ),
            ),
            low.set(i64.shrU(high.get, i64.extendU(add(firstBit.get, -64)))),
          ),
          digit.set(
            i32.sub(i32.and(i32.wrap(low.get), add(i32.shl(buckets.get, i32.const(1)), -1)), bias.get),
          ),
          control.if(digit.get, [
            ref.set(
              i32.add(
                bases.get,
                i32.xor(i32.shrU(digit.get, i32.const(31)), i32.wrap(i64.shrU(sign.get, c(63n)))),
              ),
            ),
            control.if(i32.shrU(digit.get, i32.const(31)), digit.set(i32.sub(i32.const(0), digit.get))),
            i32.store(entry.get, digit.get, 0),
            i32.store(entry.get, add(ref.get, flag), 4),
            step(entry, ARRAYS.entry),
            digit.set(word(ends, digit.get)),
            i32.store(digit.get, add(i32.load(digit.get), 1)),
          ]),
        ]),
      ]

      const sort: Code = [
        memory.fill(ends.get, i32.const(0), scaled(add(buckets.get, 1), ARRAYS.end)),
        entry.set(entries.get),
        times(i, n.get, [
          half.set(i.get),
          control.if(indexes.get, half.set(i32.load(word(indexes, i.get)))),
          half.set(i32.add(halves.get, scaled(half.get, HALVES))),
          readDigit(0, 0),
          readDigit(HALVES / 2, REF.phi),
          step(bases, 3 * E),
        ]),
        // Counts become starts, and the entries move them to ends.
        place.set(i32.const(0)),
        times(i, add(buckets.get, 1), [
          digit.set(i32.load(word(ends, i.get))),
          i32.store(word(ends, i.get), place.get),
          place.set(i32.add(place.get, digit.get)),
        ]),
        half.set(entry.get),
        entry.set(entries.get),
        loopWhile(i32.ltU(entry.get, half.get), [
          digit.set(word(ends, i32.load(entry.get, 0))),
          place.set(i32.load(digit.get)),
          i32.store(word(sorted, place.get), i32.load(entry.get, 4)),
          i32.store(digit.get, add(place.get, 1)),
          step(entry, ARRAYS.entry),
        ]),
      ]

      // Bucket k is in row k >> shift and column k mod 2^shift; row and column 0 weigh nothing.
      const putBucket: Code = [
        ref.set(i32.load(word(refs, i32.add(i32.shl(row.get, shift.get), column.get)))),
        control.if(ref.get, [i32.store(word(sorted, place.get), ref.get), step(place, 1)]),
      ]
      const endLine: Code = [i32.store(entry.get, place.get), step(entry, ARRAYS.end)]
      const inGrid: Code = i32.leU(i32.add(i32.shl(row.get, shift.get), column.get), buckets.get)
      const layGrid: Code = [
        shift.set(i32.shrU(digitWidth.get, i32.const(1))),
        columns.set(i32.shl(i32.const(1), shift.get)),
        rows.set(add(i32.shrU(buckets.get, shift.get), 1)),
        // The arrays of lines follow those of buckets.
        place8(ends, scaled(i32.add(rows.get, columns.get), ARRAYS.end)),
        place8(half, scaled(i32.add(rows.get, columns.get), ARRAYS.ref)),
        entry.set(ends.get),
        place.set(i32.const(0)),
        times(row, rows.get, [
          control.if(row.get, times(column, columns.get, control.if(inGrid, putBucket))),
          endLine,
        ]),
        times(column, columns.get, [
          control.if(column.get, times(row, rows.get, control.if(inGrid, putBucket))),
          endLine,
        ]),
      ]
      return [
        readShape,
        placeArrays,
        sort,
        call(`${name}_sumRuns`, sorted.get, ends.get, add(buckets.get, 1), refs.get, points.get),
        layGrid,
        call(`${name}_sumRuns`, sorted.get, ends.get, i32.add(rows.get, columns.get), half.get, area.get),
        call(`${name}_weigh`, half.get, rows.get, columns.get, shift.get, out.get),
      ]
    },
  })
}

function addCombine(
  program: Program,
  o: { name: string; field: PairOperations; base: Field; curve: Curve },
): void {
  const { name, field, base, curve } = o
  const [sum, chunk] = [program.scratch(curve.pairLength), program.scratch(curve.pairLength)]
  const [x, y] = [program.scratch(field.pairLength), program.scratch(field.pairLength)]
  const spare = program.scratch(INTEGER)
  const parts = field.elementLength / base.elementLength
  program.module.func({
    name: `${name}_msmCombine`,
    params: [I32, I32, I32, I32],
    results: [I32],
    body: ({ params: [sums, chunks, windows, out], local }) => {
      const [i, j, k, at] = [local(I32), local(I32), local(I32), local(I32)]
      const length = 4 * field.elementLength
      const width: Code = i32.add(
        i32.divU(i32.const(HALF_BITS + 1), windows!.get),
        i32.ltU(i.get, i32.remU(i32.const(HALF_BITS + 1), windows!.get)),
      )
      return [
        curve.clear(sum),
        i.set(windows!.get),
        at.set(i32.add(sums!.get, scaled(i32.mul(windows!.get, chunks!.get), length))),
        loopWhile(i.get, [
          step(i, -1),
          times(k, width, curve.double(sum, sum)),
          times(j, chunks!.get, [
            step(at, -length),
            curve.gather(chunk, at.get, at.get),
            curve.add(sum, sum, chunk),
          ]),
        ]),
        curve.toAffine(x, y, sum),
        [x, y].map((coordinate, c) =>
          Array.from({ length: parts }, (_, part) =>
            base.decode(
              add(out!.get, (c * parts + part) * INTEGER),
              spare,
              add(coordinate, part * base.pairLength),
            ),
          ),
        ),
        i32.and(field.zeros(add(sum, 2 * field.pairLength)), i32.const(1)),
      ]
    },
  })
}
