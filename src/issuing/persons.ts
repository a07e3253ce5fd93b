import { requireObject } from '../errors.js'

/** What an issuer remembers of an SBT that it issued; JSON, numbers as decimal strings. */
export interface IssuedRecord {
  /** Type of the SBT: issuer and schema. */
  readonly type: string
  /** The issuer's own name for the person. */
  readonly person: string
  /** Nullifier of the Soul for this type: the same for the same Soul, and nothing to any other issuer. */
  readonly soul: string
  readonly holder: string
  /** Session of the offer. */
  readonly session: string
  readonly issuedAt: string
  readonly statusId: number
  readonly sbtHash: string
}

/** What stands in the way of a claim: the person or the Soul has an SBT of the type, or the holder was used before. */
export type Taken = 'person' | 'soul' | 'holder'

/**
 * An issuer's memory of whom it issued to. An issuer with a database of its own implements these three functions over it.
 *
 * Of any number of claims at once that have the person, the Soul or the holder in common, one is recorded.
 */
export interface PersonStore {
  /** Returns the record of a person for a type. */
  find(o: { readonly type: string; readonly person: string }): Promise<IssuedRecord | undefined>
  /**
   * Tells what would stand in the way of a claim now. Optional: without it a statusId is reserved, and lost, each time somebody asks
   * with a Soul or a holder that is taken.
   */
  taken?(o: Pick<IssuedRecord, 'type' | 'person' | 'soul' | 'holder'>): Promise<Taken | undefined>
  /** Records, and resolves when no crash loses it any more; or records nothing and says what is taken. */
  claim(record: IssuedRecord): Promise<Taken | undefined>
  /**
   * Forgets a person's record, so that an SBT can be issued anew: after the old one was revoked. The holder stays used.
   *
   * @returns what was recorded
   */
  release(o: { readonly type: string; readonly person: string }): Promise<IssuedRecord | undefined>
}

/** Creates a memory that ends with the process: for tests, and for issuers that issue once. */
export function createMemoryPersons(): PersonStore {
  const persons = new Map<string, IssuedRecord>()
  const souls = new Set<string>()
  const holders = new Set<string>()
  const takenBy = (o: Pick<IssuedRecord, 'type' | 'person' | 'soul' | 'holder'>): Taken | undefined => {
    if (persons.has(personKey(o))) return 'person'
    if (souls.has(soulKey(o))) return 'soul'
    return holders.has(assertText(o.holder, 'holder')) ? 'holder' : undefined
  }
  return {
    async find(o) {
      return persons.get(personKey(o))
    },
    async taken(o) {
      return takenBy(o)
    },
    async claim(record) {
      const taken = takenBy(record)
      if (taken !== undefined) return taken
      persons.set(personKey(record), Object.freeze({ ...record }))
      souls.add(soulKey(record))
      holders.add(record.holder)
      return undefined
    },
    async release(o) {
      const person = personKey(o)
      const record = persons.get(person)
      if (record === undefined) return undefined
      persons.delete(person)
      souls.delete(soulKey(record))
      return record
    },
  }
}

function personKey(o: { readonly type: string; readonly person: string }): string {
  requireObject(o, 'options')
  return JSON.stringify([assertText(o.type, 'type'), assertPerson(o.person)])
}

function soulKey({ type, soul }: Pick<IssuedRecord, 'type' | 'soul'>): string {
  return JSON.stringify([type, assertText(soul, 'soul')])
}

function assertText(text: unknown, label: string): string {
  if (typeof text !== 'string') throw new TypeError(`${label} must be a string`)
  return text
}

/** Checks an issuer's name for a person: well-formed text of 1 to 1000 characters. */
export function assertPerson(person: unknown): string {
  if (typeof person !== 'string') throw new TypeError('person must be a string')
  if (person.length < 1 || person.length > 1000 || /\p{Surrogate}/u.test(person)) {
    throw new RangeError('person must be well-formed text of 1 to 1000 characters')
  }
  return person
}
