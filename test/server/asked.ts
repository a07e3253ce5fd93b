import { Group } from '../../src/merkle/index.js'
import { ALICE, BOB, CITIZENSHIP, grant, openOffice, refresh, rootsOf } from '../support/world.js'

/** An issuer, and Alice's passport of it. */
export const office = openOffice(31)
export const held = refresh(
  grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n }, salt: 99n }),
  office,
)
/** The issuer's published roots. */
export const roots = rootsOf(office)
/** What gates of the tests ask for, in JSON. */
export const policy = {
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { passport: { issuers: [office.id], schema: 'citizenship/1' } },
  require: { claim: 'passport.country', eq: 'CA' },
  reveal: ['passport.country'],
}
/** Alice and Bob. */
export const group = new Group([ALICE.commitment, BOB.commitment])

/** The machine's clock, Unix seconds. */
export const clock = (): bigint => BigInt(Math.floor(Date.now() / 1000))

/** What a server answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the server
  readonly body: any
}
