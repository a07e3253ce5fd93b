import { BASE8, multiply } from '../../src/crypto/babyjub.js'
import { SetTree } from '../../src/merkle/index.js'
import type { Inputs } from '../../src/prover/witness.js'
import { bitsOf, childrenOf, emptyPath } from '../../src/statements/context.js'
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

/** Mutates all signals of a gadget, in witnesses of a few inputs that it accepts; `follow` as for a statement. */
export async function mutateGadget(name: keyof typeof GADGETS, follow?: number): Promise<MutationResult> {
  const circuit = await gadget(name)
  const witnesses = await gadgetWitnesses(name, circuit)
  if (witnesses.length === 0) throw new Error(`no inputs for ${name}`)
  return mutate({
    system: circuit,
    witnesses: witnesses.map((witness) => ({ witness, holder: false })),
    seed: name,
    ...(follow !== undefined && { follow }),
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
  const own = await ownInputs(name)
  if (own !== undefined) return Promise.all(own.map((given) => circuit.accept(given)))
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

/** Inputs of the gadgets that take openings. */
async function ownInputs(name: string): Promise<Inputs[] | undefined> {
  const depth = /^QuaternaryRoot\((\d+)\)$/.exec(name)?.[1]
  if (depth !== undefined) {
    return [0, 6].map((index) => ({
      leaf: 77n,
      index: bitsOf(index, 2 * Number(depth)),
      children: emptyPath(77n, Number(depth), index).children,
    }))
  }
  if (name === 'Interval(10)') {
    const tree = new SetTree([5n, 9n, 2n ** 200n])
    return [5n, 7n].map((value) => {
      const opening = tree.proof(value)
      const { root, low, high, index } = opening
      const lowIsMember = low === 5n ? 1n : 0n
      const path = { index: bitsOf(index, 20), children: childrenOf(opening).children }
      return { value, held: 1n, root, low, high, lowIsMember, ...path }
    })
  }
  if (name === 'SbtSlot(10, 3)') {
    const cases = await corpusOf('policy-s')
    const commitment = openStatement('policy-s').symbols.get('main.commitment') as number
    return cases.map(({ inputs, witness }) => {
      const { inputs: names } = GADGETS[name]
      const of = (key: string): unknown => {
        if (key === 'commitment') return witness[commitment]
        return key === 'now' || key === 'anchorsRoot' ? inputs[key] : (inputs[key] as readonly unknown[])[0]
      }
      return Object.fromEntries(Object.keys(names).map((key) => [key, of(key)])) as Inputs
    })
  }
  return undefined
}
