/** PLONK's verification equation over BN254, in WebAssembly. */
import type { ArithmeticName } from '../../bn254/field.js'
import { invert, FIELD_MODULUS as r } from '../../field.js'
import { createMachine } from '../machine.js'
import type { G1 } from '../points.js'
import { createSums } from '../sums.js'
import { G2_GENERATOR, type PlonkKey, power } from './keys.js'
import { challengesOf, type PlonkCandidate } from './transcript.js'

/** Decides the equation; its calls are not to be interleaved, which they cannot be, being synchronous. */
export interface PlonkEquation {
  isValid(key: PlonkKey, candidate: PlonkCandidate): boolean
}

const G1_GENERATOR: G1 = [1n, 2n]

/** Points of a key, the generator, and the commitments of a proof. */
const [KEY_POINTS, COMMITMENTS] = [9, 9] as const

/** The factors by which the points enter the two sides, in the order of the key's points, the generator, the proof's. */
interface Factors {
  readonly key: readonly bigint[]
  readonly generator: bigint
  readonly commitments: readonly bigint[]
  readonly u: bigint
}

/** What depends on a key alone, as bytes to put into memory. */
interface Prepared {
  readonly fixed: Uint8Array
  readonly points: number
}

/**
 * Makes the module that decides the equation.
 *
 * @param o.arithmetic the form of its numbers; `simd` needs what `chooseArithmetic` asks for
 */
export async function createPlonkEquation(o: { arithmetic: ArithmeticName }): Promise<PlonkEquation> {
  const machine = await createMachine(o)
  const { alloc, bytes, view, run, sizes, loadG2 } = machine
  const { tablesLength, makeTables, termsOf, sumTerms } = createSums(machine, {
    terms: KEY_POINTS + COMMITMENTS,
  })

  // Lines of X_2 and of the generator of G2, and tables of the key's points: what belongs to a key.
  const [linesTau, linesOne] = [alloc(sizes.lines), alloc(sizes.lines)]
  const keyTables = alloc(KEY_POINTS * tablesLength)
  const fixedLength = keyTables + KEY_POINTS * tablesLength - linesTau
  const proofTables = alloc(COMMITMENTS * tablesLength)
  const [slot, fixedSlot, f, swapped] = [sizes.slot, sizes.fixedSlot, sizes.fq12, sizes.fq12].map(alloc) as [
    number,
    number,
    number,
    number,
  ]
  const [openings, rest, other] = [0, 0, 0].map(() => alloc(sizes.points)) as [number, number, number]
  const [first, second] = [alloc(sizes.point), alloc(sizes.point)]

  const prepared = new WeakMap<PlonkKey, Prepared>()
  let current: PlonkKey | undefined
  const load = (key: PlonkKey): void => {
    if (current === key) return
    current = undefined
    const known = prepared.get(key)
    if (known) bytes.set(known.fixed, linesTau)
    else {
      loadG2(slot, key.tauG2, G2_GENERATOR)
      run('pairing_lines', linesTau, linesOne, slot)
      const points = [...key.points.filter((point) => point !== undefined), G1_GENERATOR]
      makeTables(keyTables, points)
      prepared.set(key, { fixed: bytes.slice(linesTau, linesTau + fixedLength), points: points.length })
    }
    current = key
  }
  /** Writes the sum of multiples in both lanes. */
  const sumMultiples = (out: number, terms: ReturnType<typeof termsOf>): void => {
    sumTerms(out, [terms.map(([low]) => low), terms.map(([, high]) => high)])
    run('g1_swap', other, out)
    run('g1_add', out, out, other)
  }

  return {
    isValid(key, candidate) {
      const factors = factorsOf(key, candidate)
      if (factors === undefined) return false
      load(key)
      makeTables(proofTables, candidate.commitments)
      // The polynomial 0 adds nothing.
      const ofKey = factors.key.filter((_, i) => key.points[i] !== undefined)
      sumMultiples(rest, [
        ...termsOf(keyTables, [...ofKey, factors.generator]),
        ...termsOf(proofTables, factors.commitments),
      ])
      const last = proofTables + (COMMITMENTS - 2) * tablesLength
      sumMultiples(openings, termsOf(last, [1n, factors.u]))
      run('g1_scatter', first, second, openings)
      run('g1_scatter', second, second, rest)
      run('g1_gather', openings, first, second)
      view.setUint32(fixedSlot, linesTau, true)
      view.setUint32(fixedSlot + 4, linesOne, true)
      run('pairing_setFixedP', fixedSlot, openings)
      run('pairing_miller', f, slot, 0, fixedSlot, 1)
      run('fq12_swap', swapped, f)
      run('fq12_mul', f, swapped, f)
      run('pairing_finish', f, f)
      return run('fq12_ones', f) === 3
    },
  }
}

