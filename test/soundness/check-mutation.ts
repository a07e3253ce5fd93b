import { BASE8, multiply } from '../../src/crypto/babyjub.js'
import { DOMAIN } from '../../src/crypto/domains.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { SetTree } from '../../src/merkle/index.js'
import type { Inputs } from '../../src/prover/witness.js'
import { createIssuer, defineSchema, issueSbt } from '../../src/sbt/index.js'
import { bitsOf, childrenOf, emptyPath } from '../../src/statements/context.js'
import { toMontgomery } from '../circuits/lib/curve.js'
import { GADGETS, gadget } from '../circuits/lib/gadgets.js'
import { type Circuit, type Gadget, randomElements } from '../support/circuit.js'
import { openStatement } from '../support/statement.js'
import { argumentsOf } from './arguments.js'
import { corpusOf } from './corpus.js'
import { type Follow, type MutationResult, mutate } from './mutation.js'
import { proveSystem } from './report.js'

/**
 * Public signals of a statement that several values satisfy, such as a bound that is met with room to spare: they are bound by
 * being public, and the verifier's. Policies of the corpus read one ledger at most: the root of a second one, 0, is what the
 * verifier expects, and no constraint's.
 */
const MAY_CHANGE = /^(message|now|mask|since|least|fewest|most|ledgerRoot\[1\])$/

/**
 * Of timed statements: the scope that such a circuit takes is hashed with the keys and the beacon already, by the prover and
 * again by the verifier. Where the claim holds, the circuit asks nothing else of the keys.
 */
const MAY_CHANGE_TIMED = /^(message|now|verifierKey2?)$/

/** What a short run follows. */
export const SHORT: Follow = { witnesses: 1, signals: 2000 }

/** Inputs of statements that no witness pins alone, with the reason. */
export const IDLE: Readonly<Record<string, string>> = {
  message:
    'Its square stands in a constraint, so that -message passes alone; as a public signal it is bound all the same.',
  mask: 'A category of which there is no entry may be in it or not.',
  fewest: 'Fewer are as true.',
  most: 'More are as true.',
  since: 'An earlier time is as true where no entry lies between.',
  least: 'A smaller amount is as true where no entry lies between.',
}

/** Mutates all signals of a statement. */
export async function mutateStatement(name: string, follow?: Follow): Promise<MutationResult> {
  const witnesses = await corpusOf(name)
  const system = openStatement(name)
  return mutate({
    system,
    proof: proveSystem(system),
    witnesses,
    mayChange: name.endsWith('-timed') ? MAY_CHANGE_TIMED : MAY_CHANGE,
    seed: name,
    ...(follow !== undefined && { follow }),
  })
}

