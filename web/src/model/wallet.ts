import type { Wallet } from 'soulproof/policy'
import { type ClaimValue, type HeldSbt, issueSbt, type Signature } from 'soulproof/sbt'
import { blindHolder, createSoul, type Soul } from 'soulproof/soul'
import {
  COUNTRIES,
  type Field,
  issuerOf,
  KINDS,
  officeOf,
  type Revoked,
  schemaOf,
  statusTree,
} from './offices.js'

/** An SBT as the holder sees it, with what the issuer signed. */
export interface Card {
  readonly office: string
  /** Its number in the issuer's tree of revocations. */
  readonly number: number
  /** What was typed, by claim. */
  readonly texts: Readonly<Record<string, string>>
  readonly sbt: HeldSbt['sbt']
  readonly salt: bigint
  readonly signature: Signature
}

/** A holder's state. */
export interface Holder {
  readonly soul: Soul
  readonly cards: readonly Card[]
  readonly revoked: Revoked
  /** Next number of an SBT, the same counter for all issuers. */
  readonly next: number
}

/** Whose wallet the visitor has. */
export type Who = 'ana' | 'ben' | 'new'

type Draft = readonly (readonly [office: string, texts: Readonly<Record<string, string>>])[]

/** What each holds: Ana satisfies every example, Ben some, and somebody new none. */
const WALLETS: Readonly<Record<Who, Draft>> = {
  ana: [
    ['state', { name: 'Ana Reyes', country: 'CA', birthDate: '1994-05-17' }],
    ['northern', { major: 'economics', year: '2018' }],
    ['agora', { handle: '@ana', followers: '52300' }],
    ['con2021', { talks: '4' }],
    ['con2023', { talks: '9' }],
    ['con2024', { talks: '2' }],
  ],
  ben: [
    ['state', { name: 'Ben Okafor', country: 'CA', birthDate: '1990-11-02' }],
    ['lakeshore', { major: 'economics', year: '2015' }],
    ['agora', { handle: '@ben', followers: '4100' }],
    ['con2021', { talks: '1' }],
    ['con2022', { talks: '3' }],
  ],
  new: [],
}

/** Seconds by which an SBT is older than the click that issues it, so that no clock is behind. */
const HEAD_START = 120n

/** Unix seconds. */
export function clock(): bigint {
  return BigInt(Math.floor(Date.now() / 1000))
}

/** A claim of the schema from its text. @throws {RangeError} in words, if the text is none */
export function readClaim(field: Field, text: string): ClaimValue {
  switch (field.type) {
    case 'number': {
      if (!/^\d{1,15}$/.test(text)) throw new RangeError(`${field.label} must be a whole number`)
      return BigInt(text)
    }
    case 'day': {
      const time = Date.parse(`${text}T00:00:00Z`)
      if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(time))
        throw new RangeError(`${field.label} must be a day`)
      return BigInt(time / 1000)
    }
    default: {
      if (text.trim() === '') throw new RangeError(`${field.label} must not be empty`)
      return text
    }
  }
}

/** A claim's text as people read it. */
export function showClaim(field: Field, text: string): string {
  if (field.type === 'country') return COUNTRIES[text] ?? text
  if (field.type === 'number' && field.claim !== 'year') return Number(text).toLocaleString('en')
  if (field.type === 'day') {
    const options = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const
    return new Date(`${text}T00:00:00Z`).toLocaleDateString('en-GB', options)
  }
  return text
}

/** Has an issuer sign an SBT for a blinded holder: it learns the claims, and not the Soul. */
export function issueCard(holder: Holder, office: string, texts: Readonly<Record<string, string>>): Holder {
  const { kind } = officeOf(office)
  const { holder: blinded, salt } = blindHolder({ soul: holder.soul })
  const claims = Object.fromEntries(
    KINDS[kind].fields.map((field) => [field.claim, readClaim(field, texts[field.claim] ?? '')]),
  )
  const { sbt, signature } = issueSbt({
    ...{ issuer: issuerOf(office), schema: schemaOf(kind), holder: blinded, claims },
    ...{ issuedAt: clock() - HEAD_START, statusId: holder.next },
  })
  const card = { office, number: holder.next, texts, sbt, salt, signature: signature as Signature }
  return { ...holder, cards: [...holder.cards, card], next: holder.next + 1 }
}

/** Issues again with other claims; the earlier SBT is revoked, as issuers do who correct one. */
export function correctCard(holder: Holder, card: Card, texts: Readonly<Record<string, string>>): Holder {
  const at = holder.cards.indexOf(card)
  const issued = issueCard(revokeCard(holder, card), card.office, texts)
  const fresh = issued.cards.at(-1) as Card
  return { ...issued, cards: issued.cards.slice(0, -1).map((one, i) => (i === at ? fresh : one)) }
}

/** The issuer revokes an SBT, which stays in the wallet. */
export function revokeCard(holder: Holder, { office, number }: Card): Holder {
  const numbers = [...(holder.revoked[office] ?? []), number].sort((a, b) => a - b)
  return { ...holder, revoked: { ...holder.revoked, [office]: numbers } }
}

/** Throws an SBT away. */
export function dropCard(holder: Holder, card: Card): Holder {
  return { ...holder, cards: holder.cards.filter((one) => one !== card) }
}

/** Tells whether the issuer took it back. */
export function isRevoked(holder: Holder, { office, number }: Card): boolean {
  return holder.revoked[office]?.includes(number) ?? false
}

/** A fresh Soul with the SBTs of one of the people. */
export function firstHolder(who: Who = 'ana'): Holder {
  return WALLETS[who].reduce<Holder>((holder, [office, texts]) => issueCard(holder, office, texts), {
    ...{ soul: createSoul(), cards: [], revoked: {}, next: 1 },
  })
}

/** The wallet that proves, with openings of the issuers' present lists. */
export function walletOf(holder: Holder): Wallet {
  return {
    soul: holder.soul,
    sbts: holder.cards.map(({ office, number, sbt, salt, signature }) => ({
      ...{ sbt, salt },
      anchor: { signature, status: statusTree(office, holder.revoked).proof(number) },
    })),
  }
}
