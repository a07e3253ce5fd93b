import { createIssuer, type Issuer } from '../../src/sbt/issuer.js'

const issuers = new Map<number, Issuer>()

/** An issuer from a fixed secret. */
export function issuerOf(seed: number): Issuer {
  const issuer = issuers.get(seed) ?? createIssuer({ secret: new Uint8Array(32).fill(seed) })
  issuers.set(seed, issuer)
  return issuer
}

/** A contract that registers SBTs. */
export const CONTRACT = `eip155:1:0x${'ab'.repeat(20)}`

// biome-ignore lint/suspicious/noExplicitAny: tests edit and break policies at will
export type Editable = any

/** The example of the protocol, completed by the slots that its formula names. */
export function protocolExample(): Editable {
  const conference = (seed: number) => ({ issuers: [issuerOf(seed).id], schema: 'conference/1' })
  return {
    version: 1,
    schemas: {
      'citizenship/1': { country: 'string', birthDate: 'date' },
      'degree/1': { major: 'string', year: 'uint' },
      'social/1': { followers: 'uint' },
      'conference/1': { seat: 'uint' },
      'person/1': { seed: 'field' },
    },
    sbts: {
      citizenship: {
        issuers: [issuerOf(1).id],
        schema: 'citizenship/1',
        anchor: 'either',
        revocation: 'required',
      },
      degree: { issuers: [issuerOf(2).id, issuerOf(3).id, CONTRACT], schema: 'degree/1' },
      social: { issuers: [issuerOf(4).id], schema: 'social/1', maxAge: 2592000, revocation: 'none' },
      person: { issuers: [issuerOf(5).id], schema: 'person/1' },
      c1: conference(11),
      c2: conference(12),
      c3: conference(13),
      c4: conference(14),
      c5: conference(15),
    },
    ledgers: { credit: { id: CONTRACT, categories: ['unpaid', 'defaults'] } },
    require: {
      all: [
        { claim: 'citizenship.country', eq: 'CA' },
        { claim: 'citizenship.birthDate', lte: { now: -568025136 } },
        { claim: 'degree.major', in: ['economics', 'econometrics'] },
        { claim: 'social.followers', gt: 50000 },
        { has: 'person' },
        { atLeast: 3, of: [{ has: 'c1' }, { has: 'c2' }, { has: 'c3' }, { has: 'c4' }, { has: 'c5' }] },
        { ledger: 'credit.unpaid.sum', lte: 0 },
      ],
    },
    reveal: ['citizenship.country'],
    discloseHandle: 'credit',
    nullifier: { claim: 'person.seed' },
  }
}

/** A policy on two slots, `a` and `b`, with one claim `<type>1`, and another `<type>2`, of each of some types. */
export function smallPolicy(require: Editable, more: Editable = {}): Editable {
  const claims = {
    uint1: 'uint',
    uint2: 'uint',
    int1: 'int',
    date1: 'date',
    date2: 'date',
    bool1: 'bool',
    string1: 'string',
    bytes1: 'bytes',
    field1: 'field',
  }
  const sbts = {
    a: { issuers: [issuerOf(1).id], schema: 'small/1' },
    b: { issuers: [issuerOf(2).id], schema: 'small/1' },
  }
  const text = JSON.stringify(require)
  const used = Object.entries(sbts).filter(([name]) => new RegExp(`"(has|claim)":"${name}["\\.]`).test(text))
  const schemas = used.length === 0 ? {} : { 'small/1': claims }
  return { version: 1, schemas, sbts: Object.fromEntries(used), require, ...more }
}
