/**
 * `npm run check:plonk`: PLONK proofs of real statements, which take minutes and keys that `npm run setup -- --plonk` builds. Each
 * is proved from a wallet, simulated where the statement is designated, and verified by us, by snarkjs and on chain; each
 * signal plus 1 is refused by all three. Without names of statements: `membership`.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { encodeFunctionData } from 'viem'
import { BENCH_CASES } from '../../src/cli/bench-cases.js'
import { createVerifierKey, simulate } from '../../src/designated/index.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { PLONK_COMMITMENTS, PLONK_EVALUATIONS } from '../../src/plonk.js'
import { createProver, type PlonkEnvelope } from '../../src/prover/index.js'
import { PLONK_MANIFEST } from '../../src/statements/plonk.js'
import { createVerifier, type VerifyOptions } from '../../src/verifier/index.js'
import { exportPlonkSolidityVerifier } from '../../src/verifier/plonk/index.js'
import { snarkjsVerifyPlonk } from '../../test/support/plonk.js'
import { startChain } from '../lib/chain.js'
import { compileSolidity } from '../lib/solc.js'

const named = process.argv.slice(2)
const statements = named.length > 0 ? named : ['membership']

await using chain = await startChain()
const meterSource = readFileSync(new URL('../../test/contracts/GasMeter.sol', import.meta.url), 'utf8')
const meter = await chain.deploy(compileSolidity({ sources: { 'GasMeter.sol': meterSource } }).GasMeter!)
const prover = await createProver({ proofSystem: 'plonk' })
const verifier = await createVerifier({ proofSystem: 'plonk', allowDevelopmentKeys: true })
const tell = (text: string): boolean => process.stdout.write(`${text}\n`)

for (const statement of statements) {
  const { prove, expect } = BENCH_CASES[statement]!().envelope!
  const { verificationKey } = PLONK_MANIFEST.statements[statement]!
  const source = exportPlonkSolidityVerifier({ verificationKey })
  const contract = await chain.deploy(compileSolidity({ sources: { 'V.sol': source } }).PlonkVerifier!)
  const onChain = async ({
    proof,
    publicSignals,
  }: PlonkEnvelope): Promise<{ holds: boolean; gas: number }> => {
    const points = PLONK_COMMITMENTS.flatMap((name) => proof[name].slice(0, 2))
    const words = [...points, ...PLONK_EVALUATIONS.map((name) => proof[name])].map(BigInt)
    const args = [words, publicSignals.map(BigInt)]
    const data = encodeFunctionData({ abi: contract.abi, functionName: 'verifyProof', args })
    const [gas, result] = (await chain.read({
      to: meter,
      name: 'measure',
      args: [contract.address, data],
    })) as [bigint, bigint]
    return { holds: result === 1n, gas: Number(gas) }
  }
  const key = createVerifierKey()
  const [start, processor] = [performance.now(), process.cpuUsage()]
  const real = await prover.prove({ ...prove, verifierKey: key.verifierKey } as typeof prove)
  const { user, system } = process.cpuUsage(processor)
  const seconds = [performance.now() - start, (user + system) / 1000].map((ms) => (ms / 1000).toFixed(1))
  tell(`${statement}: proved in ${seconds[0]} s, ${seconds[1]} s of processor`)
  // What the verifier expects, but for the wallet: the holder is nobody.
  const { roots } = expect as { roots: readonly never[] }
  const claim =
    statement === 'membership'
      ? { statement: 'membership' as const, root: roots[0]! }
      : { ...(expect as object), roots: roots[0]!, revealed: real.revealed }
  const simulated = await simulate({ ...prove, ...claim, prover, key } as unknown as Parameters<
    typeof simulate<PlonkEnvelope>
  >[0])
  for (const [kind, envelope] of Object.entries({ real, simulated })) {
    const asked = { ...expect, verifierKey: key.verifierKey, envelope } as VerifyOptions
    assert.deepEqual(await verifier.verify(asked).then(({ valid }) => valid), true, `${statement}, ${kind}`)
    const { holds, gas } = await onChain(envelope)
    assert.equal(holds, true)
    assert.equal(await snarkjsVerifyPlonk(verificationKey, envelope), true)
    for (const [i, signal] of envelope.publicSignals.entries()) {
      const changed = {
        ...envelope,
        publicSignals: envelope.publicSignals.with(i, `${(BigInt(signal) + 1n) % r}`),
      }
      assert.equal((await verifier.verify({ ...asked, envelope: changed })).valid, false)
      assert.equal((await onChain(changed)).holds, false)
      assert.equal(await snarkjsVerifyPlonk(verificationKey, changed), false)
    }
    tell(`${statement}, ${kind}: accepted, and no other signal; ${gas} gas`)
  }
}
await prover.dispose()
