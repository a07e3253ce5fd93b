import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SchemaError } from '../../src/errors.js'
import {
  bucketFromJson,
  bucketToJson,
  deltaFromJson,
  deltaToJson,
  openBucket,
  quaternaryRoot,
  Registry,
  type TreeDelta,
} from '../../src/merkle/index.js'

const wire = (json: unknown): unknown => JSON.parse(JSON.stringify(json))
const copyOf = (tree: Registry): Registry => new Registry({ kind: tree.kind, leaves: tree.leaves })
const registryOf = (count: number): Registry =>
  new Registry({ leaves: Array.from({ length: count }, (_, i) => BigInt(i + 1)) })

/** A registry that went on: three more, one of which is revoked again, and two old ones. */
function changed(): { before: Registry; after: Registry; delta: TreeDelta } {
  const after = registryOf(20)
  const before = copyOf(after)
  for (const leaf of [101n, 102n, 103n]) after.insert(leaf)
  for (const index of [3, 17, 21]) after.revoke(index)
  return { before, after, delta: after.since(before) }
}

describe('merkle/delta', () => {
  it('says what changed and nothing else, and comes back from JSON the same', () => {
    const { before, after, delta } = changed()
    assert.deepEqual(delta, {
      kind: 'issued',
      from: before.root,
      fromSize: 20,
      to: after.root,
      size: 23,
      append: [101n, 0n, 103n],
      revoked: [3, 17],
    })
    assert.deepEqual(deltaFromJson(wire(deltaToJson(delta))), delta)
  })

  it('any history: a copy that follows by deltas equals the tree, for both kinds', () => {
    const step = fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 12 })
    fc.assert(
      fc.property(
        fc.constantFrom('issued' as const, 'status' as const),
        fc.array(step, { maxLength: 4 }),
        (kind, steps) => {
          const tree = new Registry({ kind })
          const copy = new Registry({ kind })
          let leaf = 1n
          for (const changes of steps) {
            const before = copyOf(tree)
            for (const [isInsert, place] of changes) {
              if (isInsert) tree.insert(kind === 'issued' ? leaf++ : 0n)
              else if (kind === 'status' || place < tree.size) tree.revoke(place)
            }
            copy.update(deltaFromJson(wire(deltaToJson(tree.since(before)))))
            assert.deepEqual([copy.root, copy.size, copy.leaves], [tree.root, tree.size, tree.leaves])
          }
          const next = kind === 'issued' ? leaf : 0n
          assert.equal(copy.insert(next), copyOf(tree).insert(next))
        },
      ),
      { numRuns: 12, seed: 7 },
    )
  })

  it('attack: a delta with a forged leaf, a dropped revocation or another root leaves the copy as it was', () => {
    const { before, delta } = changed()
    const { root, leaves } = before
    const forged: Record<string, TreeDelta> = {
      leaf: { ...delta, append: [101n, 0n, 104n] },
      'a revocation left out': { ...delta, revoked: [3] },
      'another one revoked': { ...delta, revoked: [3, 16] },
      root: { ...delta, to: delta.to + 1n },
    }
    for (const [name, one] of Object.entries(forged)) {
      assert.throws(() => before.update(one), /does not lead to its root/, name)
      assert.deepEqual([before.root, before.leaves], [root, leaves], name)
    }
    before.update(delta)
    assert.equal(before.root, delta.to)
  })

  it('attack: nothing that was revoked comes back, and nothing registered is exchanged', () => {
    const status = new Registry({ kind: 'status' })
    status.revoke(5)
    const revoked = copyOf(status)
    assert.throws(() => new Registry({ kind: 'status' }).since(revoked), /earlier state/)
    const [one, other] = [registryOf(3), new Registry({ leaves: [1n, 9n, 3n, 4n] })]
    assert.throws(() => other.since(one), /earlier state/)
    assert.throws(() => registryOf(2).since(one), /earlier state/)
    // A made-up delta cannot say it either: a place that exists is only revoked, and once.
    const [first, second] = [status.since(new Registry({ kind: 'status' })), copyOf(status)]
    assert.throws(
      () => second.update({ ...first, from: second.root, fromSize: second.size }),
      /not revoked yet/,
    )
  })

  it('attack: a delta of another tree, kind or time is refused before it is hashed', () => {
    const { after, before, delta } = changed()
    const status = new Registry({ kind: 'status' })
    assert.throws(() => status.update(delta), /kind must be status/)
    assert.throws(() => after.update(delta), /root and size of this tree/)
    assert.throws(() => before.update({ ...delta, fromSize: 19 }), /append/)
    assert.throws(() => before.since(status), /of kind issued/)
    assert.throws(() => before.since({} as Registry), TypeError)
  })

  it('malformed JSON is refused by its path', () => {
    const json = deltaToJson(changed().delta)
    for (const [change, path] of [
      [{ version: 2 }, 'delta.version'],
      [{ kind: 'other' }, 'delta'],
      [{ from: '01' }, 'delta.from'],
      [{ size: 2 ** 21 }, 'delta'],
      [{ append: ['1', '2'] }, 'delta'],
      [{ revoked: [17, 3] }, 'delta'],
      [{ revoked: [3, 3] }, 'delta'],
      [{ revoked: [20] }, 'delta'],
      [{ revoked: ['3'] }, 'delta'],
      [{ more: 1 }, 'delta'],
    ] as const) {
      assert.throws(
        () => deltaFromJson({ ...json, ...change }),
        (error) => error instanceof SchemaError && error.path === path,
        JSON.stringify(change),
      )
    }
  })
})

describe('merkle/bucket', () => {
  const tree = registryOf(70)

  it('opens each of its leaves to the root, empty ones too, as the whole tree does', () => {
    for (const number of [0, 1, 4, 5]) {
      const bucket = bucketFromJson(wire(bucketToJson(tree.bucket({ height: 2, number }))))
      for (const index of [0, 7, 15].map((place) => 16 * number + place)) {
        const proof = openBucket({ bucket, root: tree.root, index })
        assert.equal(quaternaryRoot(proof), tree.root)
        if (index < tree.size) assert.deepEqual(proof, tree.proof(index))
        else assert.equal(proof.leaf, 0n)
      }
    }
    const status = new Registry({ kind: 'status' })
    status.revoke(4000)
    const bucket = status.bucket({ height: 5, number: 3 })
    assert.deepEqual(openBucket({ bucket, root: status.root, index: 4000 }), status.proof(4000))
    assert.deepEqual(openBucket({ bucket, root: status.root, index: 3999 }), status.proof(3999))
  })

  it('attack: a bucket with another leaf, another node or another root opens nothing', () => {
    const bucket = tree.bucket({ height: 2, number: 1 })
    const open = (change: object, index = 20): unknown =>
      openBucket({ bucket: { ...bucket, ...change }, root: tree.root, index })
    assert.throws(() => open({ leaves: [...bucket.leaves.slice(0, -1), 0n] }), /does not lead to the root/)
    assert.throws(() => open({ nodes: [...bucket.nodes].reverse() }), /does not lead to the root/)
    assert.throws(() => open({ number: 2 }, 36), /does not lead to the root/)
    assert.throws(() => openBucket({ bucket, root: 5n, index: 20 }), /does not lead to the root/)
    assert.throws(() => open({}, 15), /another bucket/)
    assert.throws(() => tree.bucket({ height: 0, number: 3 }), /names it/)
    assert.throws(() => tree.bucket({ height: 9, number: 4 }), RangeError)
  })
})
