import { Registry } from 'soulproof/merkle'
import type { Roots } from 'soulproof/policy'
import { createIssuer, defineSchema, type Issuer, type Schema } from 'soulproof/sbt'

/** What an SBT of this playground attests. */
export type Kind = 'passport' | 'degree' | 'account' | 'ticket'

/** A claim as people read and type it. */
export interface Field {
  readonly claim: string
  readonly label: string
  readonly type: 'text' | 'number' | 'day' | 'country'
}

/** Form and words of one kind of SBT. */
export interface KindInfo {
  readonly kind: Kind
  readonly title: string
  readonly fields: readonly Field[]
}

/** An issuer. Its key follows from a public text, so that every copy of this page knows it: worthless elsewhere. */
export interface Office {
  readonly key: string
  readonly name: string
  readonly kind: Kind
}

const field =
  (type: Field['type']) =>
  (claim: string, label: string): Field => ({ claim, label, type })
const [text, number] = [field('text'), field('number')]

/** Kinds of SBTs by name. */
export const KINDS: Readonly<Record<Kind, KindInfo>> = {
  passport: kind('passport', 'Passport', [
    text('name', 'Name'),
    field('country')('country', 'Citizen of'),
    field('day')('birthDate', 'Born'),
  ]),
  degree: kind('degree', 'Degree', [text('major', 'Subject'), number('year', 'Year')]),
  account: kind('account', 'Account', [text('handle', 'Known as'), number('followers', 'Followers')]),
  ticket: kind('ticket', 'Attendance', [number('talks', 'Talks heard')]),
}

function kind(kind: Kind, title: string, fields: readonly Field[]): KindInfo {
  return { kind, title, fields }
}

/** Years of the conference. */
export const YEARS = [2021, 2022, 2023, 2024, 2025] as const

/** All issuers. */
export const OFFICES: readonly Office[] = [
  { key: 'state', name: 'Passport Office', kind: 'passport' },
  { key: 'lakeshore', name: 'Lakeshore University', kind: 'degree' },
  { key: 'northern', name: 'Northern University', kind: 'degree' },
  { key: 'prairie', name: 'Prairie University', kind: 'degree' },
  { key: 'agora', name: 'Agora, a social network', kind: 'account' },
  ...YEARS.map((year) => ({ key: `con${year}`, name: `Soulcon ${year}`, kind: 'ticket' as const })),
]

/** Countries that the forms offer. */
export const COUNTRIES: Readonly<Record<string, string>> = {
  CA: 'Canada',
  BR: 'Brazil',
  DE: 'Germany',
  IN: 'India',
  JP: 'Japan',
  KE: 'Kenya',
  US: 'United States',
}

/** Finds an issuer by its key. */
export function officeOf(key: string): Office {
  const office = OFFICES.find((one) => one.key === key)
  if (office === undefined) throw new RangeError('key names no issuer')
  return office
}

const schemas = new Map<Kind, Schema>()

/** The schema of a kind; made once. */
export function schemaOf(kind: Kind): Schema {
  const known = schemas.get(kind)
  if (known !== undefined) return known
  const types = { text: 'string', country: 'string', number: 'uint', day: 'date' } as const
  const claims = Object.fromEntries(KINDS[kind].fields.map(({ claim, type }) => [claim, types[type]]))
  const schema = defineSchema({ name: `${kind}/1`, claims })
  schemas.set(kind, schema)
  return schema
}

const issuers = new Map<string, Issuer>()

/** The issuer's key; made once. */
export function issuerOf(key: string): Issuer {
  const known = issuers.get(key)
  if (known !== undefined) return known
  const issuer = createIssuer({ secret: new TextEncoder().encode(`soulproof playground issuer: ${key}`) })
  issuers.set(key, issuer)
  return issuer
}

/** What every issuer has revoked: numbers of SBTs by the issuer's key. */
export type Revoked = Readonly<Record<string, readonly number[]>>

/** Most revocations of an issuer that a link may carry. */
const MOST_REVOKED = 100

/** Reads revocations from anything. @throws {RangeError} if they are none */
export function readRevoked(json: unknown): Revoked {
  const isList = (numbers: unknown): boolean =>
    Array.isArray(numbers) &&
    numbers.length <= MOST_REVOKED &&
    numbers.every((one, i) => Number.isInteger(one) && one > (i === 0 ? 0 : numbers[i - 1]) && one < 1 << 20)
  const lists = Object.entries(json as object)
  if (lists.every(([key, numbers]) => OFFICES.some((one) => one.key === key) && isList(numbers))) {
    return Object.fromEntries(lists)
  }
  throw new RangeError('revocations must be ascending numbers by issuer')
}

const trees = new Map<string, Registry>()

/** An issuer's tree of revocations. */
export function statusTree(key: string, revoked: Revoked): Registry {
  const numbers = revoked[key] ?? []
  const name = `${key} ${numbers.join(' ')}`
  const known = trees.get(name)
  if (known !== undefined) return known
  const tree = new Registry({ kind: 'status' })
  for (const number of numbers) tree.revoke(number)
  trees.set(name, tree)
  return tree
}

/** The lists that issuers publish: what a verifier accepts. */
export function publishedRoots(
  revoked: Revoked,
  keys: readonly string[] = OFFICES.map(({ key }) => key),
): Roots {
  return {
    issuers: Object.fromEntries(
      keys.map((key) => [issuerOf(key).id, { status: statusTree(key, revoked).root }]),
    ),
  }
}

/** Replaces what `explainPolicy` calls issuers by their names here. */
export function nameIssuers(text: string): string {
  return OFFICES.reduce((words, { key, name }) => {
    const x = `${issuerOf(key).publicKey[0]}`
    return words.replaceAll(`key ${x.slice(0, 8)}…${x.slice(-6)}`, name)
  }, text)
}
