import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  decodeEntry,
  type Entry,
  encodeEntry,
  entryFromJson,
  entryRef,
  entryToJson,
  MOVED,
  movedEntries,
  type TallyEntry,
} from '../../src/ledger/index.js'

const entry: TallyEntry = { handle: 5n, category: 1, amount: -7n, ref: 9n, at: 1_763_700_000n }

const uint = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })
const plain = { noNullPrototype: true }
const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record(
    {
      handle: uint(248),
      category: fc.integer({ min: 0, max: 30 }),
      amount: fc.bigInt({ min: -(1n << 64n), max: (1n << 64n) - 1n }),
      ref: uint(148),
      at: uint(40),
    },
    plain,
  ),
  fc.record({ handle: uint(248), category: fc.constant(MOVED as typeof MOVED), to: uint(248) }, plain),
)

describe('ledger/entry', () => {
  it('an entry is two numbers below 2^253, and comes back from them and from JSON', () => {
    fc.assert(
      fc.property(anyEntry, (one) => {
        const words = encodeEntry(one)
        for (const word of [words.subject, words.content]) assert.ok(word >= 0n && word < 1n << 253n)
        assert.deepEqual(decodeEntry(words), one)
        assert.deepEqual(entryFromJson(JSON.parse(JSON.stringify(entryToJson(one)))), one)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('every pair of numbers below 2^253 is an entry (soundness 32: there is none that cannot be read)', () => {
    fc.assert(
      fc.property(uint(253), uint(253), (subject, content) => {
        const one = decodeEntry({ subject, content })
        const again = encodeEntry(one)
        assert.equal(again.subject, subject)
        assert.equal(again.content, one.category === MOVED ? content % (1n << 248n) : content)
      }),
      { seed: 2, numRuns: 300 },
    )
    for (const words of [
      { subject: 1n << 253n, content: 0n },
      { subject: 0n, content: 1n << 253n },
    ])
      assert.throws(() => decodeEntry(words), RangeError)
  })

  it('every part is refused one beyond its range, and as another type, by its name', () => {
    const wrong: [Partial<Record<keyof TallyEntry, unknown>>, RegExp][] = [
      [{ handle: 1n << 248n }, /handle/],
      [{ handle: -1n }, /handle/],
      [{ handle: 5 }, /handle/],
      [{ category: 32 }, /category/],
      [{ category: -1 }, /category/],
      [{ category: 0.5 }, /category/],
      [{ category: '1' }, /category/],
      [{ amount: 1n << 64n }, /amount/],
      [{ amount: -(1n << 64n) - 1n }, /amount/],
      [{ amount: 3 }, /amount/],
      [{ ref: 1n << 148n }, /ref/],
      [{ at: 1n << 40n }, /at/],
      [{ at: -1n }, /at/],
    ]
    for (const [part, message] of wrong) {
      assert.throws(
        () => encodeEntry({ ...entry, ...part } as Entry),
        (error) => (error instanceof RangeError || error instanceof TypeError) && message.test(error.message),
      )
    }
    assert.throws(() => encodeEntry(null as never), TypeError)
  })

  it('JSON: a sign before 0, other signs, missing and unknown keys are refused', () => {
    const json = entryToJson(entry)
    for (const part of [{ amount: '-0' }, { amount: '+1' }, { amount: '--1' }, { amount: 1 }, { at: '01' }]) {
      assert.throws(() => entryFromJson({ ...json, ...part }), /entry\./)
    }
    assert.throws(() => entryFromJson({ ...json, to: '1' }), /unknown key/)
    assert.throws(() => entryFromJson({ handle: '1', category: MOVED }), /to: is missing/)
  })

  it('a reference is the low 148 bits of a hash', () => {
    assert.ok(entryRef('loan 1') < 1n << 148n)
    assert.notEqual(entryRef('loan 1'), entryRef('loan 2'))
  })

  it('a move repeats the entries of the old handle under the new one, in order, and nothing else', () => {
    const entries: Entry[] = [
      { ...entry, amount: 1n },
      { ...entry, handle: 6n },
      { ...entry, amount: 2n },
      { ...entry, category: 9 },
      { handle: 5n, category: MOVED, to: 3n },
      { ...entry, amount: 3n, at: 4n },
    ]
    assert.deepEqual(movedEntries({ entries, from: 5n, to: 8n }), [
      { handle: 5n, category: MOVED, to: 8n },
      { ...entry, handle: 8n, amount: 1n },
      { ...entry, handle: 8n, amount: 2n },
      { ...entry, handle: 8n, amount: 3n, at: 4n },
    ])
    assert.throws(() => movedEntries({ entries, from: 5n, to: 5n }), RangeError)
  })
})
