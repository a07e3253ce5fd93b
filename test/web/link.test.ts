import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Envelope } from '../../src/envelope.js'
import { FRAGMENT, type Handed, packLink, unpackLink } from '../../web/src/model/link.js'
import { EXAMPLES } from '../../web/src/model/question.js'

const word = fc.bigInt({ min: 0n, max: (1n << 254n) - 1n }).map(String)

/** Envelopes of any numbers: a link carries them as they are, right or wrong. */
const handed: fc.Arbitrary<Handed> = fc
  .record({
    points: fc.array(word, { minLength: 8, maxLength: 8 }),
    signals: fc.array(word, { minLength: 11, maxLength: 11 }),
    question: fc.constantFrom(...EXAMPLES.map(({ question }) => question)),
    revoked: fc.dictionary(
      fc.constantFrom('state', 'agora'),
      fc
        .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 3 })
        .map((list) => list.sort((a, b) => a - b)),
    ),
    revealed: fc.dictionary(fc.constant('passport.country'), fc.string()),
  })
  .map(({ points, signals, question, revoked, revealed }) => {
    const [a0, a1, b00, b01, b10, b11, c0, c1] = points
    const proof = {
      ...{
        pi_a: [a0, a1, '1'],
        pi_b: [
          [b00, b01],
          [b10, b11],
          ['1', '0'],
        ],
        pi_c: [c0, c1, '1'],
      },
      ...{ protocol: 'groth16', curve: 'bn128' },
    }
    const envelope = {
      ...{ version: 1, statement: 'policy-m', verificationKeyHash: `0x${'1f'.repeat(32)}`, proof, revealed },
      publicSignals: signals,
    } as unknown as Envelope
    // reveal[2], handle, nullifier, policyDigest, scope, message
    return { question, revoked: { ...revoked }, envelope, message: BigInt(signals[6] as string) }
  })

describe('links of the page', () => {
  it('carry what was packed', () =>
    fc.assert(
      fc.asyncProperty(handed, async (given) => {
        const plain = JSON.parse(JSON.stringify({ ...given, message: `${given.message}` }))
        const { message, ...rest } = await unpackLink(await packLink(given))
        assert.deepEqual(JSON.parse(JSON.stringify({ ...rest, message: `${message}` })), plain)
      }),
      { numRuns: 40, seed: 8 },
    ))

  it('are refused by a RangeError when they are cut, altered, or no link at all, and never hang', () =>
    fc.assert(
      fc.asyncProperty(handed, fc.nat(), fc.string(), async (given, at, other) => {
        const link = await packLink(given)
        const cut = link.slice(0, FRAGMENT.length + (at % (link.length - FRAGMENT.length)))
        await assert.rejects(unpackLink(cut), RangeError)
        await assert.rejects(unpackLink(other), RangeError)
        await assert.rejects(unpackLink(FRAGMENT + other), RangeError)
      }),
      { numRuns: 40, seed: 8 },
    ))

  it('attack: a question that the page cannot ask, or lists of no issuer, are refused before anything is drawn', async () => {
    const given = fc.sample(handed, { numRuns: 1, seed: 8 })[0] as Handed
    const { question } = given
    const bad: readonly object[] = [
      ...[
        null,
        'x',
        {},
        { ...question, asker: 7 },
        { ...question, groups: {} },
        { ...question, purpose: 'x'.repeat(201) },
      ].map((one) => ({ question: one })),
      ...[
        { slot: 'constructor' },
        { slot: 'passport', claim: 'toString', test: 'is' },
        { slot: 'passport', test: 'is' },
      ].map((one) => ({ question: { ...question, groups: [{ need: 'all', of: [one] }] } })),
      ...[{ stranger: [1] }, { state: [2, 1] }, { state: [0.5] }, { state: 'all' }, null].map((revoked) => ({
        revoked,
      })),
    ]
    for (const change of bad) {
      await assert.rejects(unpackLink(await packLink({ ...given, ...change } as Handed)), RangeError)
    }
  })

  it('attack: a small link that inflates without end is refused', async () => {
    const zeros = new Blob([new Uint8Array(8 << 20)])
      .stream()
      .pipeThrough(new CompressionStream('deflate-raw'))
    const bytes = Buffer.from(await new Response(zeros).arrayBuffer())
    assert(bytes.length < 20_000)
    await assert.rejects(unpackLink(FRAGMENT + bytes.toString('base64url')), RangeError)
  })
})
