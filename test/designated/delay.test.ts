import assert from 'node:assert/strict'
import { createDiffieHellmanGroup } from 'node:crypto'
import fc from 'fast-check'
import { randomBelow } from '../../src/crypto/random.js'
import { quotientPower } from '../../src/designated/delay.js'
import {
  blockBeacon,
  checkPublishedDelay,
  type DelayCheckpoint,
  drandBeacon,
  evaluateDelay,
  publishDelay,
  RSA_2048,
  textBeacon,
} from '../../src/designated/index.js'
import { hashToPrime, power } from '../../src/designated/modular.js'
import { createSquarer } from '../../src/designated/squarer.js'
import { bigIntToBytes } from '../../src/field.js'

const N = RSA_2048
const BEACON = textBeacon({ source: 'test', text: 'block 123', at: 0n })
const parameters = { modulus: N, squarings: 70_000, beacon: BEACON }

describe('squarer', () => {
  const moduli = [N, (1n << 2048n) - 1n, (1n << 2047n) + 1n, 3n ** 1200n]

  it('in WebAssembly computes what bigints compute, at edges and at random', async () => {
    for (const modulus of moduli) {
      const wasm = await createSquarer({ modulus, name: 'wasm' })
      const plain = await createSquarer({ modulus, name: 'bigint' })
      const limb = (1n << 28n) - 1n
      const edges = [0n, 1n, 2n, modulus - 1n, modulus - 2n, (modulus - 1n) / 2n, limb, 1n << 2040n]
      const sparse = [BigInt(`0x${'f0000000'.repeat(60)}`), BigInt(`0x${'0fffffff'.repeat(60)}`)]
      const values = [...edges, ...sparse, ...Array.from({ length: 8 }, () => randomBelow(modulus))]
      for (const value of values.map((v) => v % modulus)) {
        for (const squarer of [wasm, plain]) {
          squarer.set(value)
          squarer.square(7)
        }
        assert.equal(wasm.get(), plain.get())
        const [a, b] = [wasm, plain].map((squarer) => {
          const handle = squarer.load(value)
          const other = squarer.copy(handle)
          squarer.multiply(handle, squarer.load(values[3]! % modulus))
          squarer.multiplyInto(handle)
          squarer.multiplyInto(other)
          squarer.release(0)
          return squarer.get()
        })
        assert.equal(a, b)
      }
    }
  })

  it('keeps its register through thousands of squarings and many handles', async () => {
    const wasm = await createSquarer({ modulus: N, name: 'wasm' })
    wasm.set(3n)
    const handles = Array.from({ length: 500 }, (_, i) => wasm.load(BigInt(i + 2)))
    wasm.square(5000)
    const expected = power(3n, 1n << 5000n, N)
    assert.equal(wasm.get(), expected)
    assert.equal(wasm.get(), expected)
    for (const handle of handles.slice(490)) wasm.multiplyInto(handle)
    const product = Array.from({ length: 10 }, (_, i) => BigInt(492 + i)).reduce((a, b) => a * b)
    assert.equal(wasm.get(), (expected * product) % N)
  })
})

