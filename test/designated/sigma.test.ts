import assert from 'node:assert/strict'
import { addPoint, unpackPoint } from '@zk-kit/baby-jubjub'
import fc from 'fast-check'
import { BASE8, isPublicKey, multiply, type Point, SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { beaconBytes } from '../../src/designated/beacon.js'
import { quotientPower } from '../../src/designated/delay.js'
import { evaluateDelay, RSA_2048, textBeacon } from '../../src/designated/index.js'
import { absolute, hashToPrime, isPrime, power, powers } from '../../src/designated/modular.js'
import {
  challengeOf,
  nonceCommitmentOf,
  proveByDelay,
  proveByLogarithm,
  refuseSigma,
  SIGMA_BYTES,
  type SigmaStatement,
  sigmaToHex,
  startOf,
} from '../../src/designated/sigma.js'
import { bigIntToBytes, bytesToBigInt, FIELD_MODULUS, hashText } from '../../src/field.js'
import { TIMED_H } from '../../src/statements/timed.js'

const N = RSA_2048
const T = 3000
const BEACON = textBeacon({ source: 'test', text: 'block 123', at: 0n })
const K = 123456789n
/** 6 m + 1, 12 m + 1 and 18 m + 1 are primes, so that their product is a Carmichael number (Chernick, 1939). */
const CHERNICK = 100000000000000008960n

const add = (p: Point, q: Point): Point => {
  const [x, y] = addPoint([p[0], p[1]], [q[0], q[1]])
  return [x, y]
}
const statementFor = (P: Point): SigmaStatement => ({
  ...{ modulus: N, squarings: T, verificationKeyHash: '0xabc', beacon: beaconBytes(BEACON) },
  ...{ start: startOf(beaconBytes(BEACON), N), publicSignals: [1n, 2n, ...P], proof: [3n, 4n, 5n], P },
})
const hex = (proof: Uint8Array): string => sigmaToHex(proof)

describe('sigma proof of timed statements', () => {
  const statement = statementFor(multiply(BASE8, K))
  const honest = proveByLogarithm(statement, K)
  const refusal = (proof: Uint8Array, change: Partial<SigmaStatement> = {}): string | undefined =>
    refuseSigma({ ...statement, ...change }, hex(proof))
  interface Parts {
    readonly c1: Uint8Array
    readonly c2: Uint8Array
    readonly s: bigint
    readonly rho: bigint
    readonly pi: bigint
  }
  const parts = (proof: Uint8Array): Parts => ({
    c1: proof.slice(0, 32),
    c2: proof.slice(32, 64),
    s: bytesToBigInt(proof.subarray(64, 96)),
    rho: bytesToBigInt(proof.subarray(96, 128)),
    pi: bytesToBigInt(proof.subarray(128)),
  })
  const join = (p: Parts): Uint8Array =>
    Uint8Array.from([
      ...p.c1,
      ...p.c2,
      ...bigIntToBytes(p.s, 32),
      ...bigIntToBytes(p.rho, 32),
      ...bigIntToBytes(p.pi, 256),
    ])
  const altered = (change: Partial<Parts>): Uint8Array => join({ ...parts(honest), ...change })

  it('holds for whoever knows the logarithm, at once', () => {
    assert.equal(refusal(honest), undefined)
    assert.equal(honest.length, SIGMA_BYTES)
    assert.ok(SIGMA_BYTES <= 420)
    assert.notDeepEqual(proveByLogarithm(statement, K), honest)
  })

  it('holds for whoever knows the output of the delay, and no logarithm', async () => {
    const evaluated = await evaluateDelay({ modulus: N, squarings: T, beacon: BEACON })
    // b = 0: its logarithm to B8 is that of H plus k.
    const P = add(multiply(BASE8, K), TIMED_H)
    const quotient = (prime: bigint) => quotientPower(evaluated, prime)
    const forged = await proveByDelay(statementFor(P), evaluated.output, quotient)
    assert.equal(refuseSigma(statementFor(P), hex(forged)), undefined)
    // Not for a wrong output, nor for another delay's.
    const wrong = await proveByDelay(statementFor(P), (evaluated.output * 2n) % N, quotient)
    assert.equal(refuseSigma(statementFor(P), hex(wrong)), 'does not hold')
    const later = { ...statementFor(P), squarings: T + 1 }
    const short = await proveByDelay(later, evaluated.output, quotient)
    assert.equal(refuseSigma(later, hex(short)), 'does not hold')
  })

  it('without logarithm and output there is none: k of another point, with H in the way', () => {
    const P = add(multiply(BASE8, K), TIMED_H)
    assert.equal(refuseSigma(statementFor(P), hex(proveByLogarithm(statementFor(P), K))), 'does not hold')
  })

  it('row 18: everything is hashed, a change of any part breaks it', () => {
    const [x, y] = statement.P
    for (const change of [
      { verificationKeyHash: '0xabd' },
      { publicSignals: [1n, 3n, x, y] },
      { publicSignals: [1n, x, y] },
      { proof: [3n, 4n, 6n] },
      { proof: [3n, 4n] },
    ] as const) {
      assert.equal(refusal(honest, change), 'does not hold')
    }
  })

  it('row 31: T altered, x of another beacon, the bytes of another beacon', () => {
    const other = beaconBytes(textBeacon({ source: 'test', text: 'block 124', at: 0n }))
    for (const change of [
      { squarings: T + 1 },
      { squarings: T - 1 },
      { start: startOf(other, N) },
      { beacon: other },
      { beacon: other, start: startOf(other, N) },
    ]) {
      assert.equal(refusal(honest, change), 'does not hold')
    }
  })

  it('row 31: pi = 0 makes Y = 0 whatever the challenge, and was an instant forgery', () => {
    // No logarithm, no output: c1 and s first, then c2 from the hash with Y = 0, which every l gives.
    const lacking = statementFor(add(multiply(BASE8, K), TIMED_H))
    const { c1, s } = parts(honest)
    const challenge = challengeOf(lacking, nonceCommitmentOf(lacking.P, s, c1), 0n)
    const c2 = c1.map((byte, i) => byte ^ challenge[i]!)
    for (const pi of [0n, N]) {
      const forged = join({ c1, c2, s, rho: 0n, pi })
      assert.equal(refuseSigma(lacking, hex(forged)), 'pi is out of range')
    }
    // What the verifier would have computed from it.
    const prime = hashToPrime(c2)
    const Y = powers(
      [
        [0n, prime],
        [lacking.start, power(2n, BigInt(T), prime)],
      ],
      N,
    )
    assert.equal(Y, 0n)
  })

  it('row 31: pi = N - 1, N - pi, above the half, or not a unit', () => {
    const { pi } = parts(honest)
    for (const value of [N - 1n, N - pi, (N + 1n) / 2n, 2n ** 2048n - 1n]) {
      assert.equal(refusal(altered({ pi: value })), 'pi is out of range')
    }
    // A modulus with known factors, to have something that is not a unit.
    const modulus = 3n * (1n << 2047n) + 15n
    assert.equal(refusal(altered({ pi: 3n }), { modulus }), 'pi is out of range')
    for (const value of [1n, pi - 1n]) assert.equal(refusal(altered({ pi: value })), 'does not hold')
  })

  it('row 31: rho or s out of range, second names of the same answers', () => {
    const { c2, rho, s } = parts(honest)
    const prime = hashToPrime(c2)
    const top = (1n << 256n) - 1n
    for (const value of [prime, top]) assert.equal(refusal(altered({ rho: value })), 'rho is out of range')
    if (rho + prime <= top) assert.equal(refusal(altered({ rho: rho + prime })), 'rho is out of range')
    for (const value of [SUBGROUP_ORDER, s + SUBGROUP_ORDER]) {
      assert.equal(refusal(altered({ s: value })), 's is out of range')
    }
    assert.equal(refusal(altered({ rho: rho === 0n ? 1n : rho - 1n })), 'does not hold')
    assert.equal(refusal(altered({ s: (s + 1n) % SUBGROUP_ORDER })), 'does not hold')
  })

  it('row 31: challenge halves of 31 or 33 bytes, and other lengths and writings', () => {
    const text = hex(honest)
    const bad = `must be ${SIGMA_BYTES} bytes as lower-case hex`
    for (const proof of [
      text.slice(2),
      `00${text}`,
      text.slice(0, -2),
      `${text}00`,
      text.toUpperCase(),
      text.replace(/^../, 'zz'),
      honest,
      undefined,
      null,
      [text],
    ]) {
      assert.equal(refuseSigma(statement, proof), bad)
    }
    // A shift by one byte has the right length and means something else.
    assert.notEqual(refuseSigma(statement, text.slice(2) + text.slice(0, 2)), undefined)
  })

  it('row 31: halves that do not sum to the challenge, and Y replayed from another proof', () => {
    const { c1, c2 } = parts(honest)
    const flip = (bytes: Uint8Array): Uint8Array => bytes.with(0, bytes[0]! ^ 1)
    assert.notEqual(refusal(altered({ c1: flip(c1) })), undefined)
    assert.notEqual(refusal(altered({ c2: flip(c2) })), undefined)
    assert.notEqual(refusal(altered({ c1: flip(c1), c2: flip(c2) })), undefined)
    assert.notEqual(refusal(altered({ c1: c2, c2: c1 })), undefined)
    // The delay's half of one proof, Y with it, beside the Schnorr half of another.
    const other = parts(proveByLogarithm(statement, K))
    const { s, c1: schnorr } = parts(honest)
    assert.notEqual(refusal(join({ ...other, s, c1: schnorr })), undefined)
  })

  it('challenge grinding: of many tries without a witness none holds', () => {
    const P = add(multiply(BASE8, K), TIMED_H)
    const lacking = statementFor(P)
    const random = parts(honest)
    let accepted = 0
    for (let i = 0; i < 40; i++) {
      // A simulated answer of either branch fixes its half; the other half is then what the hash says.
      const seed = bigIntToBytes(hashText(`grind ${i}`), 32)
      if (refuseSigma(lacking, hex(join({ ...random, c1: seed }))) === undefined) accepted++
      if (refuseSigma(lacking, hex(proveByLogarithm(lacking, BigInt(i)))) === undefined) accepted++
    }
    assert.equal(accepted, 0)
  })

  it('row 16: P the identity, of small order, off the curve or not canonical', () => {
    const orderTwo: Point = [0n, FIELD_MODULUS - 1n]
    const [x, y] = statement.P
    for (const P of [
      [0n, 1n],
      orderTwo,
      [1n, 1n],
      add(statement.P, orderTwo),
      [x + FIELD_MODULUS, y],
    ] as Point[]) {
      assert.match(refuseSigma(statementFor(P), hex(honest)) ?? '', /P is not a point/)
    }
    // The identity has the logarithm 0, which everybody knows.
    const zero = statementFor([0n, 1n])
    assert.match(refuseSigma(zero, hex(proveByLogarithm(zero, 0n))) ?? '', /P is not a point/)
  })

  it('any JSON is refused and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        assert.notEqual(refuseSigma(statement, json), undefined)
      }),
      { numRuns: 100, seed: 6 },
    )
  })

  describe('the numbers', () => {
    it('H is derived from a text, in the prime subgroup', () => {
      for (let i = 0; ; i++) {
        const y = hashText(`soulproof/timed/1:${i}`)
        const found = unpackPoint(y)
        if (found === null) continue
        const x = absolute(found[0], FIELD_MODULUS)
        assert.deepEqual(multiply([x, y], 8n), [...TIMED_H])
        break
      }
      assert.equal(isPublicKey(TIMED_H), true)
    })

    it('l is a prime of 256 bits, other for other challenges; composites and pseudoprimes are not', () => {
      const primes = Array.from({ length: 8 }, (_, i) => hashToPrime(bigIntToBytes(BigInt(i), 32)))
      assert.equal(new Set(primes).size, 8)
      // Fermat's test with a base that Miller-Rabin did not choose.
      for (const prime of primes) {
        assert.equal(prime >> 255n, 1n)
        assert.equal(power(3n, prime - 1n, prime), 1n)
      }
      const [p, q] = primes as [bigint, bigint]
      for (const n of [p * q, p * p, p + 2n * q, (1n << 256n) - 1n]) {
        if (power(3n, n - 1n, n) !== 1n) assert.equal(isPrime(n), false)
      }
      assert.equal(isPrime((1n << 127n) - 1n), true)
      assert.equal(isPrime((1n << 128n) + 1n), false)
      // Carmichael numbers pass Fermat's test with every base that is a unit.
      const m = CHERNICK
      assert.ok([6n * m + 1n, 12n * m + 1n, 18n * m + 1n].every(isPrime))
      const product = (6n * CHERNICK + 1n) * (12n * CHERNICK + 1n) * (18n * CHERNICK + 1n)
      assert.equal(power(2n, product - 1n, product), 1n)
      assert.equal(isPrime(product), false)
    })

    it('powers is the product of powers', () => {
      const numbers = fc.bigInt({ min: 0n, max: N - 1n })
      fc.assert(
        fc.property(numbers, numbers, fc.bigInt({ min: 0n, max: 1n << 256n }), (a, b, e) => {
          const expected = (power(a, e, N) * power(b, e + 5n, N)) % N
          assert.equal(
            powers(
              [
                [a, e],
                [b, e + 5n],
              ],
              N,
            ),
            expected,
          )
        }),
        { numRuns: 5, seed: 6 },
      )
    })
  })
})
