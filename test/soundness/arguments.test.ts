import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { SUBGROUP_ORDER as l } from '../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { power } from '../circuits/lib/curve.js'
import { ARGUMENTS } from './arguments.js'
import { STATEMENTS } from './report.js'
import { readSnapshot } from './snapshot.js'

describe('soundness/arguments: the numbers that the reasons use', () => {
  it('complete addition: a is a square and d is not', () => {
    assert.equal(power(168700n, (r - 1n) / 2n), 1n)
    assert.equal(power(168696n, (r - 1n) / 2n), r - 1n)
  })

  it('fixed-base additions: before window w the sum is m H with |m| + |d 4^w| < l, and m is never d 4^w or -d 4^w', () => {
    // The greatest |m| after windows 0 to w - 1: all digits 3.
    let greatest = 0n
    for (let w = 0n; w <= 124n; w++) {
      if (w > 0n) {
        assert.ok(greatest < 4n ** w)
        assert.ok(greatest + 3n * 4n ** w < l)
        // The sums are odd, hence never 0: the digits of window 0 are odd, those above are multiples of 4.
        assert.ok(greatest > 0n)
      }
      greatest += 3n * 4n ** w
    }
    // Window 125 would not do, which is why it comes by the complete law.
    assert.ok(greatest + 3n * 4n ** 125n >= l)
  })

  it('signed multiplication: 2 m + 1 stays below l for all but the last five steps', () => {
    const source = readFileSync(new URL('../../circuits/lib/eddsa.circom', import.meta.url), 'utf8')
    const kappa = BigInt(/KAPPA = (\d+);/.exec(source)?.[1] as string)
    assert.equal((2n * kappa + 2n ** 254n + 1n) % l, 0n)
    let greatest = 2n
    let safe = 0
    for (let step = 0; step < 254; step++) {
      if (2n * greatest + 1n < l) safe++
      greatest = 2n * greatest + 1n
    }
    assert.equal(254 - safe, 5)
    // A multiplier has two forms at most: 2^254 is below 2 r.
    assert.ok(2n ** 254n < 2n * r)
  })

  it('each argument is used by a statement, and no other is', () => {
    const snapshot = readSnapshot()
    const used = new Set(STATEMENTS.flatMap((name) => Object.keys(snapshot[name]?.argued ?? {})))
    assert.deepEqual([...used].sort(), ARGUMENTS.map(({ name }) => name).sort())
  })
})
