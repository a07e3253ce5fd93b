import assert from 'node:assert/strict'
import { startChain } from '../../scripts/lib/chain.js'
import type { Envelope } from '../../src/envelope.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { createProver, type ProveOptions, type Prover } from '../../src/prover/index.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { createVerifier, type VerifyOptions, verifyGroth16 } from '../../src/verifier/index.js'
import { checkSolidityLadder, deployVerifier } from './chain.js'
import { assertAccepted, assertRefused, freeWires, inputNames, isWire, openStatement } from './statement.js'

/** One statement with a case that holds. */
export interface Ladder {
  readonly statement: string
  /** What the prover is asked, or what is asked of it. */
  readonly prove: ProveOptions | ((prover: Prover) => Promise<Envelope>)
  /** What the verifier expects, without the envelope. */
  readonly verify: VerifyOptions extends infer O ? (O extends unknown ? Omit<O, 'envelope'> : never) : never
  /** Inputs and public signals of the same case, as the TypeScript side computes them. */
  readonly prepared: { readonly inputs: CircuitInputs; readonly publicSignals: readonly string[] }
  /** Names of the public signals in circuit order. */
  readonly signalNames: readonly string[]
}

/** Describes steps 1 and 3 to 6 of the ladder for one case; step 2 and 7 are the statement's own. */
export function describeLadder(title: string, makeLadder: () => Ladder): void {
  describe(title, () => {
    let ladder: Ladder
    let prover: Prover
    let envelope: Envelope
    const prove = (): Promise<Envelope> =>
      typeof ladder.prove === 'function' ? ladder.prove(prover) : prover.prove(ladder.prove)

    before(async () => {
      ladder = makeLadder()
      prover = await createProver()
      envelope = await prove()
    })
    after(() => prover?.dispose())

    it('valid inputs satisfy the constraints, and the signals are those that TypeScript computes', async () => {
      await assertAccepted(
        openStatement(ladder.statement),
        ladder.prepared.inputs,
        ladder.prepared.publicSignals,
      )
    })

    it('forged: every public signal and every private input of a valid witness is pinned by a constraint', async () => {
      const { inputs, publicSignals } = ladder.prepared
      const statement = openStatement(ladder.statement)
      const witness = await assertAccepted(statement, inputs, publicSignals)
      const names = inputNames(inputs)
      const wires = names.filter((name) => isWire(statement, name))
      assert.deepEqual(freeWires(statement, witness, wires), [])
      // What the compiler replaced by other wires is a bit of the program; the digest pins it.
      const replaced = names.filter((name) => !isWire(statement, name))
      assert.ok(replaced.length < names.length / 50, `${replaced.length} inputs are no wires`)
      for (const name of replaced) {
        const [, index] = /^program\[(\d+)\]$/.exec(name) ?? assert.fail(name)
        const program = inputs['program'] as bigint[]
        const flipped = program.with(Number(index), 1n - (program[Number(index)] as bigint))
        await assertRefused(statement, { ...inputs, program: flipped })
      }
    })

    it('a proof verifies, and again after a round trip through JSON', async () => {
      const verifier = await createVerifier({ allowDevelopmentKeys: true })
      const result = await verifier.verify({ ...ladder.verify, envelope } as VerifyOptions)
      assert.deepEqual(
        result.valid,
        true,
        JSON.stringify(result, (_, value) => String(value)),
      )
      const copy = JSON.parse(JSON.stringify(envelope))
      assert.deepEqual(await verifier.verify({ ...ladder.verify, envelope: copy } as VerifyOptions), result)
    })

    it('a development key is refused unless asked for', async () => {
      const verifier = await createVerifier()
      const result = await verifier.verify({ ...ladder.verify, envelope } as VerifyOptions)
      assert.match(result.valid ? '' : result.reason, /development key/)
    })

    it('row 8: each public signal plus 1, minus 1 and plus r is refused in TypeScript', async () => {
      const verifier = await createVerifier({ allowDevelopmentKeys: true })
      const verificationKey = VERIFICATION_KEYS[ladder.statement]?.key
      for (const [i, name] of ladder.signalNames.entries()) {
        const value = BigInt(envelope.publicSignals[i] as string)
        const others = [
          (value + 1n) % FIELD_MODULUS,
          (value + FIELD_MODULUS - 1n) % FIELD_MODULUS,
          value + FIELD_MODULUS,
        ]
        for (const other of others) {
          const publicSignals = envelope.publicSignals.with(i, other.toString())
          assert.equal(
            await verifyGroth16({ verificationKey, publicSignals, proof: envelope.proof }),
            false,
            name,
          )
          const result = await verifier.verify({
            ...ladder.verify,
            envelope: { ...envelope, publicSignals },
          } as VerifyOptions)
          assert.equal(result.valid, false, name)
        }
      }
    })

    it('row 8: the exported Solidity verifier accepts the proof, and no changed signal or coordinate', async () => {
      const verificationKey = VERIFICATION_KEYS[ladder.statement]?.key
      assert.ok(verificationKey)
      await using chain = await startChain()
      const verifier = await deployVerifier({ chain, verificationKey })
      await checkSolidityLadder({
        chain,
        verifier,
        proof: envelope.proof,
        publicSignals: envelope.publicSignals.map(BigInt),
      })
    })

    it('row 10: a re-randomised proof is another proof with the same nullifier', async () => {
      const again = await prove()
      assert.notDeepEqual(again.proof, envelope.proof)
      assert.deepEqual(again.publicSignals, envelope.publicSignals)
    })
  })
}