describe('delay', () => {
  it('is x^(2^T), by either engine', async () => {
    for (const squarings of [1, 2, 7, 8, 9, 4097]) {
      const evaluated = await evaluateDelay({ ...parameters, squarings })
      const expected = power(evaluated.start, 1n << BigInt(squarings), N)
      assert.equal(evaluated.output, expected)
      const plain = await evaluateDelay({ ...parameters, squarings, engine: 'bigint' })
      assert.deepEqual(plain, evaluated)
    }
  })

  it('its trace gives x^(2^T / l) without the squarings', async () => {
    for (const squarings of [5, 8, 100, 300, 4097, 33_000]) {
      const evaluated = await evaluateDelay({ ...parameters, squarings })
      const prime = hashToPrime(bigIntToBytes(BigInt(squarings), 32))
      const expected = power(evaluated.start, (1n << BigInt(squarings)) / prime, N)
      assert.equal(await quotientPower(evaluated, prime), expected)
    }
  })

  it('resumes from a checkpoint, with progress, and gives the same', async () => {
    const whole = await evaluateDelay(parameters)
    const kept: DelayCheckpoint[] = []
    const progress: number[] = []
    const abort = new AbortController()
    const run = evaluateDelay({
      ...parameters,
      ...{ checkpointEvery: 20_000, signal: abort.signal },
      onProgress: (done) => progress.push(done),
      onCheckpoint: (checkpoint) => {
        kept.push(checkpoint)
        if (kept.length === 2) abort.abort(new Error('power cut'))
      },
    })
    await assert.rejects(run, /power cut/)
    assert.equal(kept.length, 2)
    assert.ok(kept[1]!.done >= 40_000 && kept[1]!.done < 70_000)
    const resumed = await evaluateDelay({ ...parameters, checkpoint: JSON.parse(JSON.stringify(kept[1])) })
    assert.deepEqual(resumed, whole)
    const all: number[] = []
    await evaluateDelay({ ...parameters, onProgress: (done) => all.push(done) })
    assert.equal(all.at(-1), 1)
    assert.deepEqual(
      all,
      [...all].sort((a, b) => a - b),
    )
  })

  it('attack: a checkpoint of another delay, or altered', async () => {
    let kept: DelayCheckpoint | undefined
    const onCheckpoint = (checkpoint: DelayCheckpoint): void => {
      kept = checkpoint
    }
    await evaluateDelay({ ...parameters, checkpointEvery: 30_000, onCheckpoint })
    const checkpoint = kept!
    const resume = (json: unknown, change: object = {}) =>
      evaluateDelay({ ...parameters, ...change, checkpoint: json })
    await assert.rejects(resume(checkpoint, { squarings: 70_001 }), RangeError)
    await assert.rejects(
      resume(checkpoint, { beacon: textBeacon({ source: 'test', text: 'block 124', at: 0n }) }),
      RangeError,
    )
    for (const altered of [
      { ...checkpoint, done: checkpoint.done + 1 },
      { ...checkpoint, trace: [] },
      { ...checkpoint, trace: checkpoint.trace.with(0, checkpoint.trace[1]!) },
      { ...checkpoint, trace: checkpoint.trace.with(1, 'ff'.repeat(256)) },
      { ...checkpoint, trace: checkpoint.trace.with(1, 5 as never) },
      { ...checkpoint, version: 2 },
    ]) {
      await assert.rejects(resume(altered), RangeError)
    }
    // A number in the middle that is wrong cannot be told from the start; what is published from it is refused.
    const last = checkpoint.trace.length - 1
    const wrong = { ...checkpoint, trace: checkpoint.trace.with(last, checkpoint.trace[1]!) }
    const published = await publishDelay(await resume(wrong))
    assert.equal(checkPublishedDelay({ ...parameters, published }), undefined)
  })

  describe('published', () => {
    it('is checked without evaluating it, and nothing else passes', async () => {
      const evaluated = await evaluateDelay(parameters)
      const published = await publishDelay(evaluated)
      const check = (json: unknown, change: object = {}) =>
        checkPublishedDelay({ ...parameters, ...change, published: json })
      const output = check(JSON.parse(JSON.stringify(published)))
      assert.ok(output === evaluated.output || output === N - evaluated.output)
      const hex = (value: bigint): string => value.toString(16).padStart(512, '0')
      const [y, proof] = [BigInt(`0x${published.output}`), BigInt(`0x${published.proof}`)]
      for (const forged of [
        { ...published, output: hex(y + 1n) },
        { ...published, output: hex(N - y) },
        { ...published, proof: hex(N - proof) },
        { ...published, proof: hex(0n) },
        { output: hex(0n), proof: hex(0n), version: 1 },
        { ...published, output: hex(0n) },
        { ...published, version: 2 },
        { ...published, output: published.output.slice(1) },
        null,
      ]) {
        assert.equal(check(forged), undefined)
      }
      assert.equal(check(published, { squarings: 70_001 }), undefined)
      const beacon = textBeacon({ source: 'other', text: 'block 123', at: 0n })
      assert.equal(check(published, { beacon }), undefined)
    })
  })

  it('attack: a modulus whose order is known, even, or of another length', async () => {
    // A prime of 2048 bits, RFC 3526.
    const prime = BigInt(`0x${createDiffieHellmanGroup('modp14').getPrime('hex')}`)
    assert.equal(prime >> 2047n, 1n)
    for (const modulus of [prime, N + 1n, 3n * 5n, 1n << 2047n, (1n << 2203n) - 1n]) {
      await assert.rejects(evaluateDelay({ ...parameters, modulus }), RangeError)
    }
    await assert.rejects(evaluateDelay({ ...parameters, squarings: 0 }), RangeError)
    await assert.rejects(evaluateDelay({ ...parameters, squarings: 1.5 }), RangeError)
  })
})

describe('beacons', () => {
  const at = 5n
  const hex = 'ab'.repeat(32)

  it('of different sources, rounds and values start different delays', async () => {
    const beacons = [
      BEACON,
      drandBeacon({ chain: hex, round: 1, randomness: hex, at }),
      drandBeacon({ chain: hex, round: 2, randomness: hex, at }),
      drandBeacon({ chain: 'cd'.repeat(32), round: 1, randomness: hex, at }),
      blockBeacon({ chainId: 1, number: 1, hash: `0x${hex}`, at }),
      blockBeacon({ chainId: 1, number: 11, hash: `0x${hex}`, at }),
      blockBeacon({ chainId: 11, number: 1, hash: `0x${hex}`, at }),
      textBeacon({ source: 'test', text: 'block 12', at }),
      textBeacon({ source: 'testblock', text: ' 123', at }),
    ]
    const starts = await Promise.all(
      beacons.map(async (beacon) => (await evaluateDelay({ ...parameters, squarings: 1, beacon })).start),
    )
    assert.equal(new Set(starts).size, beacons.length)
  })

  it('of a text that is not well-formed is refused: its bytes would be those of another', () => {
    for (const text of ['\ud800', 5, undefined]) {
      assert.throws(() => textBeacon({ source: 'x', text: text as never, at: 1n }), /text must be/)
    }
  })

  it('refuse what is no beacon, naming the part', () => {
    assert.throws(() => drandBeacon({ chain: 'x', round: 1, randomness: hex, at }), /chain/)
    assert.throws(() => drandBeacon({ chain: hex, round: -1, randomness: hex, at }), /round/)
    assert.throws(() => drandBeacon({ chain: hex, round: 1, randomness: 'AB'.repeat(32), at }), /randomness/)
    assert.throws(() => blockBeacon({ chainId: 1, number: 1, hash: hex, at }), /hash/)
    assert.throws(() => textBeacon({ source: '', text: 'x', at }), /source/)
    assert.throws(() => textBeacon({ source: 'x', text: '', at }), /value/)
    assert.throws(() => textBeacon({ source: 'x', text: 'x', at: -1n }), /at/)
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 50 }), (text) => {
        assert.equal(textBeacon({ source: 's', text, at }).value.length > 0, true)
      }),
      { seed: 6 },
    )
  })
})
