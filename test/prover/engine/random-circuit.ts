import { FIELD_MODULUS as r } from '../../../src/field.js'
import type { R1cs } from '../../../src/formats/r1cs.js'
import { mod } from './reference.js'

/** A source of numbers below 2^32 that is the same for the same seed (xorshift). */
export function numbers(seed: number): () => number {
  let [a, b] = [seed | 1, 0x9e3779b9 ^ seed]
  return () => {
    let t = a
    a = b
    t ^= t << 23
    t ^= t >>> 17
    t ^= b ^ (b >>> 26)
    b = t
    return (a + b) >>> 0
  }
}

/** A circuit of random rows, and a function that completes values of its free wires to a witness. */
export interface RandomCircuit {
  readonly r1cs: R1cs
  /** Names what it is made of. */
  readonly label: string
  readonly witness: (free: () => bigint) => bigint[]
}

type Row = readonly (readonly [wire: number, coefficient: bigint])[]

/** What wires look like in the rows: their columns are the points of the key. */
export const SHAPES = ['mixed', 'repeated', 'opposite', 'bits', 'constant'] as const
export type Shape = (typeof SHAPES)[number]

/**
 * Makes a circuit whose domain has 2^logSize rows: each constraint defines one more wire as a product of two sums of
 * wires before it, or repeats a constraint once the wires are used up.
 *
 * @param o.publicSignals number of the first wires that are public, 0 to 2^logSize - 1
 * @param o.privates      number of free wires behind them
 * @param o.shape         repeated and opposite columns of wires, bits and powers of two, or rows without wires
 */
export function randomCircuit(o: {
  seed: number
  logSize: number
  publicSignals: number
  privates: number
  shape: Shape
}): RandomCircuit {
  const { seed, logSize, publicSignals, privates, shape } = o
  const next = numbers(seed)
  const pick = (below: number) => next() % below
  // snarkjs takes the power of two above constraints + public signals: half of it at least has to be filled. Public
  // signals may fill all of it, and leave no constraint.
  const most = 2 ** logSize - 1 - publicSignals
  const least = Math.max(2 ** (logSize - 1) - publicSignals, Math.min(1, most))
  const constraints = least + pick(most - least + 1)
  const free = 1 + publicSignals + privates
  const coefficient = (): bigint => {
    switch (pick(6)) {
      case 0:
      case 1:
        return 1n
      case 2:
        return r - 1n
      case 3:
        return 1n << BigInt(pick(254))
      case 4:
        return BigInt(pick(100)) + 2n
      default:
        return mod((BigInt(next()) << 224n) * BigInt(next()) + BigInt(next()))
    }
  }
  const sum = (known: number): Row => {
    const wire = () => pick(known)
    if (shape === 'repeated' || shape === 'opposite') {
      // All wires together: their columns are equal, or differ by the sign.
      const sign = (i: number) => (shape === 'opposite' && i % 2 === 1 ? r - 1n : 1n)
      return Array.from({ length: Math.min(known, 8) }, (_, i) => [i, sign(i)] as const)
    }
    if (shape === 'bits') {
      return Array.from({ length: 1 + pick(12) }, (_, i) => [wire(), 1n << BigInt(21 * i)] as const)
    }
    return Array.from({ length: pick(5) }, () => [wire(), coefficient()] as const)
  }
  const rows: Row[] = []
  const definitions: { a: Row; b: Row }[] = []
  // Some constraints define no wire: their product with 0 is 0, or they repeat the last.
  for (let i = 0; i < constraints; i++) {
    const known = free + definitions.length
    if (shape === 'constant') rows.push([[0, 5n]], [[0, 7n]], [[0, 35n]])
    else if (i % 7 === 3 && definitions.length > 0) {
      const { a, b } = definitions.at(-1)!
      rows.push(a, b, [[known - 1, 1n]])
    } else if (i % 7 === 5) rows.push(sum(known), [], [])
    else {
      const definition = { a: sum(known), b: sum(known) }
      definitions.push(definition)
      rows.push(definition.a, definition.b, [[known, 1n]])
    }
  }
  const evaluate = (row: Row, values: readonly bigint[]): bigint =>
    mod(row.reduce((total, [wire, c]) => total + c * values[wire]!, 0n))
  return {
    label: `2^${logSize} rows, ${publicSignals} public, ${privates} free, ${shape}, seed ${seed}`,
    r1cs: systemOf(rows, { wires: free + definitions.length, publicSignals }),
    witness(value) {
      const values = [1n, ...Array.from({ length: free - 1 }, value)]
      for (const { a, b } of definitions) values.push(mod(evaluate(a, values) * evaluate(b, values)))
      return values
    },
  }
}

function systemOf(rows: readonly Row[], o: { wires: number; publicSignals: number }): R1cs {
  const { wires, publicSignals } = o
  const indexes = new Map<bigint, number>()
  const indexOf = (value: bigint): number => {
    const known = indexes.get(value) ?? indexes.size
    indexes.set(value, known)
    return known
  }
  const terms = rows.flat()
  const rowStart = new Uint32Array(rows.length + 1)
  rows.forEach((row, i) => {
    rowStart[i + 1] = rowStart[i]! + row.length
  })
  const termCoefficient = Uint32Array.from(terms, ([, coefficient]) => indexOf(coefficient))
  return {
    wires,
    outputs: 0,
    publicInputs: publicSignals,
    privateInputs: wires - 1 - publicSignals,
    publicSignals,
    constraints: rows.length / 3,
    rowStart,
    termWire: Uint32Array.from(terms, ([wire]) => wire),
    termCoefficient,
    coefficients: [...indexes.keys()],
  }
}
