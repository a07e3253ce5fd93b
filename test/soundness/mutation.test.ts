import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { firstViolatedByChange, firstViolatedConstraint } from '../../src/formats/r1cs.js'
import { openCircuit, randomElements } from '../support/circuit.js'
import { openStatement } from '../support/statement.js'
import { IDLE, mutateGadget, mutateStatement, SHORT } from './check-mutation.js'
import { corpusOf } from './corpus.js'
import { factsOf, inputWires, prove } from './determinism.js'
import { alternatives, mutate } from './mutation.js'
import { Plan } from './plan.js'
import { gadgetsOf, proveSystem, statementsOf } from './report.js'

describe('soundness/mutation', () => {
  it('a plan computes the witness that the generator computes, from the constraints alone', async () => {
    const system = openStatement('membership')
    const [holder, verifier] = (await corpusOf('membership')) as [Case, Case]
    const proof = proveSystem(system)
    const plan = new Plan(factsOf(system.r1cs), proof)
    for (const [from, to] of [
      [holder, verifier],
      [verifier, holder],
    ] as const) {
      const changes = new Map(inputWires(system).map((wire) => [wire, to.witness[wire] as bigint]))
      const changed = plan.follow(from.witness, changes)
      assert.deepEqual(plan.violated(from.witness, changed), [])
      const got = from.witness.map((value, wire) => changed.get(wire) ?? value)
      assert.equal(firstViolatedConstraint({ r1cs: system.r1cs, witness: got }), undefined)
      for (const [wire, value] of got.entries()) {
        if (proof.unique[wire] === 1) assert.equal(value, to.witness[wire])
      }
    }
  })

  it('alternatives are those that trying finds, and no others', async () => {
    const circuit = await openCircuit({
      source: `template T() { signal input a; signal input b; signal output c; signal output d;
        signal square <== a * a; c <-- a; c * c === square; d <-- b; d * 0 === 0; signal e <== a * b; } component main {public [a, b]} = T();`,
    })
    const witness = await circuit.accept({ a: 5n, b: 7n })
    const found = new Map(alternatives(circuit.r1cs, witness).map(({ wire, value }) => [wire, value]))
    assert.equal(found.get(circuit.wire('c')), r - 5n)
    assert.equal(found.get(circuit.wire('d')), 'any')
    assert.equal(found.has(circuit.wire('b')), false)
    const random = randomElements('alternatives')
    for (let wire = 1; wire < circuit.r1cs.wires; wire++) {
      for (const value of [0n, 1n, r - 1n, random(), (r - witness[wire]!) % r]) {
        if (value === witness[wire]) continue
        const passes =
          firstViolatedByChange({ r1cs: circuit.r1cs, witness, changes: new Map([[wire, value]]) }) ===
          undefined
        assert.equal(passes, found.get(wire) === 'any' || found.get(wire) === value)
      }
    }
  })

  it('finds a signal that is assigned and never constrained, with what follows from it (soundness 5)', async () => {
    const source = (how: string): string => `template T() { signal input a; signal output c; signal b;
      b ${how} a * a; c <== b * b + a; } component main {public [a]} = T();`
    for (const [how, survivors] of [
      ['<==', 0],
      ['<--', 1],
    ] as const) {
      const circuit = await openCircuit({ source: source(how) })
      // As one would believe from the source: b is determined.
      const inputs = [circuit.wire('a'), circuit.wire('b')]
      const believed = prove({ facts: factsOf(circuit.r1cs), inputs })
      const witness = await circuit.accept({ a: 3n })
      const result = mutate({
        system: circuit,
        proof: believed,
        witnesses: [{ witness, holder: true }],
        mayChange: /^a$/,
        seed: 'x',
      })
      assert.equal(result.survivors.length > 0, survivors > 0, how)
    }
  })

  for (const name of statementsOf(false)) {
    it(`${name}: every signal, to every other value, in witnesses of holders and of a verifier`, async () => {
      const { signals, mutated, survivors, idle } = await mutateStatement(name, SHORT)
      assert.deepEqual(survivors, [])
      assert.equal(mutated % signals, 0)
      assert.ok(mutated >= 2 * signals)
      assert.deepEqual(
        idle.filter((input) => !(input in IDLE)),
        [],
      )
    })
  }

  for (const name of gadgetsOf(false)) {
    it(`${name}: every signal`, async () => {
      const { signals, mutated, survivors } = await mutateGadget(name, SHORT)
      assert.deepEqual(survivors, [])
      assert.ok(mutated >= signals)
    })
  }
})

type Case = Awaited<ReturnType<typeof corpusOf>>[number]