/**
 * The equation is e(W + u W', tau) = e(xi W + u xi w W' + F - E, 1), with W and W' the openings at xi and at xi w, in the names of
 * Gabizon, Williamson and Ciobotaru, "PLONK" (ePrint 2019/953, version of 2022), section 8.3. Returned are the factors of the
 * points in what stands behind `1`, with the sign turned.
 *
 * @returns undefined if xi lies in the domain, of which nobody has a proof that holds but by a chance of 2^-220
 */
function factorsOf(key: PlonkKey, candidate: PlonkCandidate): Factors | undefined {
  const { signals, evaluations } = candidate
  const [a, b, c, s1, s2, zw] = evaluations as [bigint, bigint, bigint, bigint, bigint, bigint]
  const { beta, gamma, alpha, xi, v, u } = challengesOf(key, candidate)
  const xiN = power(xi, 2n ** BigInt(key.power))
  const vanishing = mod(xiN - 1n)
  if (vanishing === 0n) return undefined
  const lagrange = lagrangeAt(key, { xi, vanishing, count: Math.max(1, signals.length) })
  const l1 = lagrange[0]!
  // The polynomial of the public signals has their negatives as values.
  const publics = signals.reduce((sum, signal, i) => sum + signal * lagrange[i]!, 0n)
  const alpha2L1 = mod(mod(alpha * alpha) * l1)

  const identity = [a + beta * xi, b + mod(beta * xi) * key.k1, c + mod(beta * xi) * key.k2]
  const z = identity.reduce((product, value) => mod(product * mod(value + gamma)), alpha) + alpha2L1 + u
  const permuted = mod(mod(mod(a + beta * s1 + gamma) * mod(b + beta * s2 + gamma)) * mod(alpha * zw))
  const constant = -publics - alpha2L1 - permuted * mod(c + gamma)

  const powers = [1n, v]
  while (powers.length < 6) powers.push(mod(powers.at(-1)! * v))
  const [, v1, v2, v3, v4, v5] = powers as [bigint, bigint, bigint, bigint, bigint, bigint]
  const opened = v1 * a + v2 * b + v3 * c + v4 * s1 + v5 * s2 + u * zw
  const minus = (value: bigint): bigint => mod(-value)
  return {
    key: [a * b, a, b, c, 1n, v4, v5, -permuted * beta].map(minus),
    generator: mod(opened - constant),
    commitments: [
      ...[v1, v2, v3, z],
      ...[-vanishing, -vanishing * xiN, -vanishing * mod(xiN * xiN)],
      ...[xi, mod(u * xi) * key.root],
    ].map(minus),
    u,
  }
}

/** Values at xi of the Lagrange polynomials of the domain's first elements: w^i (xi^n - 1) / (n (xi - w^i)). */
function lagrangeAt(key: PlonkKey, o: { xi: bigint; vanishing: bigint; count: number }): bigint[] {
  const elements = [1n]
  while (elements.length < o.count) elements.push(mod(elements.at(-1)! * key.root))
  const size = 2n ** BigInt(key.power)
  const divisors = elements.map((element) => mod(size * mod(o.xi - element)))
  // One inversion for all.
  const products = [1n]
  for (const divisor of divisors) products.push(mod(products.at(-1)! * divisor))
  let inverse = invert(products.at(-1)!, r)
  const values = new Array<bigint>(o.count)
  for (let i = o.count - 1; i >= 0; i--) {
    values[i] = mod(mod(elements[i]! * o.vanishing) * mod(inverse * products[i]!))
    inverse = mod(inverse * divisors[i]!)
  }
  return values
}

function mod(value: bigint): bigint {
  const rest = value % r
  return rest < 0n ? rest + r : rest
}
