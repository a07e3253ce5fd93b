/** Groth16's verification equation over BN254, for one proof or many, in WebAssembly. */
import type { ArithmeticName } from '../bn254/field.js'
import { align } from '../bn254/program.js'
import { coefficientOf } from '../bn254/projective.js'
import { randomBytes } from '../crypto/random.js'
import { FIELD_MODULUS as r } from '../field.js'
import type { VerificationKey } from './keys.js'
import { createMachine } from './machine.js'
import type { G1, G2 } from './points.js'
import { createSums, type Pair, type Term } from './sums.js'

/** A proof whose points lie on their curves, with as many signals as its key has, canonical. */
export interface Candidate {
  readonly a: G1
  /** Whether it lies in the subgroup is found out here. */
  readonly b: G2
  readonly c: G1
  readonly signals: readonly bigint[]
}

/** Decides equations; its calls are not to be interleaved, which they cannot be, being synchronous. */
export interface Equations {
  readonly arithmetic: ArithmeticName
  /** Length in bytes of the WebAssembly module. */
  readonly moduleLength: number
  /** Tells whether a proof is valid. */
  isValid(key: VerificationKey, candidate: Candidate): boolean
  /**
   * Returns the positions of the invalid among many proofs, in no order.
   *
   * Equations are added with random factors of 128 bits, so that a batch with an invalid proof passes with a
   * probability of 2^-128; where one fails, its parts are tested. All being invalid costs about as much as testing each alone.
   */
  findInvalid(key: VerificationKey, candidates: readonly Candidate[]): number[]
}

/** Proofs whose factors of a product share one Miller loop, in each of the two lanes. */
const GROUP = 8
/** Proofs tested together, which bounds memory. */
const BATCH = 1024
/** Points of a key whose tables are kept; larger keys have theirs made again for each sum. */
const TABLES = 64
/** What depends on a key alone, as bytes to put into memory. */
interface Prepared {
  readonly fixed: Uint8Array
  readonly tables: Uint8Array
}

/** A proof of a batch with its factor. */
interface Weighted {
  readonly candidate: Candidate
  readonly position: number
  /** 16 random bytes, and the factor modulo r that the module makes of them. */
  readonly bytes: Uint8Array
  readonly factor: bigint
}

/** Proofs that one lane has taken together; their product and the sum of their points C lie at `place`. */
interface Item {
  readonly members: readonly Weighted[]
  readonly place: number
  /** Whether all points B in the lane lie in the subgroup; else the product means nothing. */
  readonly sound: boolean
}

type Four = [number, number, number, number]

/**
 * Makes the module that decides equations.
 *
 * @param o.arithmetic the form of its numbers; `simd` needs what `chooseArithmetic` asks for
 */
