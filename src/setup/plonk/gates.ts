import { FIELD_MODULUS as r } from '../../field.js'
import type { R1cs } from '../../formats/r1cs.js'

/** A wire that is a linear combination of two others: value = leftFactor * left + rightFactor * right. */
export interface Addition {
  readonly left: number
  readonly right: number
  readonly leftFactor: bigint
  readonly rightFactor: bigint
}

/**
 * A circuit as PLONK knows it. Gate i says qm a b + ql a + qr b + qo c + qc = 0, where a, b and c are the values of the wires
 * `a[i]`, `b[i]` and `c[i]`; the first gates belong to the public signals, one each. Wire 0 stands for "unused" and is worth
 * whatever the prover says, so that no selector but a 0 ever multiplies it.
 */
export interface Gates {
  /** Of the constraint system, and the additions behind them. */
  readonly wires: number
  readonly publicSignals: number
  readonly a: readonly number[]
  readonly b: readonly number[]
  readonly c: readonly number[]
  readonly qm: readonly bigint[]
  readonly ql: readonly bigint[]
  readonly qr: readonly bigint[]
  readonly qo: readonly bigint[]
  readonly qc: readonly bigint[]
  readonly additions: readonly Addition[]
}

/** A linear combination: the constant, if it has a term, and the other terms in the order of their wires. */
interface Sum {
  readonly constant: bigint | undefined
  readonly terms: readonly (readonly [wire: number, factor: bigint])[]
}

/**
 * Turns a rank-1 constraint system into gates of fan-in two, the same and in the same order as snarkjs 0.7.6, so that keys can
 * be compared byte by byte. Combinations of more wires than a gate has are cut by additions.
 */
export function arithmetize(r1cs: R1cs): Gates {
  const [a, b, c]: number[][] = [[], [], []]
  const [qm, ql, qr, qo, qc]: bigint[][] = [[], [], [], [], []]
  const additions: Addition[] = []
  const push = (wires: readonly number[], selectors: readonly bigint[]): void => {
    ;[a, b, c].forEach((list, i) => void list!.push(wires[i]!))
    ;[qm, ql, qr, qo, qc].forEach((list, i) => void list!.push(selectors[i]!))
  }

  /** Brings a combination to `width` terms, adding the first two until it has no more. */
  const reduce = ({ constant = 0n, terms }: Sum, width: number) => {
    const queue = [...terms]
    let head = 0
    while (queue.length - head > width) {
      const [left, leftFactor] = queue[head++]!
      const [right, rightFactor] = queue[head++]!
      const wire = r1cs.wires + additions.length
      additions.push({ left, right, leftFactor, rightFactor })
      push([left, right, wire], [0n, negate(leftFactor), negate(rightFactor), 1n, 0n])
      queue.push([wire, 1n])
    }
    const rest = queue.slice(head)
    while (rest.length < width) rest.push([0, 0n])
    return { constant, wires: rest.map(([wire]) => wire), factors: rest.map(([, factor]) => factor) }
  }
  const vanish = (sum: Sum): void => {
    const { constant, wires, factors } = reduce(sum, 3)
    push(wires, [0n, ...factors, constant])
  }

  for (let signal = 1; signal <= r1cs.publicSignals; signal++) push([signal, 0, 0], [0n, 1n, 0n, 0n, 0n])
  for (let i = 0; i < r1cs.constraints; i++) {
    const [left, right, product] = [0, 1, 2].map((k) => sumOf(r1cs, 3 * i + k)) as [Sum, Sum, Sum]
    if (isZero(left) || isZero(right)) vanish(product)
    else if (left.terms.length === 0) vanish(scaleAndSubtract(left.constant!, right, product))
    else if (right.terms.length === 0) vanish(scaleAndSubtract(right.constant!, left, product))
    else {
      const [x, y, z] = [reduce(left, 1), reduce(right, 1), reduce(product, 1)]
      const [[xFactor], [yFactor], [zFactor]] = [x.factors, y.factors, z.factors] as [
        [bigint],
        [bigint],
        [bigint],
      ]
      push(
        [...x.wires, ...y.wires, ...z.wires],
        [
          (xFactor * yFactor) % r,
          (xFactor * y.constant) % r,
          (x.constant * yFactor) % r,
          negate(zFactor),
          (x.constant * y.constant + negate(z.constant)) % r,
        ],
      )
    }
  }
  return {
    wires: r1cs.wires + additions.length,
    publicSignals: r1cs.publicSignals,
    ...({ a, b, c, qm, ql, qr, qo, qc } as Pick<Gates, 'a' | 'b' | 'c' | 'qm' | 'ql' | 'qr' | 'qo' | 'qc'>),
    additions,
  }
}

function sumOf(r1cs: R1cs, row: number): Sum {
  const { rowStart, termWire, termCoefficient, coefficients } = r1cs
  let constant: bigint | undefined
  const terms: [number, bigint][] = []
  for (let term = rowStart[row]!; term < rowStart[row + 1]!; term++) {
    const factor = coefficients[termCoefficient[term]!]!
    if (termWire[term] === 0) constant = ((constant ?? 0n) + factor) % r
    else terms.push([termWire[term]!, factor])
  }
  return { constant, terms: terms.sort(([first], [second]) => first - second) }
}

function isZero({ constant, terms }: Sum): boolean {
  return constant === undefined && terms.length === 0
}

/** Returns factor * a - b. Terms that cancel stay, as in snarkjs. */
function scaleAndSubtract(factor: bigint, a: Sum, b: Sum): Sum {
  const terms = new Map<number, bigint>()
  for (const [wire, value] of a.terms) terms.set(wire, (factor * value) % r)
  for (const [wire, value] of b.terms) terms.set(wire, ((terms.get(wire) ?? 0n) + r - value) % r)
  const constant =
    a.constant === undefined && b.constant === undefined
      ? undefined
      : (factor * (a.constant ?? 0n) + r - (b.constant ?? 0n)) % r
  return { constant, terms: [...terms].sort(([first], [second]) => first - second) }
}

function negate(value: bigint): bigint {
  return value === 0n ? 0n : r - value
}
