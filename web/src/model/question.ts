import { type Policy, parsePolicy } from 'soulproof/policy'
import { COUNTRIES, type Field, issuerOf, KINDS, type Kind, OFFICES, schemaOf, YEARS } from './offices.js'
import { readClaim } from './wallet.js'

/** Which SBT a condition is about. Tickets are a slot for each year. */
export type Slot = 'passport' | 'degree' | 'account' | `con${(typeof YEARS)[number]}`

/** How a claim is tested. */
export type Test = 'held' | 'is' | 'isNot' | 'oneOf' | 'moreThan' | 'atLeast' | 'lessThan' | 'older'

/** One condition. `value` as typed; nothing for `held`. */
export interface Condition {
  readonly slot: Slot
  readonly claim?: string
  readonly test: Test
  readonly value?: string
}

/** Conditions, of which all or some number must hold. */
export interface Group {
  readonly need: 'all' | number
  readonly of: readonly Condition[]
}

/** What somebody asks, as it is composed here and travels in links. */
export interface Question {
  readonly asker: string
  /** What it is for; the scope in which a Soul is recognised. */
  readonly purpose: string
  readonly groups: readonly Group[]
  /** `slot.claim`, shown to the verifier. */
  readonly reveal: readonly string[]
}

/** Seconds of a mean year of the Gregorian calendar. */
const YEAR_SECONDS = 31_556_952

/** Names of slots for people. */
export const SLOTS: Readonly<Record<Slot, string>> = {
  passport: 'Passport',
  degree: 'Degree',
  account: 'Agora account',
  ...(Object.fromEntries(YEARS.map((year) => [`con${year}`, `Soulcon ${year}`])) as Record<
    `con${2021}`,
    string
  >),
} as Record<Slot, string>

/** The kind of SBT that fills a slot. */
export function kindOf(slot: Slot): Kind {
  return slot.startsWith('con') ? 'ticket' : (slot as Kind)
}

/** The issuers that a slot accepts. */
export function officesOf(slot: Slot): readonly string[] {
  if (slot.startsWith('con')) return [slot]
  return OFFICES.filter(({ kind }) => kind === slot).map(({ key }) => key)
}

/** The form's field of a condition's claim. */
export function fieldOf(slot: Slot, claim: string | undefined): Field | undefined {
  return KINDS[kindOf(slot)].fields.find((field) => field.claim === claim)
}

/** Tests that a claim can be put to. */
export function testsOf(field: Field | undefined): readonly Test[] {
  switch (field?.type) {
    case undefined:
      return ['held']
    case 'number':
      return ['moreThan', 'atLeast', 'lessThan', 'is']
    case 'day':
      return ['older']
    default:
      return ['is', 'isNot', 'oneOf']
  }
}

/** Words of tests in the composer. */
export const TEST_WORDS: Readonly<Record<Test, string>> = {
  held: 'is held',
  is: 'is',
  isNot: 'is not',
  oneOf: 'is one of',
  moreThan: 'is more than',
  atLeast: 'is at least',
  lessThan: 'is less than',
  older: 'at least',
}

/** What a claim is called in a sentence. */
export function nounOf(slot: Slot, claim: string): string {
  const nouns: Readonly<Record<string, string>> = {
    ...{ name: 'the name', country: 'the citizenship', birthDate: 'the birth date', major: 'the subject' },
    ...{ year: 'the year of the degree', handle: 'the name of the account', followers: 'how many followers' },
    talks: `how many talks at ${SLOTS[slot]}`,
  }
  return nouns[claim] ?? claim
}

