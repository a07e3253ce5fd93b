import { PolicyError } from '../../src/errors.js'
import {
  createMemoryLedger,
  type LedgerProof,
  ledgerHandle,
  type MemoryLedger,
} from '../../src/ledger/index.js'
import { SetTree } from '../../src/merkle/index.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { parsePolicy } from '../../src/policy/index.js'
import type { Policy, Roots } from '../../src/policy/types.js'
import { defineSchema, type HeldSbt } from '../../src/sbt/index.js'
import type { ClaimType, ClaimValue } from '../../src/sbt/schema.js'
import { acceptedRoot, entryOf } from './ledger.js'
import { ALICE, BOB, grant, NOW, type Office, openContract, openOffice, refresh, rootsOf } from './world.js'

/** A random policy with a wallet that satisfies it or misses it by one thing. */
export interface RandomCase {
  /** The policy's JSON. */
  readonly json: RandomPolicyJson
  readonly policy: Policy
  readonly roots: Roots
  /** The wallet, and the slot that each SBT was made for. */
  readonly fill: readonly (readonly [slot: string, held: HeldSbt])[]
  readonly sets: readonly SetTree[]
  /** Openings of ledgers, by name; none but in `policy-l`. */
  readonly ledgers: Readonly<Record<string, LedgerProof>>
  /** What was changed after the wallet was made; `nothing` for none. */
  readonly change: string
  /** Another formula over the same slots, issuers and ledgers, of any profile; undefined if it is refused by name. */
  vary(seed: number): Pick<RandomCase, 'json' | 'policy' | 'sets'> | undefined
}

/** The parts of a policy's JSON. */
export interface RandomPolicyJson {
  readonly sbts: Readonly<Record<string, unknown>>
  readonly ledgers?: Readonly<Record<string, unknown>>
  readonly require: unknown
  readonly [part: string]: unknown
}

