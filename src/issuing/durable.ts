/** An issuer's memory of persons on disk, in an embedded database. Node only. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ClassicLevel } from 'classic-level'
import { frame } from '../crypto/encoding.js'
import { IssuingError } from '../errors.js'
import { readDecimal, readObject } from '../merkle/json.js'
import { assertPerson, type IssuedRecord, type PersonStore, type Taken } from './persons.js'

/** A {@link PersonStore} that is open; end it before the process ends. */
export interface OpenPersons extends PersonStore, AsyncDisposable {
  /** Waits for what is being written and gives the folder free; a second call does nothing. */
  close(): Promise<void>
}

const FIELDS = ['type', 'soul', 'holder', 'session', 'issuedAt', 'statusId', 'sbtHash'] as const

/** Opens the folder, or creates it. */
export async function openStore(path: string): Promise<OpenPersons> {
  const database = new ClassicLevel<string, string>(path)
  try {
    await database.open()
  } catch (cause) {
    const isOpen = (cause as { cause?: { code?: string } }).cause?.code === 'LEVEL_LOCKED'
    throw new IssuingError('store', isOpen ? 'is open already' : 'cannot be opened', { cause })
  }
  // One change at a time, each a batch that is on disk as a whole or not at all.
  let work: Promise<unknown> = Promise.resolve()
  const next = <T>(run: () => Promise<T>): Promise<T> => {
    const done = work.then(run)
    work = done.catch(() => undefined)
    return done
  }
  const find = async (o: { type: string; person: string }): Promise<IssuedRecord | undefined> => {
    const text = await database.get(personKey(o))
    return text === undefined ? undefined : { ...readRecord(text), person: o.person }
  }
  type Asked = Pick<IssuedRecord, 'type' | 'person' | 'soul' | 'holder'>
  const keysOf = (o: Asked) => [personKey(o), soulKey(o), `holder ${o.holder}`] as const
  const takenBy = async (o: Asked): Promise<Taken | undefined> => {
    const [person, soul, holder] = keysOf(o)
    if ((await database.get(person)) !== undefined) return 'person'
    if ((await database.get(soul)) !== undefined) return 'soul'
    return (await database.get(holder)) !== undefined ? 'holder' : undefined
  }
  const close = (): Promise<void> => next(() => database.close())
  return {
    find: (o) => next(() => find(o)),
    taken: (o) => next(() => takenBy(o)),
    claim: (record) =>
      next(async () => {
        const taken = await takenBy(record)
        if (taken !== undefined) return taken
        const [person, soul, holder] = keysOf(record)
        const entries = [[person, writeRecord(record)] as const, [soul, ''] as const, [holder, ''] as const]
        const operations = entries.map(([key, value]) => ({ type: 'put' as const, key, value }))
        await database.batch(operations, { sync: true })
        return undefined
      }),
    release: (o) =>
      next(async () => {
        const record = await find(o)
        if (record === undefined) return undefined
        const keys = [personKey(o), soulKey(record)]
        await database.batch(
          keys.map((key) => ({ type: 'del' as const, key })),
          { sync: true },
        )
        return record
      }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The person's own name is not stored, only its hash; one that can be guessed can be found from that. */
function personKey({ type, person }: { readonly type: string; readonly person: string }): string {
  return `person ${bytesToHex(sha256(frame(['soulproof/person/1', type, assertPerson(person)])))}`
}

function soulKey({ type, soul }: { readonly type: string; readonly soul: string }): string {
  return `soul ${type} ${soul}`
}

function writeRecord(record: IssuedRecord): string {
  const text = JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, record[name]])))
  return JSON.stringify({ text, check: checksum(text) })
}

function readRecord(stored: string): Omit<IssuedRecord, 'person'> {
  try {
    const { text, check } = readObject(JSON.parse(stored), 'record', ['text', 'check'])
    if (typeof text !== 'string' || check !== checksum(text)) throw new RangeError('checksum')
    const record = readObject(JSON.parse(text), 'record', FIELDS)
    for (const name of ['type', 'soul', 'holder', 'issuedAt', 'sbtHash']) readDecimal(record[name], name)
    return { ...record } as unknown as Omit<IssuedRecord, 'person'>
  } catch (cause) {
    throw new IssuingError('store', 'a record does not fit its checksum', { cause })
  }
}

function checksum(text: string): string {
  return bytesToHex(sha256(frame(['soulproof/record/1', text]))).slice(0, 16)
}