/** A short sentence for a condition, as a fact that is proved. */
export function factOf({ slot, claim, test, value = '' }: Condition): string {
  const field = fieldOf(slot, claim)
  if (field === undefined)
    return slot.startsWith('con')
      ? `was at ${SLOTS[slot]}`
      : `has a ${KINDS[kindOf(slot)].title.toLowerCase()}`
  const shown = value
    .split(test === 'oneOf' ? ',' : '\n')
    .map((text) => text.trim())
    .map((text) => (field.type === 'country' ? (COUNTRIES[text] ?? text) : text))
    .join(' or ')
  const number = /^\d+$/.test(shown) && field.claim !== 'year' ? Number(shown).toLocaleString('en') : shown
  const subject = `${slot}.${claim}`
  if (test === 'older') return `is at least ${value} years old`
  if (subject === 'passport.country') return `is ${test === 'isNot' ? 'not ' : ''}a citizen of ${shown}`
  if (subject === 'account.followers')
    return `has ${{ moreThan: 'more than', atLeast: 'at least', lessThan: 'fewer than' }[test as 'atLeast'] ?? 'exactly'} ${number} followers`
  if (subject === 'degree.major')
    return `has a degree in ${test === 'isNot' ? 'something else than ' : ''}${shown}`
  return `${SLOTS[slot].toLowerCase()}: ${field.label.toLowerCase()} ${TEST_WORDS[test]} ${number}`
}

function leafOf({ slot, claim, test, value = '' }: Condition): object {
  const field = fieldOf(slot, claim)
  if (field === undefined || test === 'held') return { has: slot }
  const name = `${slot}.${claim}`
  if (test === 'older') {
    if (!/^\d{1,3}$/.test(value)) throw new RangeError('The number of years must be a whole number')
    return { claim: name, lte: { now: -Number(value) * YEAR_SECONDS } }
  }
  if (test === 'oneOf') {
    const values = value
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
    if (values.length === 0) throw new RangeError(`${field.label} needs at least one value`)
    return { claim: name, in: values }
  }
  const operator = { is: 'eq', isNot: 'neq', moreThan: 'gt', atLeast: 'gte', lessThan: 'lt' }[test]
  const constant = readClaim(field, value)
  return { claim: name, [operator]: typeof constant === 'bigint' ? `${constant}` : constant }
}

/** Where a condition stands: its group and its place there. */
export type Place = readonly [group: number, condition: number]

/** A question as a policy. */
export interface Asked {
  readonly json: object
  readonly policy: Policy
  /** Issuers that it accepts. */
  readonly offices: readonly string[]
  /** Places of conditions by their path in the policy. */
  readonly places: ReadonlyMap<string, Place>
}

/**
 * Writes a question as the policy that it is.
 *
 * @throws {RangeError} in words, if a value cannot be read
 * @throws {PolicyError} if the policy is vacuous or contradicts itself
 */
export function askedOf(question: Question): Asked {
  const all: object[] = []
  const places = new Map<string, Place>()
  question.groups.forEach(({ need, of }, g) => {
    if (of.length === 0) return
    const leaves = of.map(leafOf)
    if (need === 'all' || need >= of.length) {
      leaves.forEach((leaf, c) => {
        places.set(`require.all[${all.length}]`, [g, c])
        all.push(leaf)
      })
      return
    }
    const name = need === 1 ? 'any' : 'of'
    leaves.forEach((_, c) => {
      places.set(`require.all[${all.length}].${name}[${c}]`, [g, c])
    })
    all.push(need === 1 ? { any: leaves } : { atLeast: need, of: leaves })
  })
  const slots = slotsOf(question)
  const json = {
    version: 1,
    schemas: Object.fromEntries(
      slots.map((slot) => {
        const schema = schemaOf(kindOf(slot))
        return [schema.name, schema.claims]
      }),
    ),
    sbts: Object.fromEntries(
      slots.map((slot) => [
        slot,
        {
          issuers: officesOf(slot).map((key) => issuerOf(key).id),
          schema: schemaOf(kindOf(slot)).name,
          anchor: 'signed',
        },
      ]),
    ),
    require: { all },
    ...(question.reveal.length > 0 && { reveal: question.reveal }),
  }
  return { json, policy: parsePolicy(json), offices: slots.flatMap(officesOf), places }
}