/** Numbers that depend on the seed alone (splitmix32). */
export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }
  below(bound: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let t = this.#state ^ (this.#state >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    t ^= t >>> 15
    return (t >>> 0) % bound
  }
  chance(percent: number): boolean {
    return this.below(100) < percent
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

const SCHEMA = defineSchema({
  name: 'random/1',
  claims: { n: 'uint', i: 'int', d: 'date', b: 'bool', s: 'string', y: 'bytes', f: 'field' },
})
const TYPES = SCHEMA.claims
const ORDERED = ['n', 'i', 'd']
const keys: Office[] = [openOffice(101), openOffice(102), openOffice(103)]
const contract = openContract(104)
const stranger = openOffice(105)
const MAX64 = 2n ** 64n - 1n

function randomValue(random: Random, type: ClaimType): ClaimValue {
  switch (type) {
    case 'uint':
      return random.pick([0n, 1n, 5n, 17n, 18n, 19n, 50_000n, MAX64 - 1n, MAX64])
    case 'int':
      return random.pick([-(2n ** 63n), -5n, -1n, 0n, 1n, 7n, 2n ** 63n - 1n])
    case 'date':
      return random.pick([-(2n ** 62n), -86400n, 0n, NOW - 1n, NOW, NOW + 1n, 2n ** 63n - 1n])
    case 'bool':
      return random.chance(50)
    case 'string':
      return random.pick(['CA', 'FR', '', 'économie'])
    case 'bytes':
      return Uint8Array.of(...random.pick([[], [0], [0, 0], [1, 2, 3]]))
    case 'field':
      return random.pick([
        0n,
        1n,
        2n ** 252n,
        21888242871839275222246405745257275088548364400416034343698204186575808495616n,
      ])
  }
}

function toJson(value: ClaimValue): unknown {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  return typeof value === 'bigint' ? value.toString() : value
}

/** A constant near a value: mostly equal or one off. */
function near(random: Random, type: ClaimType, value: ClaimValue): unknown {
  if (typeof value === 'bigint' && random.chance(60)) {
    const [low, high] =
      type === 'uint' ? [0n, MAX64] : type === 'field' ? [0n, 2n ** 253n] : [-(2n ** 63n), 2n ** 63n - 1n]
    const other = value + BigInt(random.below(3) - 1)
    return (
      other < low
        ? low
        : other > high && type !== 'field'
          ? high
          : other < 0n && type === 'field'
            ? 0n
            : other
    ).toString()
  }
  return toJson(random.chance(70) ? value : randomValue(random, type))
}

type Claims = Record<string, ClaimValue>

function leaf(
  random: Random,
  wallet: ReadonlyMap<string, Claims>,
  sets: SetTree[],
  mayOpen: () => boolean,
): unknown {
  const slot = random.pick([...wallet.keys()])
  const claims = wallet.get(slot) as Claims
  if (random.chance(15)) return { has: slot }
  const claim = random.pick(Object.keys(TYPES))
  const type = TYPES[claim] as ClaimType
  const value = claims[claim] as ClaimValue
  const left = { claim: `${slot}.${claim}` }
  const wrap = (predicate: object): object => (random.chance(20) ? { not: predicate } : predicate)
  const kind = random.below(100)
  if (kind < 12) {
    const list = [...new Set(Array.from({ length: 1 + random.below(3) }, () => near(random, type, value)))]
    return wrap({ ...left, [random.pick(['in', 'notIn'])]: list })
  }
  if (kind < 24 && mayOpen()) {
    const encodable = (type === 'uint' || type === 'field') && typeof value === 'bigint'
    const member = encodable ? value : typeof value === 'string' ? value : undefined
    if (member !== undefined) {
      const others = [3n, 2n ** 250n, 'FR']
      const tree = new SetTree(
        random.chance(50) ? [...new Set([member, ...others])] : others.filter((other) => other !== member),
      )
      sets.push(tree)
      return wrap({ ...left, [random.pick(['in', 'notIn'])]: { set: tree.root.toString() } })
    }
  }
  if (kind < 34 && wallet.size > 1) {
    const other = random.pick([...wallet.keys()].filter((name) => name !== slot))
    const operators = ORDERED.includes(claim) ? ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'] : ['eq', 'neq']
    return wrap({ ...left, [random.pick(operators)]: { claim: `${other}.${claim}` } })
  }
  if (!ORDERED.includes(claim))
    return wrap({ ...left, [random.pick(['eq', 'neq'])]: near(random, type, value) })
  if (kind < 45) {
    const offset = random.pick([0, -1, 1, 18, -568025136, -Number(NOW), -Number(NOW) - 5])
    return wrap({ ...left, [random.pick(['eq', 'neq', 'lt', 'lte', 'gt', 'gte'])]: { now: offset } })
  }
  if (kind < 55) {
    const bounds = [near(random, type, value), near(random, type, value)] as string[]
    bounds.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    return wrap({ ...left, between: bounds })
  }
  return wrap({ ...left, [random.pick(['eq', 'neq', 'lt', 'lte', 'gt', 'gte'])]: near(random, type, value) })
}

/** Random ledgers in which Alice has entries, or has none, and their latest openings for her. */
function randomLedgers(random: Random): Map<string, MemoryLedger> {
  return new Map(
    ['p', 'q'].slice(0, 1 + random.below(2)).map((name) => {
      const id = `ledger ${name}`
      const ledger = createMemoryLedger({ id, categories: ['x', 'y', 'z'].slice(0, 1 + random.below(3)) })
      const own = ledgerHandle({ soul: ALICE, ledgerId: id })
      for (let i = random.below(5); i > 0; i--) {
        const handle = random.chance(60) ? own : random.pick([0n, own - 1n, own + 1n, 2n ** 248n - 1n])
        const amount = random.pick([1n, 7n, -3n, MAX64, 100n])
        ledger.append(entryOf({ handle, category: random.below(4), amount }))
      }
      ledger.apply()
      return [name, ledger] as const
    }),
  )
}

/** A predicate on a ledger, mostly near what it says. */
function ledgerLeaf(random: Random, ledgers: ReadonlyMap<string, MemoryLedger>): unknown {
  const [name, ledger] = random.pick([...ledgers])
  const handle = ledgerHandle({ soul: ALICE, ledgerId: ledger.id })
  const category = random.below(ledger.categories.length)
  const field = random.pick(['count', 'sum'] as const)
  const { leaf } = ledger.proof(handle)
  const value = leaf.handle === handle ? leaf.tallies[category]![field] : 0n
  const near = value + BigInt(random.below(3) - 1)
  const constant = near < 0n || near > MAX64 ? value : near
  const test = random.pick(['eq', 'neq', 'lt', 'lte', 'gt', 'gte'])
  const predicate = { ledger: `${name}.${ledger.categories[category]}.${field}`, [test]: constant.toString() }
  return random.chance(20) ? { not: predicate } : predicate
}

function formula(random: Random, depth: number, makeLeaf: () => unknown): unknown {
  if (depth === 0 || random.chance(35)) return makeLeaf()
  const of = Array.from({ length: 1 + random.below(3) }, () => formula(random, depth - 1, makeLeaf))
  const kind = random.below(4)
  if (kind === 0) return { all: of }
  if (kind === 1) return { any: of }
  if (kind === 2) return { atLeast: 1 + random.below(of.length), of }
  const weights = of.map(() => 1 + random.below(60))
  return {
    weighted: of.map((part, i) => [weights[i], part]),
    min: 1 + random.below(weights.reduce((a, b) => a + b)),
  }
}

/**
 * Makes the case of a seed for a profile; policies that are refused by name or take another profile are skipped.
 *
 * @param o.outputs  whether policies also reveal claims, disclose handles and take nullifiers from claims
 */
export function randomCase(
  seed: number,
  profile: ProfileName,
  { outputs = false }: { readonly outputs?: boolean } = {},
): RandomCase {
  for (let attempt = 0; ; attempt++) {
    const random = new Random(seed * 1009 + attempt)
    const made = tryCase(random, profile, outputs ? new Random(seed ^ 0x5eed) : undefined)
    if (made !== undefined) return made
  }
}

export type ProfileName = 'policy-s' | 'policy-m' | 'policy-l' | 'policy-m-timed'

/** Adds reveals, a personal nullifier and a disclosed handle, as far as the policy may have them. */
function withOutputs(json: RandomPolicyJson, random: Random): RandomPolicyJson {
  const any = (types: string): { claim: string } => ({
    claim: `${random.pick(Object.keys(json.sbts))}.${random.pick([...types])}`,
  })
  const parts: object[] = []
  if (random.chance(60)) {
    const claims = Array.from({ length: 1 + random.below(2) }, () => any('nidbsyf').claim)
    parts.push(...claims.map((_, i) => ({ reveal: claims.slice(0, i + 1) })))
  }
  if (random.chance(40)) parts.push({ nullifier: any('fysni') })
  if (json.ledgers && random.chance(50))
    parts.push({ discloseHandle: random.pick(Object.keys(json.ledgers)) })
  let whole = json
  for (const part of parts) {
    const more = { ...whole, ...part }
    try {
      parsePolicy(more)
      whole = more
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
    }
  }
  return whole
}

function tryCase(random: Random, profile: ProfileName, outputs: Random | undefined): RandomCase | undefined {
  const isLarge = profile === 'policy-l'
  const size = profile === 'policy-s' ? 1 : 1 + random.below(isLarge ? 8 : 5)
  const names = 'abcdefgh'.slice(0, size).split('')
  const wallet = new Map(
    names.map((name) => [
      name,
      Object.fromEntries(Object.entries(TYPES).map(([claim, type]) => [claim, randomValue(random, type)])),
    ]),
  )
  const books = isLarge ? randomLedgers(random) : new Map<string, MemoryLedger>()
  const draw = (from: Random): { require: unknown; sets: SetTree[] } => {
    const sets: SetTree[] = []
    const mayOpen = (): boolean =>
      sets.length < { 'policy-s': 0, 'policy-m': 1, 'policy-m-timed': 1, 'policy-l': 2 }[profile]
    const require = formula(from, 3, () =>
      isLarge && from.chance(35) ? ledgerLeaf(from, books) : leaf(from, wallet, sets, mayOpen),
    )
    return { require, sets }
  }
  const { require, sets } = draw(random)
  const offices = new Map(names.map((name) => [name, random.pick([...keys, contract])]))
  const rules = names.map((name) => {
    const own = (offices.get(name) as Office).id
    const others = [...keys, contract].map(({ id }) => id).filter((id) => id !== own && random.chance(30))
    const anchor =
      own === contract.id
        ? random.pick(['either', 'registered'])
        : random.pick(['either', 'either', 'signed', 'registered'])
    const revocation = random.pick(['required', 'required', 'none'])
    return [
      name,
      {
        issuers: [own, ...others],
        schema: 'random/1',
        anchor,
        revocation,
        ...(random.chance(40) && { maxAge: 1000 }),
      },
    ] as const
  })
  const rulesOf = ([name, { id, categories }]: [string, MemoryLedger]) => [name, { id, categories }]
  const jsonOf = (formula: unknown): RandomPolicyJson => ({
    version: 1,
    schemas: { 'random/1': TYPES },
    sbts: Object.fromEntries(rules),
    ...(isLarge && { ledgers: Object.fromEntries([...books].map(rulesOf)) }),
    require: formula,
    ...(profile === 'policy-m-timed' && { timed: { squarings: 3000, window: 60, beacon: 'test' } }),
  })
  let json = jsonOf(require)
  let policy: Policy
  try {
    policy = parsePolicy(json)
    if (compilePolicy(policy).profile.name !== profile) return undefined
    if (outputs !== undefined) {
      json = withOutputs(json, outputs)
      policy = parsePolicy(json)
    }
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
  const vary = (seed: number): ReturnType<RandomCase['vary']> => {
    const other = draw(new Random(seed * 7919 + names.length))
    const variant = jsonOf(other.require)
    try {
      return { json: variant, policy: parsePolicy(variant), sets: other.sets }
    } catch (error) {
      if (error instanceof PolicyError) return undefined
      throw error
    }
  }
  // One thing of one SBT is off.
  const change = random.chance(62) ? 'nothing' : random.pick(isLarge ? [...CHANGES, ...OPENINGS] : CHANGES)
  const culprit = random.pick(names)
  const fill = names.flatMap((name) => {
    const office = offices.get(name) as Office
    const rule = policy.slots.find((slot) => slot.name === name)!
    const by =
      rule.anchor === 'registered' || (rule.anchor === 'either' && random.chance(50))
        ? 'registry'
        : 'signature'
    const claims = wallet.get(name) as Claims
    const is = (what: string): boolean => name === culprit && change === what
    if (is('missing')) return []
    const off = {
      ...claims,
      n: claims['n'] === 0n ? 1n : (claims['n'] as bigint) - 1n,
      s: 'off',
      b: !claims['b'],
      f: 77n,
    }
    const held = grant({
      office: is('issuer') ? stranger : office,
      schema: SCHEMA,
      claims: is('claims') ? off : claims,
      by: is('anchor') ? (by === 'registry' ? 'signature' : 'registry') : by,
      soul: is('soul') ? BOB : ALICE,
      issuedAt: is('age') ? NOW - 1001n : is('future') ? NOW + 1n : NOW - 1000n,
      expiresAt: is('expired') ? NOW : random.chance(50) ? 0n : NOW + 2n,
      statusId: random.below(1000),
    })
    if (is('revoked')) {
      if ('registered' in held.anchor) office.registry.revoke(held.anchor.registered.index)
      else office.status.revoke(held.sbt.statusId)
    }
    if (is('salt')) return [[name, { ...held, salt: held.salt + 1n }] as const]
    return [[name, held] as const]
  })
  const all = [...keys, contract, stranger]
  const opened = fill.map(
    ([name, held]) => [name, refresh(held, all.find(({ id }) => id === held.sbt.issuer)!)] as const,
  )
  const accepted = [...books].map(([name, book]) => [name, acceptedRoot(book)])
  const roots = {
    ...rootsOf(...keys, contract),
    ...(isLarge && { ledgers: Object.fromEntries(accepted) }),
  }
  const [first] = books.keys()
  const ledgers = Object.fromEntries(
    [...books].flatMap(([name, book]) => {
      const handle = ledgerHandle({ soul: ALICE, ledgerId: book.id })
      const proof = book.proof(handle)
      if (name !== first || !change.endsWith('opening')) return [[name, proof]]
      if (change === 'no opening') return []
      if (change === 'stale opening') return [[name, createMemoryLedger(book).proof(handle)]]
      return [[name, book.proof(handle === proof.leaf.handle ? handle - 1n : proof.leaf.handle)]]
    }),
  )
  // A revoked status id stays revoked for later cases; later SBTs draw another one of a thousand.
  return { json, policy, roots, fill: opened, sets, ledgers, change, vary }
}

/** What may be wrong with the opening of the first ledger. */
const OPENINGS = ['no opening', 'stale opening', 'foreign opening'] as const

const CHANGES = [
  'claims',
  'claims',
  'missing',
  'issuer',
  'anchor',
  'soul',
  'salt',
  'age',
  'future',
  'expired',
  'revoked',
] as const
