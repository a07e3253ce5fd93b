/** Values of the towers in the library's form, and in and out of a program's memory. */
import { bn254 } from '@noble/curves/bn254.js'
import { addExtension } from '../../src/bn254/extension.js'
import { type ArithmeticName, addField } from '../../src/bn254/field.js'
import type { Program } from '../../src/bn254/program.js'
import { addTowers, type Towers } from '../../src/bn254/towers.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import type { Host } from './host.js'

export const { Fp2, Fp6, Fp12 } = bn254.fields
export type Fq2 = typeof Fp2.ONE
export type Fq12 = typeof Fp12.ONE

export function addFields(program: Program, arithmetic: ArithmeticName): Towers {
  const fq = addField(program, { name: 'fq', modulus: q, arithmetic })
  return addTowers(program, { fq2: addExtension(program, { name: 'fq2', base: fq }) })
}

/** The twelve coefficients over Fq in the order of memory. */
export const coefficients = ({ c0, c1 }: Fq12): bigint[] =>
  [c0.c0, c0.c1, c0.c2, c1.c0, c1.c1, c1.c2].flatMap((part) => [part.c0, part.c1])

export const fromCoefficients = (c: readonly bigint[]): Fq12 => Fp12.fromBigTwelve(c as never)

/** Writes and reads pairs of lists of elements of Fq. */
export function memoryOf(machine: Host, { fq2: { base } }: Towers) {
  const { arithmetic, pairLength, fromMontgomery, toMontgomery } = base
  return {
    write(address: number, first: readonly bigint[], second: readonly bigint[]): void {
      first.forEach((value, i) => {
        const [a, b] = [value, second[i] as bigint].map((x) => arithmetic.encode(centred(toMontgomery(x))))
        machine.bytes.set(arithmetic.join(a as Uint8Array, b as Uint8Array), address + pairLength * i)
      })
    },
    read(address: number, length: number): [bigint[], bigint[]] {
      const lanes: [bigint[], bigint[]] = [[], []]
      for (let i = 0; i < length; i++) {
        const pair = machine.bytes.slice(address + pairLength * i, address + pairLength * (i + 1))
        arithmetic.split(pair).forEach((element, lane) => {
          const x = arithmetic.decode(element)
          lanes[lane as 0 | 1].push(fromMontgomery(((x % q) + q) % q))
        })
      }
      return lanes
    },
  }
}

/** At rest values are at most half the modulus in size. */
function centred(x: bigint): bigint {
  return x > q / 2n ? x - q : x
}

/** A generator of numbers below q with every edge among them. */
export function numbers(seed: number): () => bigint {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n
  const edges = [0n, 1n, 2n, q - 1n, q - 2n, q >> 1n, (q >> 1n) + 1n, 1n << 51n, (1n << 253n) - 1n]
  const word = () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return state >> 16n
  }
  return () => {
    const x = Array.from({ length: 6 }, word).reduce((all, part) => (all << 48n) | part) % q
    return word() % 8n === 0n ? (edges[Number(word() % BigInt(edges.length))] as bigint) : x
  }
}
