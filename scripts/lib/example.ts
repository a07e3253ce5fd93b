import { Group, Registry } from '../../src/merkle/index.js'
import { type Policy, parsePolicy, type Roots, type Wallet } from '../../src/policy/index.js'
import {
  type ClaimValue,
  createIssuer,
  defineSchema,
  type HeldSbt,
  type Issuer,
  issueSbt,
  type Schema,
} from '../../src/sbt/index.js'
import { blindHolder, createSoul, type Soul } from '../../src/soul/index.js'

/*
 * The story that demo and README tell: Ana, whom a state, a university, a social network and conferences
 * know, and Ben, who would like to be taken for somebody like her.
 */

const DAY = 86_400n
/** Mean length of 18 years of the Gregorian calendar, in seconds. */
const EIGHTEEN_YEARS = 568_025_136n

/** Schemas of the story. */
export const CITIZENSHIP = defineSchema({
  name: 'citizenship/1',
  claims: { country: 'string', birthDate: 'date' },
})
export const DEGREE = defineSchema({ name: 'degree/1', claims: { major: 'string', year: 'uint' } })
export const SOCIAL = defineSchema({ name: 'social/1', claims: { followers: 'uint' } })
export const ATTENDANCE = defineSchema({ name: 'attendance/1', claims: { talks: 'uint' } })

/** An issuer of the story, with the trees that it publishes. */
export interface Office {
  readonly name: string
  readonly issuer: Issuer
  /** What it vouches for by entering it here, instead of by signature. */
  readonly registry: Registry
  /** Which of the SBTs that it signed are revoked. */
  readonly status: Registry
}

/** Everybody and everything in the story. */
export interface Example {
  /** When it takes place, Unix seconds. */
  readonly now: bigint
  readonly state: Office
  readonly universities: readonly [Office, Office, Office]
  readonly network: Office
  readonly conferences: readonly Office[]
  /** Satisfies every policy here: citizenship, degree, account, then one SBT per conference attended. */
  readonly ana: Wallet
  /** An adult citizen too, but too little followed for `account` and too seldom seen for `drop`; all his SBTs are genuine. */
  readonly ben: Wallet
  /** Ana's degree as each of the three universities would attest it; the second is in her wallet. */
  readonly degrees: readonly HeldSbt[]
  /** Ana's SBTs of all five conferences; those of the first, third and fourth are in her wallet. */
  readonly tickets: readonly HeldSbt[]
  /** The published roots of all issuers. */
  readonly roots: Roots
  /** Over 18 and a citizen: one SBT, `policy-s`. */
  readonly adult: Policy
  /** The account policy of the README: three SBTs, `policy-m`. */
  readonly account: Policy
  /** Three of five conferences: `policy-m`. */
  readonly drop: Policy
  /** A Semaphore group with Ana among a thousand. */
  readonly group: Group
}

/** Tells the story at a time, in Unix seconds, with fresh random keys: everything issued is real. */
export function createExample(o: { readonly now: bigint }): Example {
  const { now } = o
  const state = openOffice('Government of Canada')
  const universities = [
    openOffice('Lakeshore University'),
    openOffice('Northern University'),
    openOffice('Prairie University'),
  ] as const
  const network = openOffice('Agora, a social network')
  const conferences = [2021, 2022, 2023, 2024, 2025].map((year) => openOffice(`Soulcon ${year}`))

  const ana = createSoul()
  const ben = createSoul()
  const citizenship = (soul: Soul, statusId: number): HeldSbt =>
    grant({
      ...{ office: state, schema: CITIZENSHIP, soul, statusId, issuedAt: now - 400n * DAY },
      claims: { country: 'CA', birthDate: now - 30n * 365n * DAY },
      expiresAt: now + 3_000n * DAY,
    })
  const degree = (soul: Soul, i: number, major: string): HeldSbt =>
    grant({
      ...{ office: universities[i]!, schema: DEGREE, soul, issuedAt: now - 900n * DAY },
      claims: { major, year: 2018n },
      // One university has no signing key at hand: it publishes a tree of what it issued.
      registered: i === 1,
    })
  const profile = (soul: Soul, followers: bigint): HeldSbt =>
    grant({ office: network, schema: SOCIAL, soul, issuedAt: now - 2n * DAY, claims: { followers } })
  const ticket = (soul: Soul, i: number): HeldSbt =>
    grant({
      ...{ office: conferences[i]!, schema: ATTENDANCE, soul, statusId: 40 + i },
      ...{ claims: { talks: BigInt(i) }, issuedAt: now - BigInt(5 - i) * 365n * DAY },
    })

  const passports = [citizenship(ana, 7), citizenship(ben, 8)] as const
  const degrees = [0, 1, 2].map((i) => degree(ana, i, 'economics'))
  const tickets = conferences.map((_, i) => ticket(ana, i))
  const profiles = [profile(ana, 52_300n), profile(ben, 4_100n)] as const
  const benOthers = [degree(ben, 0, 'economics'), ticket(ben, 0), ticket(ben, 1)]

  // Others' entries and revocations, among which Ana's are not to be found.
  for (let i = 0n; i < 50n; i++) universities[1].registry.insert(1_000n + i)
  for (const office of [state, ...conferences])
    for (const statusId of [3, 21, 90]) office.status.revoke(statusId)

  const offices = [state, ...universities, network, ...conferences]
  const fresh = (held: HeldSbt): HeldSbt => reopen(held, offices)
  const freshTickets = tickets.map(fresh)
  return {
    ...{ now, state, universities, network, conferences },
    ana: {
      soul: ana,
      sbts: [passports[0], degrees[1]!, profiles[0]]
        .map(fresh)
        .concat([0, 2, 3].map((i) => freshTickets[i]!)),
    },
    ben: { soul: ben, sbts: [passports[1], profiles[1], ...benOthers].map(fresh) },
    degrees: degrees.map(fresh),
    tickets: freshTickets,
    roots: {
      issuers: Object.fromEntries(
        offices.map(({ issuer, registry, status }) => [
          issuer.id,
          { registry: registry.root, status: status.root },
        ]),
      ),
    },
    ...policies({ state, universities, network, conferences }),
    group: new Group([...Array.from({ length: 999 }, (_, i) => BigInt(i + 1)), ana.commitment]),
  }
}

