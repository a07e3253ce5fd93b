import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkChallenge, issueChallenge } from '../../src/server/challenge.js'
import { type ChallengeText, readChallenge } from '../../src/server/challenge-text.js'

const secret = new Uint8Array(32).fill(7)
const purpose = {
  audience: 'https://example.org',
  gate: 'door',
  expectation: 'policy-s 1 2 0',
  binding: 'session 4711',
}
const check = (challenge: unknown, changed: object = {}) =>
  checkChallenge({ ...purpose, secrets: [secret], challenge, now: 1000n, ...changed })

describe('server/challenge', () => {
  const challenge = issueChallenge({ ...purpose, secret, expiresAt: 1000n })

  it('accepts its own until the second in which it expires, and tells whose it is', () => {
    assert.deepEqual(check(challenge), { expiresAt: 1000n })
    assert.deepEqual(check(challenge, { now: 1001n }), { refused: 'the challenge is too old' })
    const { audience, gate, expiresAt } = readChallenge(challenge) as ChallengeText
    assert.deepEqual([audience, gate, expiresAt], ['https://example.org', 'door', 1000n])
  })

  it('makes no two alike', () => {
    const others = Array.from({ length: 100 }, () => issueChallenge({ ...purpose, secret, expiresAt: 1000n }))
    assert.equal(new Set([...others, challenge]).size, 101)
  })

  for (const name of ['audience', 'gate', 'expectation', 'binding'] as const) {
    it(`a challenge for another ${name} is refused`, () => {
      assert.deepEqual(check(challenge, { [name]: 'another' }), { refused: 'the challenge is not for this' })
    })
  }

  it('parts that run into each other are told apart', () => {
    const one = issueChallenge({ ...purpose, secret, expiresAt: 1000n, expectation: 'a', binding: 'bc' })
    assert.ok('refused' in check(one, { expectation: 'ab', binding: 'c' }))
  })

  it('accepts what an older secret made as long as that is listed, and makes none of another', () => {
    const other = new Uint8Array(32).fill(8)
    assert.deepEqual(check(challenge, { secrets: [other, secret] }), { expiresAt: 1000n })
    assert.deepEqual(check(challenge, { secrets: [other] }), { refused: 'the challenge is not for this' })
  })

  it('a challenge whose expiry was put off is refused', () => {
    const later = challenge.replace(' 1000 ', ' 9999 ')
    assert.notEqual(later, challenge)
    assert.deepEqual(check(later), { refused: 'the challenge is not for this' })
  })

  it('a second text for the same MAC is refused: it would be another message', () => {
    // 43 characters hold 258 bits, of which 256 count.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(challenge.at(-1) as string)
    const twin = challenge.slice(0, -1) + alphabet[last ^ 1]
    const bytes = (text: string) => Buffer.from(text.split(' ').at(-1) as string, 'base64url')
    assert.deepEqual(bytes(twin), bytes(challenge))
    assert.deepEqual(check(twin), { refused: 'the challenge is not for this' })
  })

  it('any change of its text is refused, and anything else is malformed', () => {
    fc.assert(
      fc.property(fc.nat(challenge.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, text) => {
        const changed = challenge.slice(0, at) + text + challenge.slice(at + 1)
        assert.equal('refused' in check(changed), changed !== challenge)
      }),
      { seed: 9, numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.anything(), (value) => {
        assert.deepEqual(check(value), { refused: 'the challenge is malformed' })
        assert.equal(readChallenge(value), undefined)
      }),
      { seed: 9, numRuns: 500 },
    )
  })
})
