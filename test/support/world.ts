import { Registry } from '../../src/merkle/index.js'
import type { Roots } from '../../src/policy/types.js'
import {
  createIssuer,
  defineSchema,
  type HeldSbt,
  type Issuer,
  issueSbt,
  type Schema,
} from '../../src/sbt/index.js'
import type { ClaimValue } from '../../src/sbt/schema.js'
import { createSoul, holderOf, type Soul } from '../../src/soul/index.js'

/** The clock of the tests, Unix seconds. */
export const NOW = 1_763_700_000n

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** Souls that never change. */
export const ALICE: Soul = createSoul({ seed: seed(0xa1) })
export const BOB: Soul = createSoul({ seed: seed(0xb0) })
export const CUIFEN: Soul = createSoul({ seed: seed(0xc1) })

/** The protocol's schemas. */
export const CITIZENSHIP = defineSchema({
  name: 'citizenship/1',
  claims: { country: 'string', birthDate: 'date' },
})
export const DEGREE = defineSchema({ name: 'degree/1', claims: { major: 'string', year: 'uint' } })
export const SOCIAL = defineSchema({ name: 'social/1', claims: { followers: 'uint' } })
export const PERSON = defineSchema({
  name: 'person/1',
  claims: {
    seed: 'field',
    score: 'int',
    born: 'date',
    active: 'bool',
    city: 'string',
    code: 'bytes',
    points: 'uint',
  },
})
export const ATTENDANCE = defineSchema({ name: 'attendance/1', claims: { talks: 'uint' } })

/** An issuer with both of its trees. */
export interface Office {
  readonly id: string
  readonly issuer?: Issuer
  readonly registry: Registry
  readonly status: Registry
}

/** Opens an issuer whose key depends on `byte` alone. */
export function openOffice(byte: number): Office {
  const issuer = createIssuer({ secret: seed(byte) })
  return { id: issuer.id, issuer, registry: new Registry(), status: new Registry({ kind: 'status' }) }
}

/** Opens a contract as an issuer; it has a registry and cannot sign. */
export function openContract(byte: number): Office {
  const id = `eip155:1:0x${byte.toString(16).padStart(2, '0').repeat(20)}`
  return { id, registry: new Registry(), status: new Registry({ kind: 'status' }) }
}

/** How {@link grant} issues; what is absent takes a harmless default. */
export interface Grant {
  readonly office: Office
  readonly schema: Schema
  readonly claims: Record<string, ClaimValue>
  readonly soul?: Soul
  readonly salt?: bigint
  readonly by?: 'signature' | 'registry'
  readonly issuedAt?: bigint
  readonly expiresAt?: bigint
  readonly statusId?: number
}

let salts = 1n

/** Issues an SBT; its openings are made by {@link refresh}. */
export function grant(options: Grant): HeldSbt {
  const {
    office,
    schema,
    claims,
    soul = ALICE,
    issuedAt = NOW - 1000n,
    expiresAt = 0n,
    statusId = 7,
  } = options
  const { salt = salts++, by = office.issuer === undefined ? 'registry' : 'signature' } = options
  const holder = holderOf(soul.commitment, salt)
  const issued = { schema, holder, claims, issuedAt, expiresAt, statusId }
  const { sbt, signature } = issueSbt({ issuer: office.issuer ?? office.id, ...issued })
  if (by === 'signature' && signature !== undefined) {
    return { sbt, salt, anchor: { signature, status: office.status.proof(statusId) } }
  }
  return { sbt, salt, anchor: { registered: office.registry.proof(office.registry.insert(sbt.leaf)) } }
}

/** Opens an SBT's anchor again, in the trees as they are now. */
export function refresh(held: HeldSbt, office: Office): HeldSbt {
  const { anchor, sbt } = held
  if ('registered' in anchor) {
    return { ...held, anchor: { registered: office.registry.proof(anchor.registered.index) } }
  }
  return { ...held, anchor: { signature: anchor.signature, status: office.status.proof(sbt.statusId) } }
}

/** The published roots of issuers. */
export function rootsOf(...offices: readonly Office[]): Roots {
  const issuers = offices.map(({ id, registry, status }) => [
    id,
    { registry: registry.root, status: status.root },
  ])
  return { issuers: Object.fromEntries(issuers) }
}
