import assert from 'node:assert/strict'
import { SchemaError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import {
  Group,
  leanRoot,
  type MerkleProof,
  proofFromJson,
  proofToJson,
  quaternaryRoot,
  Registry,
  SetTree,
} from '../../src/merkle/index.js'

const registry = new Registry({ leaves: [3n, 5n, 7n, 11n, 13n] })
const group = new Group([3n, 5n, 7n, 11n, 13n])

/** A copy of a proof with one sibling replaced. */
function withSibling(proof: MerkleProof, level: number, place: number, value: unknown): MerkleProof {
  const siblings = proof.siblings.map((row) => [...row])
  ;(siblings[level] as unknown[])[place] = value
  return { ...proof, siblings }
}

describe('Merkle roots', () => {
  it('change with every part of a quaternary opening', () => {
    const proof = registry.proof(4)
    assert.equal(quaternaryRoot(proof), registry.root)
    assert.notEqual(quaternaryRoot({ ...proof, leaf: 14n }), registry.root)
    assert.notEqual(quaternaryRoot({ ...proof, index: 5 }), registry.root)
    assert.notEqual(quaternaryRoot({ ...proof, index: 4 + 4 ** 9 }), registry.root)
    for (let level = 0; level < 10; level++) {
      for (let place = 0; place < 3; place++) {
        assert.notEqual(quaternaryRoot(withSibling(proof, level, place, 1n)), registry.root)
      }
    }
  })

  it('refuse another depth: an inner node cannot pass for a leaf (soundness 2 and 12)', () => {
    const proof = registry.proof(0)
    assert.throws(() => quaternaryRoot({ ...proof, siblings: proof.siblings.slice(1) }), /10 levels/)
    assert.throws(
      () => quaternaryRoot({ ...proof, siblings: [...proof.siblings, [0n, 0n, 0n]] }),
      /10 levels/,
    )
    assert.throws(() => quaternaryRoot({ ...proof, siblings: [] }), RangeError)
    assert.throws(() => leanRoot({ leaf: 1n, index: 0, siblings: Array(33).fill([1n]) }), /at most 32/)
  })

  it('refuse values beyond the field, rows of another length and indexes out of range', () => {
    const proof = registry.proof(1)
    assert.throws(() => quaternaryRoot({ ...proof, leaf: 5n + FIELD_MODULUS }), RangeError)
    assert.throws(() => quaternaryRoot(withSibling(proof, 9, 2, FIELD_MODULUS)), /siblings\[9\]\[2\]/)
    assert.throws(() => quaternaryRoot(withSibling(proof, 9, 2, -1n)), RangeError)
    assert.throws(() => quaternaryRoot(withSibling(proof, 9, 2, '1')), TypeError)
    assert.throws(() => quaternaryRoot(withSibling(proof, 3, 3, 1n)), /siblings\[3\] must have 3/)
    assert.throws(() => quaternaryRoot({ ...proof, siblings: group.proof(0).siblings }), RangeError)
    for (const index of [-1, 4 ** 10, 1.5, Number.NaN]) {
      assert.throws(() => quaternaryRoot({ ...proof, index }), RangeError)
    }
    assert.throws(() => quaternaryRoot({ ...proof, index: 1n as never }), TypeError)
    assert.throws(() => quaternaryRoot({ ...proof, siblings: 'x' as never }), TypeError)
    assert.throws(() => quaternaryRoot({ ...proof, siblings: Array(10).fill(null) as never }), TypeError)
    assert.throws(() => quaternaryRoot(null as never), TypeError)
    const lean = group.proof(0)
    assert.throws(() => leanRoot({ ...lean, index: 2 ** lean.siblings.length }), RangeError)
    assert.throws(() => leanRoot(withSibling(lean, 0, 1, 1n)), RangeError)
  })

  it('follow a group of 32 levels without losing the high bits of the index', () => {
    const siblings = Array.from({ length: 32 }, (_, level) => [BigInt(level + 1)])
    const low = leanRoot({ leaf: 9n, index: 0, siblings })
    const high = leanRoot({ leaf: 9n, index: 2 ** 31, siblings })
    assert.notEqual(low, high)
    assert.notEqual(leanRoot({ leaf: 9n, index: 2 ** 32 - 1, siblings }), high)
  })
})

describe('Merkle proofs in JSON', () => {
  it('come back the same, from trees of every kind', () => {
    const { root, leaf, index, siblings } = new SetTree(['a', 'b']).proof('a')
    for (const proof of [registry.proof(2), group.proof(4), group.proof(0), new Group([8n]).proof(0)]) {
      assert.deepEqual(proofFromJson(JSON.parse(JSON.stringify(proofToJson(proof)))), proof)
    }
    const set = { root, leaf, index, siblings }
    assert.deepEqual(proofFromJson(proofToJson(set)), set)
    assert.deepEqual(Object.keys(proofToJson(set)), ['root', 'leaf', 'index', 'siblings'])
  })

  it('are refused with the path of what is wrong', () => {
    const json = JSON.parse(JSON.stringify(proofToJson(registry.proof(2))))
    const row = json.siblings[0]
    const cases: [unknown, string][] = [
      [null, 'proof'],
      [[], 'proof'],
      [{ ...json, extra: 1 }, 'proof'],
      [JSON.parse(`{"__proto__":{"root":"1"},${JSON.stringify(json).slice(1)}`), 'proof'],
      [{ root: json.root }, 'proof.leaf'],
      [{ ...json, root: '1' }, 'proof.root'],
      [{ ...json, root: '0x1' }, 'proof.root'],
      [{ ...json, root: '' }, 'proof.root'],
      [{ ...json, root: ` ${json.root}` }, 'proof.root'],
      [{ ...json, root: (BigInt(json.root) + FIELD_MODULUS).toString() }, 'proof.root'],
      [{ ...json, leaf: '07' }, 'proof.leaf'],
      [{ ...json, leaf: 7 }, 'proof.leaf'],
      [{ ...json, leaf: '8' }, 'proof.root'],
      [{ ...json, index: '2' }, 'proof'],
      [{ ...json, index: 3 }, 'proof.root'],
      [{ ...json, siblings: {} }, 'proof.siblings'],
      [{ ...json, siblings: Array(33).fill(row) }, 'proof.siblings'],
      [{ ...json, siblings: [...json.siblings.slice(1), 'x'] }, 'proof.siblings[9]'],
      [{ ...json, siblings: [['1', '2', '-3'], ...json.siblings.slice(1)] }, 'proof.siblings[0][2]'],
      [{ ...json, siblings: [['1', '2'], ...json.siblings.slice(1)] }, 'proof'],
    ]
    for (const [value, path] of cases) {
      assert.throws(
        () => proofFromJson(value),
        (error) => error instanceof SchemaError && error.path === path,
        `${path}: ${JSON.stringify(value)?.slice(0, 80)}`,
      )
    }
  })
})