/** Mutates all signals of a gadget, in witnesses of a few inputs that it accepts. */
export async function mutateGadget(name: keyof typeof GADGETS, follow?: Follow): Promise<MutationResult> {
  const circuit = await gadget(name)
  const witnesses = await gadgetWitnesses(name, circuit)
  if (witnesses.length === 0) throw new Error(`no inputs for ${name}`)
  return mutate({
    system: circuit,
    proof: proveSystem(circuit, { arguments: argumentsOf(name) }),
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

/** Inputs of the gadgets that take openings and signatures. */
async function ownInputs(name: string): Promise<Inputs[] | undefined> {
  const [, template, size] = /^(\w+)\((\d+)/.exec(name) ?? [undefined, name, '0']
  const depth = Number(size)
  switch (template) {
    case 'QuaternaryRoot':
      return [0, 6].map((index) => ({ leaf: 77n, ...openingOf(77n, depth, index) }))
    case 'QuaternaryUpdate':
      return [0, 6].map((index) => ({ before: 77n, after: 78n, ...openingOf(77n, depth, index) }))
    case 'LedgerSlot':
      return [OWN, 40n].map((own) => slotInputs(own, depth))
    case 'LedgerTouch':
      return (['update', 'link', 'insert', 'overflow', 'skip'] as const).map((kind) =>
        touchInputs(kind, depth),
      )
    case 'Interval':
      return intervalInputs()
    case 'Eddsa':
      return [0n, 1n].map(signatureInputs)
    case 'SbtSlot':
      return sbtInputs()
    default:
      return undefined
  }
}

/** A path of a tree that is empty but for one leaf. */
function openingOf(leaf: bigint, depth: number, position: number) {
  const at = position % 4 ** depth
  return { index: bitsOf(at, 2 * depth), children: emptyPath(leaf, depth, at).children }
}

const OWN = 20n
const LEAF = { next: 60n, counts: [1n, 2n, 3n, 4n], sums: [5n, 6n, 7n, 8n], head: 9n }

function leafHash(handle: bigint): bigint {
  const { next, counts, sums, head } = LEAF
  const tallies = counts.flatMap((count, c) => [count, sums[c] as bigint])
  return poseidon([DOMAIN.ledgerLeaf, handle, next, ...tallies, head])
}

function rootOf({ children }: { readonly children: readonly (readonly bigint[])[] }): bigint {
  return poseidon(children.at(-1) as bigint[])
}

/** The leaf of {@link OWN}, for its own handle or one that lies in its gap. */
function slotInputs(own: bigint, depth: number): Inputs {
  const { counts, sums, ...leaf } = LEAF
  const [ledgerId, categories, size, queueLength, queueHead] = [11n, 22n, 2n, 3n, 4n]
  const path = openingOf(leafHash(OWN), depth, 6)
  const root = poseidon([
    DOMAIN.ledgerRoot,
    ...[ledgerId, categories, rootOf(path), size, queueLength, queueHead],
  ])
  const state = { ledgerId, categories, root, size, queueLength, queueHead }
  return { own, ...state, handle: OWN, ...leaf, leafCounts: counts, leafSums: sums, ...path }
}

function touchInputs(kind: 'update' | 'link' | 'insert' | 'overflow' | 'skip', depth: number): Inputs {
  const flag = (one: string): bigint => (kind === one ? 1n : 0n)
  const isFree = kind === 'insert'
  const position = 2
  const path = openingOf(isFree ? 0n : leafHash(OWN), depth, position)
  const zeros = [0n, 0n, 0n, 0n]
  const free = { next: 0n, counts: zeros, sums: zeros, head: 0n }
  const capacity = 4n ** BigInt(depth)
  return {
    treeRoot: rootOf(path),
    size: kind === 'overflow' ? capacity : BigInt(position),
    queueLength: 5n,
    queueHead: 6n,
    linking: flag('insert'),
    linkedHandle: 30n,
    linkedNext: 60n,
    isSkip: flag('skip'),
    isUpdate: flag('update'),
    isLink: flag('link'),
    isOverflow: flag('overflow'),
    handle: kind === 'update' ? OWN : 30n,
    category: bitsOf(kind === 'skip' ? 9 : 2, 5),
    content: (1n << 64n) + 100n + (7n << 65n) + (9n << 105n),
    leafHandle: isFree ? 0n : OWN,
    ...(isFree ? free : LEAF),
    ...path,
  }
}

function intervalInputs(): Inputs[] {
  const tree = new SetTree([5n, 9n, 2n ** 200n])
  return [5n, 7n].map((value) => {
    const opening = tree.proof(value)
    const { root, low, high, index } = opening
    const lowIsMember = low === 5n ? 1n : 0n
    const path = { index: bitsOf(index, 20), children: childrenOf(opening).children }
    return { value, held: 1n, root, low, high, lowIsMember, ...path }
  })
}

/** A signature over an SBT's hash, or over another number. */
function signatureInputs(off: bigint): Inputs {
  const issuer = createIssuer({ secret: new Uint8Array(32).fill(7) })
  const schema = defineSchema({ name: 'mutation/1', claims: { n: 'uint' } })
  const { sbt, signature } = issueSbt({ issuer, schema, holder: 5n, claims: { n: 1n }, issuedAt: 1n })
  const { R8, S } = signature as NonNullable<typeof signature>
  return { A: [...issuer.publicKey], R8: [...R8], s: S, message: sbt.hash + off }
}

async function sbtInputs(): Promise<Inputs[]> {
  const cases = await corpusOf('policy-s')
  const commitment = openStatement('policy-s').symbols.get('main.commitment') as number
  return cases.map(({ inputs, witness }) => {
    const { inputs: names } = GADGETS['SbtSlot(10, 3)']
    const of = (key: string): unknown => {
      if (key === 'commitment') return witness[commitment]
      return key === 'now' || key === 'anchorsRoot' ? inputs[key] : (inputs[key] as readonly unknown[])[0]
    }
    return Object.fromEntries(Object.keys(names).map((key) => [key, of(key)])) as Inputs
  })
}