/** Slots that a question speaks of. */
export function slotsOf({ groups }: Pick<Question, 'groups'>): readonly Slot[] {
  return [...new Set(groups.flatMap(({ of }) => of.map(({ slot }) => slot)))]
}

/** Slots that cannot be left out: whose claims can be revealed. */
export function forcedSlots({ groups }: Pick<Question, 'groups'>): readonly Slot[] {
  return [
    ...new Set(
      groups.flatMap(({ need, of }) =>
        need === 'all' || need >= of.length ? of.map(({ slot }) => slot) : [],
      ),
    ),
  ]
}

const MOST_TEXT = 200
const MOST_PARTS = 16

/** Reads a question from anything, such as a link of a stranger. @throws {RangeError} if it is none */
export function readQuestion(json: unknown): Question {
  const { asker, purpose, groups, reveal } = json as Question
  const isText = (text: unknown): boolean => typeof text === 'string' && text.length <= MOST_TEXT
  const isList = (list: unknown): boolean => Array.isArray(list) && list.length <= MOST_PARTS
  const isCondition = ({ slot, claim, test, value }: Condition): boolean =>
    Object.hasOwn(SLOTS, slot) &&
    (claim === undefined || fieldOf(slot, claim) !== undefined) &&
    testsOf(fieldOf(slot, claim)).includes(test) &&
    (value === undefined || isText(value))
  const isGroup = ({ need, of }: Group): boolean =>
    (need === 'all' || (Number.isInteger(need) && need > 0)) && isList(of) && of.every(isCondition)
  if (isText(asker) && isText(purpose) && isList(groups) && groups.every(isGroup)) {
    if (isList(reveal) && reveal.every(isText)) return { asker, purpose, groups, reveal }
  }
  throw new RangeError('the question is none that this page asks')
}

/** An example to begin with. */
export interface Example {
  readonly key: string
  readonly title: string
  readonly question: Question
}

/** Examples, the first one first shown. */
export const EXAMPLES: readonly Example[] = [
  {
    key: 'grant',
    title: 'Four facts, one person',
    question: {
      asker: 'Lakeside Grants',
      purpose: 'Grant round 3',
      groups: [
        {
          need: 'all',
          of: [
            { slot: 'passport', claim: 'country', test: 'is', value: 'CA' },
            { slot: 'passport', claim: 'birthDate', test: 'older', value: '18' },
            { slot: 'degree', claim: 'major', test: 'is', value: 'economics' },
            { slot: 'account', claim: 'followers', test: 'moreThan', value: '50000' },
          ],
        },
      ],
      reveal: [],
    },
  },
  {
    key: 'drop',
    title: '3 of the last 5 conferences',
    question: {
      asker: 'Soulcon 2026',
      purpose: 'Speakers’ dinner',
      groups: [{ need: 3, of: YEARS.map((year) => ({ slot: `con${year}` as Slot, test: 'held' })) }],
      reveal: [],
    },
  },
  {
    key: 'adult',
    title: 'Over 18, nothing else',
    question: {
      asker: 'The Night Owl',
      purpose: 'Entry tonight',
      groups: [{ need: 'all', of: [{ slot: 'passport', claim: 'birthDate', test: 'older', value: '18' }] }],
      reveal: [],
    },
  },
  {
    key: 'either',
    title: 'One or the other',
    question: {
      asker: 'Open Panel',
      purpose: 'Panel on inflation',
      groups: [
        { need: 'all', of: [{ slot: 'passport', claim: 'birthDate', test: 'older', value: '18' }] },
        {
          need: 1,
          of: [
            { slot: 'degree', claim: 'major', test: 'oneOf', value: 'economics, econometrics' },
            { slot: 'account', claim: 'followers', test: 'moreThan', value: '50000' },
          ],
        },
      ],
      reveal: ['passport.country'],
    },
  },
]
