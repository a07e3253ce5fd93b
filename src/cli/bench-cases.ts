import { sign } from '../crypto/eddsa.js'
import { poseidon } from '../crypto/poseidon.js'
import { randomBelow } from '../crypto/random.js'
import { FIELD_MODULUS } from '../field.js'
import { Group, Registry } from '../merkle/index.js'
import { parsePolicy } from '../policy/index.js'
import type { ProveOptions } from '../prover/index.js'
import { createIssuer, defineSchema, type HeldSbt, type Issuer, issueSbt } from '../sbt/index.js'
import type { ClaimValue } from '../sbt/schema.js'
import { blindHolder, createSoul, type Soul } from '../soul/index.js'
import { contextSignals } from '../statements/context.js'
import { prepareMembership } from '../statements/membership.js'
import { preparePolicy } from '../statements/policy.js'

/** What is proved. */
export interface BenchCase {
  /** How a statement is proved by name, and what its verifier expects but for the envelope; other circuits have none. */
  readonly envelope?: { readonly prove: ProveOptions; readonly expect: object }
  /** Does what proving does before the witness. */
  prepare(): { readonly inputs: unknown }
}

const NOW = 1_763_700_000n
const CONTEXT = { scope: 'bench', message: 'bench' } as const

/** A wallet that satisfies each statement, made anew at each call: everything issued is real. */
export const BENCH_CASES: Readonly<Record<string, () => BenchCase>> = {
  membership() {
    const soul = createSoul()
    const group = new Group([...Array.from({ length: 100 }, (_, i) => BigInt(i + 1)), soul.commitment])
    return {
      envelope: {
        prove: { ...CONTEXT, statement: 'membership', soul, group },
        expect: { ...CONTEXT, statement: 'membership', roots: [group.root] },
      },
      prepare: () => prepareMembership({ soul, group, context: contextSignals(CONTEXT) }),
    }
  },
  'policy-s': () => policyCase(1),
  'policy-m': () => policyCase(4),
  'policy-l': () => policyCase(8),
  'credentials-1': () => credentialsCase({ count: 1, paths: 1 }),
  'credentials-3': () => credentialsCase({ count: 3, paths: 1 }),
  'credentials-8': () => credentialsCase({ count: 8, paths: 8 }),
}

/**
 * What `rapidsnark`, native, took beside snarkjs 0.7.6 where both were measured once (2 cores, Node 20): snarkjs's time over
 * its time, for the statements of about the same size and kind.
 */
export const PUBLISHED_RAPIDSNARK: Readonly<Record<string, readonly [from: number, to: number]>> = {
  membership: [1064 / 212, 1064 / 185],
  'credentials-3': [2977 / 533, 3069 / 523],
  'credentials-8': [12688 / 2644, 12688 / 2511],
}

/** A policy over `count` SBTs of one issuer, each signed and with its status shown. */
function policyCase(count: number): BenchCase {
  const soul = createSoul()
  const issuer = createIssuer()
  const status = new Registry({ kind: 'status' })
  const schema = defineSchema({ name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } })
  const slots = Array.from({ length: count }, (_, i) => `slot${i}`)
  const sbts = slots.map((_, statusId) =>
    holdSigned({ soul, issuer, status, statusId, schema, claims: { country: 'CA', birthDate: 0n } }),
  )
  const policy = parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': schema.claims },
    sbts: Object.fromEntries(slots.map((slot) => [slot, { issuers: [issuer.id], schema: 'citizenship/1' }])),
    require: {
      all: slots.flatMap((slot) => [
        { claim: `${slot}.country`, eq: 'CA' },
        { claim: `${slot}.birthDate`, lte: { now: -568_025_136 } },
      ]),
    },
    reveal: [`${slots[0]}.country`],
  })
  const roots = { issuers: { [issuer.id]: { status: status.root } } }
  const wallet = { policy, soul, sbts, roots, now: NOW }
  return {
    envelope: {
      prove: { ...CONTEXT, ...wallet },
      expect: { ...CONTEXT, policy, roots: [roots], now: NOW },
    },
    prepare: () => preparePolicy({ ...wallet, context: contextSignals(CONTEXT) }),
  }
}

function holdSigned(o: {
  soul: Soul
  issuer: Issuer
  status: Registry
  statusId: number
  schema: ReturnType<typeof defineSchema>
  claims: Record<string, ClaimValue>
}): HeldSbt {
  const { soul, issuer, status, statusId, schema, claims } = o
  const { holder, salt } = blindHolder({ soul })
  const { sbt, signature } = issueSbt({ issuer, schema, holder, claims, issuedAt: NOW - 1000n, statusId })
  return { sbt, salt, anchor: { signature: signature!, status: status.proof(statusId) } }
}

/** Signed claims within bounds, the first ones in trees of 32 levels: `circuits/bench/credentials.circom`. */
function credentialsCase(o: { count: number; paths: number }): BenchCase {
  const element = (): bigint => randomBelow(FIELD_MODULUS)
  const [min, max] = [1_000n, 2n ** 40n]
  const claims = Array.from({ length: o.count }, () =>
    Array.from({ length: 6 }, () => min + randomBelow(max - min + 1n)),
  )
  const hashes = claims.map((values) => poseidon(values))
  const signed = hashes.map((hash) => {
    const issuer = createIssuer()
    return { A: issuer.publicKey, ...sign(issuer.secret, hash) }
  })
  const index = Array.from({ length: o.paths }, () => Array.from({ length: 32 }, () => randomBelow(2n)))
  const siblings = index.map((bits) => bits.map(element))
  const roots = index.map((bits, i) =>
    bits.reduce((node, bit, level) => {
      const sibling = siblings[i]![level]!
      return poseidon(bit === 1n ? [sibling, node] : [node, sibling])
    }, hashes[i]!),
  )
  const inputs = {
    ...{ roots, min, max, claims, index, siblings },
    A: signed.map(({ A }) => A),
    R8: signed.map(({ R8 }) => R8),
    s: signed.map(({ S }) => S),
  }
  return { prepare: () => ({ inputs }) }
}
