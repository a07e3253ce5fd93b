import assert from 'node:assert/strict'
import { Identity, Group as SemaphoreGroup } from '@semaphore-protocol/core'
import { FIELD_MODULUS } from '../../src/field.js'
import { Group, leanRoot, type MerkleProof } from '../../src/merkle/index.js'
import { importSoul } from '../../src/soul/index.js'

const members = Array.from({ length: 40 }, (_, i) => BigInt(i + 2) ** 60n % FIELD_MODULUS)

function assertSame(ours: MerkleProof, theirs: ReturnType<SemaphoreGroup['generateMerkleProof']>): void {
  assert.deepEqual(ours, {
    root: theirs.root,
    leaf: theirs.leaf,
    index: theirs.index,
    siblings: theirs.siblings.map((sibling) => [sibling]),
  })
}

describe('Group', () => {
  it('has the roots and openings of Semaphore for 1 to 40 members', () => {
    const grown = new Group()
    for (let size = 1; size <= members.length; size++) {
      const list = members.slice(0, size)
      const theirs = new SemaphoreGroup(list)
      const ours = new Group(list)
      assert.equal(grown.add(members[size - 1] as bigint), size - 1)
      assert.equal(ours.root, theirs.root)
      assert.equal(grown.root, theirs.root)
      for (const index of new Set([0, size >> 1, size - 1])) {
        assertSame(ours.proof(index), theirs.generateMerkleProof(index))
        assertSame(grown.proof(index), theirs.generateMerkleProof(index))
        assert.equal(leanRoot(ours.proof(index)), theirs.root)
      }
    }
  })

  it('stays equal to Semaphore when members are removed and others added', () => {
    const ours = new Group(members.slice(0, 11))
    const theirs = new SemaphoreGroup(members.slice(0, 11))
    for (const index of [10, 3, 0]) {
      ours.remove(index)
      theirs.removeMember(index)
      assert.equal(ours.root, theirs.root)
    }
    for (const member of members.slice(20, 26)) {
      ours.add(member)
      theirs.addMember(member)
      assert.equal(ours.root, theirs.root)
    }
    assert.deepEqual(ours.members, theirs.members)
    for (let index = 0; index < ours.size; index++) {
      if (ours.members[index] === 0n) assert.throws(() => ours.proof(index), /removed/)
      else assertSame(ours.proof(index), theirs.generateMerkleProof(index))
    }
  })

  it('takes Semaphore identities as members', () => {
    const identities = ['a secret', 'another secret'].map((text) => new Identity(text))
    const ours = new Group(
      identities.map((identity) => importSoul({ semaphore: identity.export() }).commitment),
    )
    assert.equal(ours.root, new SemaphoreGroup(identities.map((identity) => identity.commitment)).root)
  })

  it('of no member has the root 0 and opens nowhere, as in Semaphore', () => {
    assert.equal(new Group().root, new SemaphoreGroup().root)
    assert.equal(new Group().root, 0n)
    assert.throws(() => new Group().proof(0), /empty/)
    assert.throws(() => new Group().remove(0), RangeError)
    const one = new Group([5n])
    assert.equal(one.root, 5n)
    one.remove(0)
    assert.equal(one.root, 0n)
  })

  it('refuses 0 as a member (soundness 11), whatever way it comes in', () => {
    const group = new Group([5n])
    assert.throws(() => group.add(0n), /RangeError: member must not be 0/)
    assert.throws(() => new Group([5n, 0n]), /members\[1\] must not be 0/)
    assert.throws(() => group.indexOf(0n), RangeError)
    assert.throws(() => group.add(FIELD_MODULUS), RangeError)
    assert.throws(() => group.add('5' as never), TypeError)
    assert.throws(() => new Group(5 as never), TypeError)
    group.remove(0)
    assert.throws(() => group.proof(0), /removed/)
    assert.throws(() => group.remove(0), /removed/)
  })

  it('refuses indexes that are out of range and does not touch its arguments', () => {
    const list = [1n, 2n, 3n]
    const group = new Group(list)
    group.add(4n)
    assert.deepEqual(list, [1n, 2n, 3n])
    for (const index of [-1, 4, 1.5, Number.NaN]) {
      assert.throws(() => group.proof(index), RangeError)
      assert.throws(() => group.remove(index), RangeError)
    }
    assert.throws(() => group.proof('1' as never), TypeError)
    assert.equal(group.indexOf(3n), 2)
    assert.equal(group.indexOf(9n), -1)
  })
})
