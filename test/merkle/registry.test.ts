import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { IncrementalMerkleTree } from '@zk-kit/incremental-merkle-tree'
import fc from 'fast-check'
import { poseidon } from '../../src/crypto/poseidon.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { quaternaryRoot, Registry } from '../../src/merkle/index.js'

const CAPACITY = 4 ** 10
const EMPTY_ROOT = zkKit([]).root

function zkKit(leaves: readonly bigint[]) {
  return new IncrementalMerkleTree((children) => poseidon(children), 10, 0n, 4, [...leaves])
}

/** How often Poseidon is called, as V8 counts it. */
async function hashesOf(work: () => void): Promise<number> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    work()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    const file = result.find(({ url }) => url.endsWith('/src/crypto/poseidon.ts'))
    const counted = file?.functions.find(({ functionName }) => functionName === 'poseidon')
    return counted?.ranges[0]?.count ?? 0
  } finally {
    session.disconnect()
  }
}

describe('Registry', () => {
  it('has the roots and openings of zk-kit, built at once, by insertion and after revoking', () => {
    const leaves = Array.from({ length: 23 }, (_, i) => BigInt(i + 1) ** 50n % FIELD_MODULUS)
    const inserted = new Registry()
    const reference = zkKit([])
    for (const [i, leaf] of leaves.entries()) {
      assert.equal(inserted.insert(leaf), i)
      reference.insert(leaf)
      assert.equal(inserted.root, reference.root)
    }
    for (const index of [0, 7, 22]) {
      inserted.revoke(index)
      reference.delete(index)
    }
    assert.equal(inserted.root, reference.root)
    assert.equal(new Registry({ leaves: inserted.leaves }).root, reference.root)
    assert.equal(new Registry({ leaves }).root, zkKit(leaves).root)
    for (const index of [0, 1, 5, 16, 22]) {
      const proof = inserted.proof(index)
      const expected = reference.createProof(index)
      assert.deepEqual(proof.siblings, expected.siblings)
      assert.equal(proof.leaf, expected.leaf)
      const digits = expected.pathIndices.reduce((sum, digit, level) => sum + digit * 4 ** level, 0)
      assert.equal(proof.index, digits)
      assert.equal(quaternaryRoot(proof), reference.root)
    }
  })

  it('hashes each node once when it is built from leaves, and the ten above a leaf when one is inserted', async () => {
    const sizeOf = (leaves: number): number =>
      Array.from({ length: 10 }, (_, level) => Math.ceil(leaves / 4 ** (level + 1))).reduce((a, b) => a + b)
    const leaves = Array.from({ length: 300 }, (_, i) => BigInt(i + 1))
    // The roots of all-zero subtrees are hashed once in a process.
    void new Registry().root
    let registry = new Registry()
    const built = await hashesOf(() => {
      registry = new Registry({ leaves })
    })
    assert.equal(built, sizeOf(300))
    assert.equal(await hashesOf(() => registry.insert(7n)), 10)
    assert.equal(await hashesOf(() => registry.proof(5)), 0)
    // One revocation far away costs its own path, not the empty places before it.
    const status = [...Array<bigint>(5000).fill(0n), 1n]
    assert.equal(await hashesOf(() => new Registry({ kind: 'status', leaves: status })), 10)
  })

  it('re-issues by revoke and insert: the old place proves 0, the new one the new leaf', () => {
    const registry = new Registry({ leaves: [11n, 12n, 13n] })
    const before = registry.root
    registry.revoke(1)
    assert.equal(registry.insert(22n), 3)
    assert.notEqual(registry.root, before)
    assert.equal(registry.proof(1).leaf, 0n)
    assert.equal(registry.proof(3).leaf, 22n)
    for (const index of [0, 1, 2, 3]) assert.equal(quaternaryRoot(registry.proof(index)), registry.root)
    const root = registry.root
    registry.revoke(1)
    assert.equal(registry.root, root)
  })

  it('opens and revokes a status tree anywhere in 0..4^10-1', () => {
    const status = new Registry({ kind: 'status' })
    assert.equal(status.root, EMPTY_ROOT)
    const last = status.proof(CAPACITY - 1)
    assert.equal(last.leaf, 0n)
    assert.equal(quaternaryRoot(last), EMPTY_ROOT)
    status.revoke(CAPACITY - 1)
    status.revoke(77)
    assert.equal(status.proof(77).leaf, 1n)
    assert.equal(status.proof(CAPACITY - 1).leaf, 1n)
    assert.equal(status.proof(CAPACITY - 2).leaf, 0n)
    for (const index of [0, 77, 78, CAPACITY - 2, CAPACITY - 1]) {
      assert.equal(quaternaryRoot(status.proof(index)), status.root)
    }
    const reference = zkKit([...Array<bigint>(77).fill(0n), 1n])
    const small = new Registry({ kind: 'status' })
    small.revoke(77)
    assert.equal(small.root, reference.root)
    assert.equal(new Registry({ kind: 'status', leaves: small.leaves }).root, small.root)
  })

  it('never un-revokes: reserving status ids passes over those revoked before', () => {
    const status = new Registry({ kind: 'status' })
    status.revoke(1)
    assert.deepEqual([status.insert(0n), status.insert(0n), status.insert(0n)], [0, 2, 3])
    assert.equal(status.proof(1).leaf, 1n)
    assert.equal(status.size, 4)
  })

  it('agrees with a tree built from the resulting leaves after any insertions and revocations', () => {
    const action = fc.oneof(
      fc.record({ insert: fc.bigInt(1n, FIELD_MODULUS - 1n) }),
      fc.record({ revoke: fc.nat(15) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
        const registry = new Registry()
        const model: bigint[] = []
        for (const step of actions) {
          if ('insert' in step) {
            registry.insert(step.insert)
            model.push(step.insert)
          } else if (step.revoke < model.length) {
            registry.revoke(step.revoke)
            model[step.revoke] = 0n
          } else assert.throws(() => registry.revoke(step.revoke), RangeError)
        }
        assert.deepEqual(registry.leaves, model)
        assert.equal(registry.root, zkKit(model).root)
      }),
      { seed: 1, numRuns: 25 },
    )
  })

  it('refuses 0 as a member (soundness 11), values beyond the field and a root kind that does not exist', () => {
    const registry = new Registry({ leaves: [5n] })
    const root = registry.root
    assert.throws(() => registry.insert(0n), /RangeError: leaf must not be 0/)
    assert.throws(() => registry.insert(FIELD_MODULUS), RangeError)
    assert.throws(() => registry.insert(-1n), RangeError)
    assert.throws(() => registry.insert('5' as never), TypeError)
    assert.throws(() => new Registry({ leaves: [1n, FIELD_MODULUS] }), /leaves\[1\]/)
    assert.throws(() => new Registry({ leaves: '12' as never }), TypeError)
    assert.throws(() => new Registry({ kind: 'other' as never }), RangeError)
    assert.throws(() => new Registry({ kind: 'status', leaves: [0n, 2n] }), /leaves\[1\]/)
    assert.throws(() => new Registry({ kind: 'status' }).insert(1n), RangeError)
    assert.equal(registry.root, root)
  })

  it('refuses indexes that are out of range, fractions, NaN or no numbers', () => {
    const registry = new Registry({ leaves: [5n, 6n] })
    const status = new Registry({ kind: 'status' })
    for (const index of [-1, 2, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => registry.revoke(index), RangeError)
      assert.throws(() => registry.proof(index), RangeError)
    }
    for (const index of [-1, CAPACITY, 0.5, Number.NaN]) {
      assert.throws(() => status.revoke(index), RangeError)
      assert.throws(() => status.proof(index), RangeError)
    }
    assert.throws(() => registry.proof('0' as never), TypeError)
    assert.throws(() => status.revoke(0n as never), TypeError)
    assert.throws(() => new Registry().proof(0), RangeError)
  })

  it('holds 4^10 leaves and no more', () => {
    const full = new Registry({ kind: 'status', leaves: Array<bigint>(CAPACITY).fill(0n) })
    assert.equal(full.root, EMPTY_ROOT)
    assert.throws(() => full.insert(0n), /RangeError: tree is full/)
    assert.throws(() => new Registry({ leaves: Array<bigint>(CAPACITY + 1).fill(1n) }), RangeError)
  })

  it('neither keeps nor changes what it is given, and hands out fresh proofs', () => {
    const leaves = [1n, 2n]
    const registry = new Registry({ leaves })
    registry.insert(3n)
    assert.deepEqual(leaves, [1n, 2n])
    const proof = registry.proof(0)
    ;(proof.siblings[0] as bigint[])[0] = 99n
    registry.leaves.push(9n)
    assert.equal(quaternaryRoot(registry.proof(0)), registry.root)
    const old = registry.proof(1)
    registry.insert(4n)
    assert.notEqual(old.root, registry.root)
    assert.equal(quaternaryRoot(old), old.root)
  })
})
