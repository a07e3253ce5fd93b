import assert from 'node:assert/strict'
import { anchorsOf, anchorsRoot, parsePolicy } from '../../src/policy/index.js'
import { openContract, openOffice } from '../support/world.js'

const offices = [openOffice(41), openOffice(42), openContract(43)]
const policyOf = (require: object) =>
  parsePolicy({
    version: 1,
    schemas: { 'a/1': { n: 'uint' } },
    sbts: { a: { issuers: offices.map(({ id }) => id), schema: 'a/1' } },
    require,
  })
const policy = policyOf({ has: 'a' })
const rootsOf = (registry: bigint, status: bigint) => ({
  issuers: Object.fromEntries(offices.map(({ id }) => [id, { registry, status }])),
})

describe('policy/anchors', () => {
  it('the root that is remembered is the one that is computed, for more snapshots than are kept', () => {
    for (const _ of [1, 2]) {
      for (let i = 1n; i <= 20n; i++) {
        const roots = rootsOf(i, i + 1n)
        assert.equal(anchorsRoot({ policy, roots }), anchorsOf({ policy, roots }).root)
      }
    }
    // Digits that move from one root to the other are not the same snapshot.
    assert.notEqual(
      anchorsRoot({ policy, roots: rootsOf(1n, 12n) }),
      anchorsRoot({ policy, roots: rootsOf(11n, 2n) }),
    )
  })

  it('roots that are changed in place, or left out, are noticed: a revocation is not forgotten', () => {
    const roots = { issuers: { ...rootsOf(5n, 6n).issuers } }
    const before = anchorsRoot({ policy, roots })
    const { id } = offices[0]!
    roots.issuers[id]!.status = 7n
    const after = anchorsRoot({ policy, roots })
    assert.notEqual(after, before)
    delete roots.issuers[id]
    assert.notEqual(anchorsRoot({ policy, roots }), after)
    assert.equal(anchorsRoot({ policy, roots: rootsOf(5n, 6n) }), before)
  })

  it('a malformed root is refused although a good snapshot is remembered', () => {
    anchorsRoot({ policy, roots: rootsOf(5n, 6n) })
    assert.throws(
      () => anchorsRoot({ policy, roots: rootsOf(0n, 6n) }),
      /^RangeError: registry root must not be 0/,
    )
    assert.throws(() => anchorsRoot({ policy, roots: rootsOf(5n, -1n) }), RangeError)
    assert.throws(() => anchorsRoot({ policy, roots: rootsOf(5n, '6' as never) }), TypeError)
    assert.throws(() => anchorsRoot({ policy, roots: {} as never }), TypeError)
  })
})
