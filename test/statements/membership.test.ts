import assert from 'node:assert/strict'
import { Identity, Group as SemaphoreGroup } from '@semaphore-protocol/core'
import { StatementError } from '../../src/errors.js'
import { Group } from '../../src/merkle/index.js'
import { createProver } from '../../src/prover/index.js'
import { importSoul } from '../../src/soul/index.js'
import { contextSignals, effectiveScope, soulNullifier } from '../../src/statements/context.js'
import { MEMBERSHIP_DEPTH, membershipInputs, prepareMembership } from '../../src/statements/membership.js'
import { MEMBERSHIP_SIGNALS, membershipPublicSignals } from '../../src/statements/signals.js'
import { createVerifier } from '../../src/verifier/index.js'
import { describeLadder } from '../support/ladder.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import { ALICE, BOB, CUIFEN } from '../support/world.js'

const CONTEXT = { scope: 'election', message: 'ballot 1' }
const signalsOf = contextSignals(CONTEXT)
const group = new Group([11n, 12n, 13n, ALICE.commitment, BOB.commitment, 16n, 17n])

describe('membership', () => {
  describeLadder('a member of seven', () => ({
    statement: 'membership',
    prove: { ...CONTEXT, statement: 'membership', soul: ALICE, group },
    verify: { ...CONTEXT, statement: 'membership', roots: [5n, group.root] },
    prepared: prepareMembership({ soul: ALICE, group, context: signalsOf }),
    signalNames: MEMBERSHIP_SIGNALS,
  }))

  it('holds at every depth from 0 to the greatest', async () => {
    const statement = openStatement('membership')
    for (const depth of [0, 1, 2, 3, 19, MEMBERSHIP_DEPTH]) {
      const siblings = Array.from({ length: depth }, (_, i) => BigInt(1000 + i))
      const index = depth === 0 ? 0 : 2 ** depth - 2
      let root = ALICE.commitment
      const { poseidon2 } = await import('poseidon-lite')
      siblings.forEach((sibling, i) => {
        root = Math.floor(index / 2 ** i) % 2 === 0 ? poseidon2([root, sibling]) : poseidon2([sibling, root])
      })
      const proof = { root, leaf: ALICE.commitment, index, siblings }
      const { inputs, publicSignals } = prepareMembership({ soul: ALICE, group: proof, context: signalsOf })
      assert.equal(publicSignals[1], root.toString())
      await assertAccepted(statement, inputs, publicSignals)
    }
  })

  it('row 2: a path deeper than the circuit is refused by name', () => {
    const proof = {
      root: 0n,
      leaf: ALICE.commitment,
      index: 0,
      siblings: Array.from({ length: MEMBERSHIP_DEPTH + 1 }, () => 1n),
    }
    assert.throws(() => prepareMembership({ soul: ALICE, group: proof, context: signalsOf }), StatementError)
    assert.throws(
      () =>
        membershipInputs(
          { ...signalsOf, nullifier: 1n, root: 1n },
          { secret: ALICE.secret, index: 0, siblings: proof.siblings },
        ),
      /levels/,
    )
  })

  it('row 2: root 0 is refused by the verifier, and an empty group has no member', async () => {
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    await assert.rejects(
      verifier.verify({ ...CONTEXT, statement: 'membership', roots: [0n], envelope: {} }),
      RangeError,
    )
    assert.throws(
      () => prepareMembership({ soul: ALICE, group: new Group(), context: signalsOf }),
      /not a member/,
    )
  })

  it('a Soul outside the group is refused by the library, and by the circuit when it insists', async () => {
    assert.throws(() => prepareMembership({ soul: CUIFEN, group, context: signalsOf }), /not a member/)
    const { index, siblings } = group.proof(3)
    const signals = {
      ...signalsOf,
      nullifier: soulNullifier(signalsOf, CUIFEN.secret),
      root: group.root,
    }
    const inputs = membershipInputs(signals, {
      secret: CUIFEN.secret,
      index,
      siblings: siblings.map((row) => row[0]!),
    })
    await assertRefused(openStatement('membership'), inputs)
  })

  it('row 7: the nullifier of another scope or another secret is refused', async () => {
    const { inputs } = prepareMembership({ soul: ALICE, group, context: signalsOf })
    const other = soulNullifier(contextSignals({ ...CONTEXT, scope: 'other' }), ALICE.secret)
    await assertRefused(openStatement('membership'), { ...inputs, nullifier: other })
  })

  it('row 7: secret + l, the second name of the same key, has no witness', async () => {
    const { SUBGROUP_ORDER } = await import('../../src/crypto/babyjub.js')
    const { inputs } = prepareMembership({ soul: ALICE, group, context: signalsOf })
    const secret = ALICE.secret + SUBGROUP_ORDER
    const nullifier = soulNullifier(signalsOf, secret)
    await assertRefused(openStatement('membership'), { ...inputs, secret, nullifier })
  })

  it('row 1: a selector of 1/2 or 2 has no witness', async () => {
    const { inputs } = prepareMembership({ soul: ALICE, group, context: signalsOf })
    for (const selector of [
      2n,
      (21888242871839275222246405745257275088548364400416034343698204186575808495617n + 1n) / 2n,
    ]) {
      const index = [...(inputs['index'] as bigint[])]
      index[0] = selector
      await assertRefused(openStatement('membership'), { ...inputs, index })
    }
  })

  it('a level cannot be used after an unused one', async () => {
    const { inputs } = prepareMembership({ soul: ALICE, group, context: signalsOf })
    const used = [...(inputs['used'] as bigint[])]
    used[10] = 1n
    await assertRefused(openStatement('membership'), { ...inputs, used })
  })

  describe("the verifier's branch", () => {
    const context = contextSignals({ ...CONTEXT, verifierKey: BOB.commitment })
    const anything = { ...context, nullifier: 4711n, root: 815n }
    const path = { index: 0, siblings: [] }

    it('row 22: the verifier has a witness for any nullifier and root', async () => {
      const inputs = membershipInputs(anything, { secret: BOB.secret, ...path })
      await assertAccepted(openStatement('membership'), inputs, membershipPublicSignals(anything))
      const second = { ...anything, verifierKey: 0n, verifierKey2: BOB.commitment }
      const inputs2 = membershipInputs(second, { secret: BOB.secret, ...path })
      await assertAccepted(openStatement('membership'), inputs2, membershipPublicSignals(second))
    })

    it('nobody else has one, nor anybody for a key of 0', async () => {
      await assertRefused(
        openStatement('membership'),
        membershipInputs(anything, { secret: CUIFEN.secret, ...path }),
      )
      const open = { ...anything, verifierKey: 0n }
      await assertRefused(
        openStatement('membership'),
        membershipInputs(open, { secret: BOB.secret, ...path }),
      )
      await assertRefused(openStatement('membership'), membershipInputs(open, { secret: 0n, ...path }))
    })

    it('row 22: a public scope chosen to be a designated one does not meet its nullifier', () => {
      const designated = prepareMembership({ soul: ALICE, group, context })
      const alias = contextSignals({ ...CONTEXT, scope: effectiveScope(context) })
      const open = prepareMembership({ soul: ALICE, group, context: alias })
      assert.notEqual(open.publicSignals[0], designated.publicSignals[0])
    })

    it("the nullifier of a designated proof is not the public one's", () => {
      const open = prepareMembership({ soul: ALICE, group, context: signalsOf })
      const designated = prepareMembership({ soul: ALICE, group, context })
      assert.notEqual(open.publicSignals[0], designated.publicSignals[0])
    })

    it("row 33: a holder cannot designate himself, and the envelope's key is not believed", async () => {
      const own = contextSignals({ ...CONTEXT, verifierKey2: ALICE.commitment })
      assert.throws(() => prepareMembership({ soul: ALICE, group, context: own }), /own commitment/)
      await using prover = await createProver()
      const envelope = await prover.prove({
        ...CONTEXT,
        verifierKey2: BOB.commitment,
        statement: 'membership',
        soul: ALICE,
        group,
      })
      const verifier = await createVerifier({ allowDevelopmentKeys: true })
      const expected = { ...CONTEXT, statement: 'membership', roots: [group.root], envelope } as const
      const result = await verifier.verify(expected)
      assert.match(result.valid ? '' : result.reason, /verifierKey2/)
      assert.equal((await verifier.verify({ ...expected, verifierKey2: BOB.commitment })).valid, true)
    })
  })

  it("Semaphore's identities, groups and Merkle proofs work as they are", async () => {
    const identity = new Identity('soulproof test')
    const soul = importSoul({ semaphore: identity.export() })
    assert.equal(soul.commitment, identity.commitment)
    const semaphoreGroup = new SemaphoreGroup([5n, 6n, identity.commitment, 8n, 9n])
    await using prover = await createProver()
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const merkleProof = semaphoreGroup.generateMerkleProof(2)
    for (const input of [semaphoreGroup, merkleProof, new Group(semaphoreGroup.members)]) {
      const envelope = await prover.prove({ ...CONTEXT, statement: 'membership', soul, group: input })
      const result = await verifier.verify({
        ...CONTEXT,
        statement: 'membership',
        roots: [semaphoreGroup.root],
        envelope,
      })
      assert.equal(result.valid, true)
    }
  })
})
