import { createHash } from 'node:crypto'
import { addField, ELEMENT, type Field, PAIR } from '../../../src/bn254/field.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { addAbc } from '../../../src/prover/engine/abc.js'
import { addFft } from '../../../src/prover/engine/fft.js'
import { type Host, host } from '../../bn254/host.js'

/** The transforms and the evaluation of rows in the test's thread. */
export interface FrHost extends Host {
  readonly fr: Field
  /** Writes `count` pairs, of elements as they are, at an address. */
  readonly writePairs: (address: number, pairs: readonly (readonly [bigint, bigint])[]) => void
  readonly readPair: (address: number) => [bigint, bigint]
}

export function frHost(arithmetic: 'simd' | 'scalar'): FrHost {
  let fr: Field | undefined
  const machine = host((program) => {
    fr = addField(program, { name: 'fr', modulus: r, arithmetic })
    addFft(program, fr)
    addAbc(program, fr)
  })
  const { encode, decode, join, split } = fr!.arithmetic
  return {
    ...machine,
    fr: fr!,
    writePairs(address, pairs) {
      for (const [i, [a, b]] of pairs.entries()) {
        machine.bytes.set(join(encode(a), encode(b)), address + i * PAIR)
      }
    },
    readPair: (address) =>
      split(machine.bytes.slice(address, address + PAIR)).map((element) => {
        if (element.length !== ELEMENT) throw new Error('an element has the wrong length')
        return mod(decode(element))
      }) as [bigint, bigint],
  }
}

export const mod = (value: bigint): bigint => ((value % r) + r) % r

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % r
    square = (square * square) % r
  }
  return result
}

/** Value of a polynomial at a point. */
export function evaluate(coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduceRight((sum, c) => (sum * x + c) % r, 0n)
}

/** Field elements of a seed, those at the edges among them. */
export function elements(seed: string, count: number): bigint[] {
  const edges = [0n, 1n, 2n, r - 1n, r - 2n, (r - 1n) / 2n, (r + 1n) / 2n, 1n << 253n]
  return Array.from({ length: count }, (_, i) => {
    const digest = createHash('sha512').update(`${seed}/${i}`).digest()
    if (digest[63]! < 64) return edges[digest[62]! % edges.length]!
    return BigInt(`0x${digest.toString('hex')}`) % r
  })
}