function policies(o: {
  readonly state: Office
  readonly universities: readonly Office[]
  readonly network: Office
  readonly conferences: readonly Office[]
}): Pick<Example, 'adult' | 'account' | 'drop'> {
  const idsOf = (...offices: readonly Office[]): string[] => offices.map(({ issuer }) => issuer.id)
  const schemas = Object.fromEntries(
    [CITIZENSHIP, DEGREE, SOCIAL, ATTENDANCE].map(({ name, claims }) => [name, claims]),
  )
  const schemasOf = (...used: readonly Schema[]): object =>
    Object.fromEntries(used.map(({ name }) => [name, schemas[name]]))
  const isAdultCitizen = [
    { claim: 'citizenship.country', eq: 'CA' },
    { claim: 'citizenship.birthDate', lte: { now: Number(-EIGHTEEN_YEARS) } },
  ]
  const citizenship = { issuers: idsOf(o.state), schema: CITIZENSHIP.name }
  return {
    adult: parsePolicy({
      version: 1,
      schemas: schemasOf(CITIZENSHIP),
      sbts: { citizenship },
      require: { all: isAdultCitizen },
      reveal: ['citizenship.country'],
    }),
    account: parsePolicy({
      version: 1,
      schemas: schemasOf(CITIZENSHIP, DEGREE, SOCIAL),
      sbts: {
        citizenship,
        degree: { issuers: idsOf(...o.universities), schema: DEGREE.name },
        social: {
          issuers: idsOf(o.network),
          schema: SOCIAL.name,
          maxAge: Number(30n * DAY),
          revocation: 'none',
        },
      },
      require: {
        all: [
          ...isAdultCitizen,
          { claim: 'degree.major', eq: 'economics' },
          { claim: 'social.followers', gt: 50_000 },
        ],
      },
    }),
    drop: parsePolicy({
      version: 1,
      schemas: schemasOf(ATTENDANCE),
      sbts: Object.fromEntries(
        o.conferences.map((office) => [slotOf(office), { issuers: idsOf(office), schema: ATTENDANCE.name }]),
      ),
      require: { atLeast: 3, of: o.conferences.map((office) => ({ has: slotOf(office) })) },
    }),
  }
}

/** Name of a conference's slot: its own, as a policy may write it. */
function slotOf({ name }: Office): string {
  return name.toLowerCase().replaceAll(' ', '')
}

function openOffice(name: string): Office {
  return { name, issuer: createIssuer(), registry: new Registry(), status: new Registry({ kind: 'status' }) }
}

/** Issues an SBT as it is done in life: the Soul blinds itself, the issuer sees the result alone. */
function grant(o: {
  readonly office: Office
  readonly soul: Soul
  readonly schema: Schema
  readonly claims: Record<string, ClaimValue>
  readonly issuedAt: bigint
  readonly expiresAt?: bigint
  readonly statusId?: number
  readonly registered?: boolean
}): HeldSbt {
  const { office, soul, schema, claims, issuedAt, expiresAt = 0n, statusId = 12, registered = false } = o
  const { holder, salt } = blindHolder({ soul })
  const issuer = registered ? office.issuer.id : office.issuer
  const { sbt, signature } = issueSbt({ issuer, schema, holder, claims, issuedAt, expiresAt, statusId })
  if (signature) return { sbt, salt, anchor: { signature, status: office.status.proof(statusId) } }
  return { sbt, salt, anchor: { registered: office.registry.proof(office.registry.insert(sbt.leaf)) } }
}

/** Fetches the opening of an SBT in its issuer's trees as they are now. */
function reopen(held: HeldSbt, offices: readonly Office[]): HeldSbt {
  const { sbt, anchor } = held
  const { registry, status } = offices.find(({ issuer }) => issuer.id === sbt.issuer)!
  if ('registered' in anchor)
    return { ...held, anchor: { registered: registry.proof(anchor.registered.index) } }
  return { ...held, anchor: { signature: anchor.signature, status: status.proof(sbt.statusId) } }
}