export async function createEquations(o: { arithmetic: ArithmeticName }): Promise<Equations> {
  const machine = await createMachine(o)
  const { alloc, bytes, view, run, sizes, loadG1, loadG2 } = machine

  const { tablesLength, makeTables, termsOf, sumTerms } = createSums(machine, { terms: 2 * TABLES })

  // A key's fixed part: lines of gamma, delta and beta, and the Miller loop of (-alpha, beta) in both lanes.
  const lines = {
    gamma: alloc(sizes.lines),
    delta: alloc(sizes.lines),
    beta: alloc(sizes.lines),
  }
  const alphaBeta = alloc(sizes.fq12)
  const alphaTables = alloc(tablesLength)
  const tables = alloc(TABLES * tablesLength)
  const fixedLength = tables - lines.gamma

  const slots = alloc(GROUP * sizes.slot)
  const fixedSlots = alloc(3 * sizes.fixedSlot)
  const coefficient = alloc(16)
  const [point, sum, partial, negated] = [0, 0, 0, 0].map(() => alloc(sizes.points)) as Four
  const [first, second, third, fourth] = [0, 0, 0, 0].map(() => alloc(sizes.point)) as Four
  const [f, product, factor] = [0, 0, 0].map(() => alloc(sizes.fq12)) as [number, number, number]
  // Of each item one value of the product and one point; the last item is that of no proofs.
  const valueLength = align(sizes.fq12 / 2)
  const itemLength = valueLength + align(sizes.point)
  const itemCount = BATCH / GROUP + 4
  const items = alloc(itemLength * itemCount)
  const productOf = (place: number): number => items + itemLength * place
  const pointOf = (place: number): number => productOf(place) + valueLength
  const nothing = itemCount - 1
  const infinity = pointOf(nothing)
  run('fq12_one', f)
  run('fq12_scatter', productOf(nothing), productOf(nothing), f)
  run('g1_infinity', point)
  run('g1_scatter', infinity, infinity, point)

  /** Puts minus a pair of points, and lines, into a fixed slot. */
  const setFixed = (i: number, points: number, first: number, second: number): void => {
    const slot = fixedSlots + sizes.fixedSlot * i
    view.setUint32(slot, first, true)
    view.setUint32(slot + 4, second, true)
    run('g1_neg', negated, points)
    run('pairing_setFixedP', slot, negated)
  }
  const inSubgroup = (slot: number): number => view.getInt32(slot + sizes.slotInSubgroup, true)

  const prepared = new WeakMap<VerificationKey, Prepared>()
  let current: VerificationKey | undefined
  /** Puts into memory what belongs to a key. */
  const load = (key: VerificationKey): void => {
    if (current === key) return
    current = undefined
    const known = prepared.get(key)
    if (known) {
      bytes.set(known.fixed, lines.gamma)
      bytes.set(known.tables, tables)
    } else {
      loadG2(slots, key.gamma, key.delta)
      run('pairing_lines', lines.gamma, lines.delta, slots)
      loadG2(slots, key.beta, key.beta)
      run('pairing_lines', lines.beta, lines.beta, slots)
      loadG1(point, key.alpha, key.alpha)
      run('g1_scatter', first, second, point)
      run('g1_gather', point, first, infinity)
      setFixed(0, point, lines.beta, lines.beta)
      run('pairing_miller', f, slots, 0, fixedSlots, 1)
      joinLanes(alphaBeta, f)
      makeTables(alphaTables, [key.alpha])
      const kept = key.ic.length <= TABLES ? key.ic : []
      makeTables(tables, kept)
      prepared.set(key, {
        fixed: bytes.slice(lines.gamma, lines.gamma + fixedLength),
        tables: bytes.slice(tables, tables + kept.length * tablesLength),
      })
    }
    current = key
  }

  /** out = the product of a pair's two values, in both lanes. */
  const joinLanes = (out: number, x: number): void => {
    run('fq12_swap', factor, x)
    run('fq12_mul', out, factor, x)
  }
  /** Pushes through the final exponentiation: 1 if the first of the pair at f becomes 1, plus 2 if the second. */
  const areOne = (): number => {
    run('pairing_finish', f, f)
    return run('fq12_ones', f)
  }

  /** Sums multiples of the points IC, in parts for which there is room. */
  const sumSignals = (
    out: number,
    ic: readonly G1[],
    lanesOf: (from: number, to: number) => Pair<readonly Term[]>,
  ): void => {
    for (let from = 0; from < ic.length; from += TABLES) {
      if (ic.length > TABLES) makeTables(tables, ic.slice(from, from + TABLES))
      sumTerms(from === 0 ? out : partial, lanesOf(from, Math.min(from + TABLES, ic.length)))
      if (from > 0) run('g1_add', out, out, partial)
    }
  }

  // e(A, B) e(-alpha, beta) e(-sum of signals * IC, gamma) e(-C, delta) = 1, with gamma and delta in the two lanes.
  const isValid = (key: VerificationKey, { a, b, c, signals }: Candidate): boolean => {
    load(key)
    const scalars = [1n, ...signals]
    sumSignals(sum, key.ic, (from, to) => {
      const terms = termsOf(tables, scalars.slice(from, to))
      return [terms.map(([low]) => low), terms.map(([, high]) => high)]
    })
    run('g1_swap', point, sum)
    run('g1_add', sum, sum, point)
    run('g1_scatter', first, second, sum)
    loadG1(point, a, c)
    run('g1_scatter', second, third, point)
    run('g1_gather', point, first, third)
    setFixed(0, point, lines.gamma, lines.delta)
    run('g1_gather', point, second, infinity)
    loadG2(slots, b, b)
    run('pairing_setP', slots, point)
    run('pairing_miller', f, slots, 1, fixedSlots, 1)
    // In a group of another order the pairing is no longer one, and equations hold that should not.
    if (inSubgroup(slots) !== 3) return false
    joinLanes(f, f)
    run('fq12_mul', f, f, alphaBeta)
    return areOne() === 3
  }

  /** Takes proofs together, at most as many in the second lane as in the first. */
  const takeTogether = (lanes: Pair<readonly Weighted[]>, places: Pair<number>): Pair<Item> => {
    const elements = [
      [first, second],
      [third, fourth],
    ] as const
    run('g1_infinity', sum)
    lanes[0].forEach((proof, i) => {
      const slot = slots + sizes.slot * i
      const both = [proof, lanes[1][i]] as const
      both.forEach((weighted, lane) => {
        const [a, c] = elements[lane as 0 | 1]
        if (weighted === undefined) {
          bytes.copyWithin(a, infinity, infinity + sizes.point)
          bytes.copyWithin(c, infinity, infinity + sizes.point)
          return
        }
        loadG1(point, weighted.candidate.a, weighted.candidate.c)
        bytes.set(weighted.bytes, coefficient)
        run('g1_scale', point, point, coefficient)
        run('g1_scatter', a, c, point)
      })
      loadG2(slot, proof.candidate.b, (both[1] ?? proof).candidate.b)
      run('g1_gather', point, first, third)
      run('pairing_setP', slot, point)
      run('g1_gather', point, second, fourth)
      run('g1_add', sum, sum, point)
    })
    run('pairing_miller', f, slots, lanes[0].length, fixedSlots, 0)
    run('fq12_scatter', productOf(places[0]), productOf(places[1]), f)
    run('g1_scatter', pointOf(places[0]), pointOf(places[1]), sum)
    const item = (lane: 0 | 1): Item => ({
      members: lanes[lane],
      place: places[lane],
      sound: lanes[0].every((_, i) => inSubgroup(slots + sizes.slot * i) & (1 << lane)),
    })
    return [item(0), item(1)]
  }

  /** Tells for two sets of sound items whether the sum of each one's equations holds. */
  const hold = (key: VerificationKey, sets: Pair<readonly Item[]>): Pair<boolean> => {
    run('fq12_one', product)
    run('g1_infinity', sum)
    for (let i = 0; i < Math.max(sets[0].length, sets[1].length); i++) {
      const [a, b] = [sets[0][i]?.place ?? nothing, sets[1][i]?.place ?? nothing]
      run('fq12_gather', factor, productOf(a), productOf(b))
      run('fq12_mul', product, product, factor)
      run('g1_gather', point, pointOf(a), pointOf(b))
      run('g1_add', sum, sum, point)
    }
    setFixed(0, sum, lines.delta, lines.delta)
    const scalars = sets.map((set) =>
      sumScalars(
        set.flatMap(({ members }) => members),
        key.ic.length,
      ),
    )
    const lanesOf = (address: number, from: number, to: number) =>
      scalars.map((lane) => termsOf(address, lane.slice(from, to)).flat()) as [Term[], Term[]]
    sumSignals(sum, key.ic, (from, to) => lanesOf(tables, from, to))
    setFixed(1, sum, lines.gamma, lines.gamma)
    sumTerms(sum, lanesOf(alphaTables, 0, 1))
    setFixed(2, sum, lines.beta, lines.beta)
    run('pairing_miller', f, slots, 0, fixedSlots, 3)
    run('fq12_mul', f, f, product)
    const ones = areOne()
    return [(ones & 1) === 1, (ones & 2) === 2]
  }

  const findInvalidOf = (key: VerificationKey, proofs: readonly Weighted[]): number[] => {
    const invalid: number[] = []
    const all: Item[] = []
    for (let i = 0; i < proofs.length; i += 2 * GROUP) {
      const group = proofs.slice(i, i + 2 * GROUP)
      const middle = Math.ceil(group.length / 2)
      const lanes = [group.slice(0, middle), group.slice(middle)] as const
      all.push(...takeTogether(lanes, [all.length, all.length + 1]))
    }
    const broken = all.filter(({ sound }) => !sound)
    const whole = all.filter(({ sound }) => sound)
    const suspects = split(whole)
    while (suspects.length > 0) {
      const sets = [suspects.pop() ?? [], suspects.pop() ?? []] as const
      hold(key, sets).forEach((holds, lane) => {
        const set = sets[lane as 0 | 1]
        if (holds) return
        if (set.length === 1) broken.push(set[0] as Item)
        else suspects.push(...split(set))
      })
    }
    for (const { members } of broken) {
      for (let i = 0; i < members.length; i += 2) {
        const lanes = [members.slice(i, i + 1), members.slice(i + 1, i + 2)] as const
        const singles = takeTogether(lanes, [nothing - 2, nothing - 1])
        const sets = singles.map((item) => (item.sound ? [item] : [])) as [Item[], Item[]]
        hold(key, sets).forEach((holds, lane) => {
          const { sound, members } = singles[lane as 0 | 1]
          if (!(sound && holds)) invalid.push(...members.map(({ position }) => position))
        })
      }
    }
    return invalid
  }

  return {
    arithmetic: o.arithmetic,
    moduleLength: machine.moduleLength,
    isValid,
    findInvalid(key, candidates) {
      load(key)
      const invalid: number[] = []
      for (let from = 0; from < candidates.length; from += BATCH) {
        const batch = candidates.slice(from, from + BATCH)
        const random = randomBytes(16 * batch.length)
        const weighted = batch.map((candidate, i): Weighted => {
          const offset = 16 * i
          return {
            candidate,
            position: from + i,
            bytes: random.subarray(offset, offset + 16),
            factor: factorOf(random, offset),
          }
        })
        invalid.push(...findInvalidOf(key, weighted))
      }
      return invalid
    },
  }
}

/** The two halves of a list, without empty ones. */
function split<T>(list: readonly T[]): (readonly T[])[] {
  const middle = Math.ceil(list.length / 2)
  return [list.slice(0, middle), list.slice(middle)].filter((part) => part.length > 0)
}

function factorOf(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset)
  const factor = coefficientOf(view.getBigUint64(0, true), view.getBigUint64(8, true)) % r
  return factor < 0n ? factor + r : factor
}

/** Sum of factors, then of factors times each signal, modulo r. */
function sumScalars(proofs: readonly Weighted[], count: number): bigint[] {
  return Array.from({ length: count }, (_, j) => {
    let sum = 0n
    for (const { candidate, factor } of proofs) {
      sum += j === 0 ? factor : factor * (candidate.signals[j - 1] as bigint)
    }
    return sum % r
  })
}
