import { BASE8, multiply } from '../../src/crypto/babyjub.js'
import type { Inputs } from '../../src/prover/witness.js'
import { toMontgomery } from '../circuits/lib/curve.js'
import { GADGETS, gadget } from '../circuits/lib/gadgets.js'
import { type Circuit, type Gadget, randomElements } from '../support/circuit.js'
import { openStatement } from '../support/statement.js'
import { corpusOf } from './corpus.js'
import { type MutationResult, mutate } from './mutation.js'

/** Public signals of a statement that whoever proves may choose: they are bound by being public. */
const MAY_CHANGE = /^(message|now)$/

/** Inputs of statements that no witness pins alone, with the reason. */
export const IDLE: Readonly<Record<string, string>> = {
  message:
    'Its square stands in a constraint, so that -message passes alone; as a public signal it is bound all the same.',
}

/** Mutates all signals of a statement; follows mutants in the first `follow` witnesses, by default in all. */
export async function mutateStatement(name: string, follow?: number): Promise<MutationResult> {
  const witnesses = await corpusOf(name)
  return mutate({
    system: openStatement(name),
    witnesses,
    mayChange: MAY_CHANGE,
    seed: name,
    ...(follow !== undefined && { follow }),
  })
}

/** Mutates all signals of a gadget, in witnesses of a few inputs that it accepts. */
export async function mutateGadget(name: keyof typeof GADGETS): Promise<MutationResult> {
  const circuit = await gadget(name)
  const witnesses = await gadgetWitnesses(name, circuit)
  if (witnesses.length === 0) throw new Error(`no inputs for ${name}`)
  return mutate({
    system: circuit,
    witnesses: witnesses.map((witness) => ({ witness, holder: false })),
    seed: name,
  })
}

async function gadgetWitnesses(name: string, circuit: Circuit): Promise<bigint[][]> {
  const { inputs } = GADGETS[name as keyof typeof GADGETS] as Gadget
  const random = randomElements(`gadget/${name}`)
  const [p, q] = [multiply(BASE8, 5n), multiply(BASE8, 11n)]
  const isMontgomery = /Montgomery|ToEdwards|SignedMultiply/.test(name) && name !== 'ToMontgomery'
  const point = (of: typeof p): bigint[] => (isMontgomery ? [...toMontgomery(of)] : [...of])
  const points: Record<string, bigint[]> = {
    p: point(p),
    q: point(q),
    A: point(p),
    R8: point(q),
    issuer: point(p),
  }
  if (/^To/.test(name)) points['in'] = point(p)
  const fill = (dimensions: string, value: () => bigint): unknown => {
    const match = /^\[(\d+)\](.*)$/.exec(dimensions)
    if (match === null) return value()
    return Array.from({ length: Number(match[1]) }, () => fill(match[2] as string, value))
  }
  const found: bigint[][] = []
  const choices = [() => 0n, () => 1n, () => random() & 1n, () => random() & 1n, () => random() & 7n, random]
  for (const value of choices) {
    const given = Object.fromEntries(
      Object.entries(inputs).map(([key, dimensions]) => [key, points[key] ?? fill(dimensions, value)]),
    ) as Inputs
    const witness = await circuit.witness(given).catch(() => undefined)
    if (witness !== undefined) found.push(witness)
    if (found.length === 3) break
  }
  return found
}
