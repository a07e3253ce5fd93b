import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DOMAIN } from '../../src/crypto/domains.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { FIELD_MODULUS, hashText } from '../../src/field.js'
import {
  INTERVAL_WIDTH,
  intervalLeaf,
  quaternaryRoot,
  type SetProof,
  SetTree,
} from '../../src/merkle/index.js'

const W = 2n ** 252n
const SENTINELS = [0n, W, 2n * W, 3n * W]

/** The two range checks of the circuit, written independently: low < value < high over the field. */
function strictlyBetween(value: bigint, low: bigint, high: bigint): boolean {
  const mod = (x: bigint) => ((x % FIELD_MODULUS) + FIELD_MODULUS) % FIELD_MODULUS
  return mod(value - low - 1n) < W && mod(high - value - 1n) < W
}

function check(tree: SetTree, value: bigint): SetProof {
  const proof = tree.proof(value)
  assert.ok(proof.low <= value && value < proof.high)
  assert.equal(quaternaryRoot(proof), tree.root)
  const stored = proof.high === FIELD_MODULUS ? 0n : proof.high
  assert.equal(strictlyBetween(value, proof.low, stored), value !== proof.low)
  const flags = [0n, 1n].filter((flag) => poseidon([DOMAIN.interval, proof.low, stored, flag]) === proof.leaf)
  assert.equal(flags.length, 1)
  assert.equal(proof.member, value === proof.low && flags[0] === 1n)
  return proof
}

describe('SetTree', () => {
  it('is the width that the circuits compare with', () => {
    assert.equal(INTERVAL_WIDTH, W)
    assert.ok(3n * W < FIELD_MODULUS && FIELD_MODULUS < 4n * W)
  })

  it('covers the whole field: 0, r - 1, every boundary and its neighbours', () => {
    const tree = new SetTree([5n, 7n, W + 1n, FIELD_MODULUS - 1n])
    const members = [5n, 7n, W + 1n, FIELD_MODULUS - 1n]
    for (const at of [...SENTINELS, ...members]) {
      for (const value of [at - 1n, at, at + 1n]) {
        if (value < 0n || value >= FIELD_MODULUS) continue
        assert.equal(check(tree, value).member, members.includes(value))
      }
    }
    assert.equal(check(tree, FIELD_MODULUS - 1n).high, FIELD_MODULUS)
  })

  it('never says that a sentinel is a member unless it was given (soundness 11)', () => {
    const empty = new SetTree([])
    assert.equal(empty.size, 0)
    for (const sentinel of SENTINELS) {
      assert.equal(check(empty, sentinel).member, false)
      const real = new SetTree([sentinel])
      assert.equal(check(real, sentinel).member, true)
      assert.notEqual(real.root, empty.root)
      for (const other of SENTINELS) assert.equal(check(real, other).member, other === sentinel)
    }
    assert.equal(check(empty, FIELD_MODULUS - 1n).member, false)
  })

  it('has 0 in unused leaves, which no opening of a value reaches', () => {
    const tree = new SetTree([])
    const proof = tree.proof(FIELD_MODULUS - 1n)
    assert.equal(proof.index, 3)
    assert.equal(quaternaryRoot({ ...proof, leaf: 0n }) === tree.root, false)
  })

  it('answers member exactly for what is in the array', () => {
    const near = fc.oneof(
      fc.bigInt(0n, 8n),
      fc.bigInt(W - 4n, W + 4n),
      fc.bigInt(3n * W - 4n, 3n * W + 4n),
      fc.bigInt(FIELD_MODULUS - 8n, FIELD_MODULUS - 1n),
      fc.bigInt(0n, FIELD_MODULUS - 1n),
    )
    fc.assert(
      fc.property(
        fc.array(near, { maxLength: 10 }),
        fc.array(near, { minLength: 1, maxLength: 4 }),
        (values, asked) => {
          const tree = new SetTree(values)
          assert.equal(tree.size, new Set(values).size)
          for (const value of [...asked, ...values.slice(0, 2)]) {
            assert.equal(check(tree, value).member, values.includes(value))
          }
        },
      ),
      { seed: 2, numRuns: 25 },
    )
  })

  it('has one root for one set: order, repetition and spelling do not count', () => {
    const tree = new SetTree(['economics', 5n, 'econometrics'])
    assert.equal(new SetTree(['econometrics', hashText('economics'), 5n, 5n, 'economics']).root, tree.root)
    assert.equal(tree.proof('economics').member, true)
    assert.equal(tree.proof(hashText('econometrics')).member, true)
    assert.equal(tree.proof('Economics').member, false)
    assert.notEqual(new SetTree(['economics', 5n]).root, tree.root)
  })

  it('refuses values and queries beyond the field, and other types', () => {
    assert.throws(() => new SetTree([1n, FIELD_MODULUS]), /values\[1\]/)
    assert.throws(() => new SetTree([-1n]), RangeError)
    assert.throws(() => new SetTree([1 as never]), TypeError)
    assert.throws(() => new SetTree('ab' as never), TypeError)
    assert.throws(() => new SetTree([]).proof(FIELD_MODULUS), RangeError)
    assert.throws(() => new SetTree([]).proof(1 as never), TypeError)
  })

  it('refuses more members than it has leaves for, by name and before hashing', () => {
    const values = Array.from({ length: 4 ** 10 - 3 }, (_, i) => BigInt(i + 1))
    assert.throws(() => new SetTree(values), /RangeError: values make more than 1048576 intervals/)
  })

  it('does not change the array that it is given', () => {
    const values = [9n, 3n, 9n]
    new SetTree(values)
    assert.deepEqual(values, [9n, 3n, 9n])
  })
})

describe('intervalLeaf', () => {
  it('writes r as 0 and refuses empty, reversed and too wide intervals', () => {
    assert.equal(intervalLeaf(3n * W, FIELD_MODULUS, false), poseidon([DOMAIN.interval, 3n * W, 0n, 0n]))
    assert.equal(intervalLeaf(0n, W, true), poseidon([DOMAIN.interval, 0n, W, 1n]))
    assert.throws(() => intervalLeaf(5n, 5n, false), RangeError)
    assert.throws(() => intervalLeaf(5n, 4n, false), RangeError)
    assert.throws(() => intervalLeaf(5n, 0n, false), RangeError)
    assert.throws(() => intervalLeaf(0n, W + 1n, false), RangeError)
    assert.throws(() => intervalLeaf(3n * W, FIELD_MODULUS + 1n, false), RangeError)
    assert.throws(() => intervalLeaf(FIELD_MODULUS, FIELD_MODULUS + 1n, false), RangeError)
    assert.throws(() => intervalLeaf(0n, 1n, 1 as never), TypeError)
  })
})
