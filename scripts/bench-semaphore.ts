/**
 * `npm run bench:semaphore -- [--runs N] [--no-snarkjs] [--vectors]`: membership of one group proved by our statement and by Semaphore v4's
 * circuit, with the keys of its ceremony, side by side; docs/semaphore.md has the table. It gives times by the clock and of processors, which other work disturbs less. `--vectors` has Semaphore's own library
 * make the proofs of test/integration/semaphore-proofs.json anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as core from '@semaphore-protocol/core'
import { openZkey, ZKEY_SECTION } from '../src/formats/zkey.js'
import { loadArtifacts } from '../src/prover/artifacts.js'
import { createProver, type ProofWithSignals, type Prover } from '../src/prover/index.js'
import { calculateWitness } from '../src/prover/witness.js'
import { importSoul } from '../src/soul/index.js'
import { contextSignals } from '../src/statements/context.js'
import { prepareMembership } from '../src/statements/membership.js'
import { VERIFICATION_KEYS } from '../src/statements/verification-keys.js'
import { exportSolidityVerifier, verifyGroth16 } from '../src/verifier/index.js'
import { coordinatesOf } from '../test/support/chain.js'
import { SEMAPHORE } from '../test/support/foreign.js'
import {
  deploySemaphore,
  type SemaphoreProof,
  semaphoreArtifacts,
  semaphoreInputs,
  semaphoreKey,
} from '../test/support/semaphore.js'
import { startChain } from './lib/chain.js'
import { spreadOf } from './lib/measure.js'
import { fetchPackage } from './lib/packages.js'
import { compileSolidity } from './lib/solc.js'

const { Group, Identity, verifyProof } = core
// Its types lead to files that are not there.
const { generateProof } = core as unknown as {
  generateProof(
    ...args: [core.Identity, core.Group, number, number, number, { wasm: string; zkey: string }]
  ): Promise<SemaphoreProof & Parameters<typeof verifyProof>[0]>
}
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    'no-snarkjs': { type: 'boolean', default: false },
    vectors: { type: 'boolean', default: false },
  },
})
const [RUNS, MEMBERS] = [Number(values.runs), 1000]
await fetchPackage(SEMAPHORE)

if (values.vectors) await writeVectors()
else await bench()

/** Has Semaphore's library and snarkjs prove, for the smallest depth of a group of five and for greater ones. */
async function writeVectors(): Promise<void> {
  const { identity, group } = groupOf(5)
  const proofs = []
  for (const depth of [3, 10, 32]) {
    const proof = await generateProof(identity, group, 12, depth, depth, semaphoreArtifacts(depth))
    assert.ok(await verifyProof(proof))
    proofs.push(proof)
  }
  const file = new URL('../test/integration/semaphore-proofs.json', import.meta.url)
  writeFileSync(file, `${JSON.stringify({ members: group.members.map(String), proofs }, undefined, 2)}\n`)
  // snarkjs leaves threads behind.
  process.exit()
}

async function bench(): Promise<void> {
  const { identity, group } = groupOf(MEMBERS)
  const soul = importSoul({ semaphore: identity.export() })
  const context = contextSignals({ scope: 11n, message: 12n })
  const { inputs } = prepareMembership({ soul, group, context })
  const { wasm, provingKey } = await loadArtifacts({ statement: 'membership' })
  const cases = [
    {
      name: '`membership`, 20 levels',
      inputs,
      wasm,
      provingKey,
      verificationKey: VERIFICATION_KEYS.membership!.key,
    },
  ]
  for (const depth of [10, 20, 32]) {
    const { wasm, zkey } = semaphoreArtifacts(depth)
    cases.push({
      name: `Semaphore, depth ${depth}`,
      inputs: semaphoreInputs({ identity, group, message: 12n, scope: 11n, depth }) as typeof inputs,
      wasm: readFileSync(wasm),
      provingKey: readFileSync(zkey),
      verificationKey: await semaphoreKey(depth),
    })
  }
  await using chain = await startChain()
  const { verifier: theirs } = await deploySemaphore(chain)
  const source = exportSolidityVerifier({ verificationKey: VERIFICATION_KEYS.membership!.key })
  const ours = await chain.deploy(compileSolidity({ sources: { 'Verifier.sol': source } }).Groth16Verifier!)
  const provers: Record<string, Prover> = {
    'ours, both cores': await createProver(),
    'ours, one thread': await createProver({ threads: 1 }),
  }
  if (!values['no-snarkjs']) provers['snarkjs, both cores'] = await createProver({ engine: 'snarkjs' })
  console.log(`${MEMBERS} members; medians of ${RUNS} runs in milliseconds, by the clock and (of processors)`)
  for (const { name, inputs, wasm, provingKey, verificationKey } of cases) {
    const key = openZkey(provingKey)
    const times: Record<string, { clock: number; processor: number }[]> = {}
    const time = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const [start, used] = [performance.now(), process.cpuUsage()]
      const result = await work()
      const [clock, { user, system }] = [performance.now() - start, process.cpuUsage(used)]
      times[what] = [...(times[what] ?? []), { clock, processor: (user + system) / 1000 }]
      return result
    }
    const median = (list: readonly { clock: number; processor: number }[]): string => {
      const [clock, processor] = (['clock', 'processor'] as const).map(
        (kind) => spreadOf(list.map((one) => one[kind])).median,
      )
      return `${clock!.toFixed(1)} (${processor!.toFixed(1)})`
    }
    let made: ProofWithSignals | undefined
    // The first round warms up: keys are loaded, code is compiled.
    for (let run = 0; run <= RUNS; run++) {
      if (run === 1) for (const what of Object.keys(times)) delete times[what]
      const witness = await time('witness', () => calculateWitness({ wasm, inputs: inputs as never }))
      for (const [engine, prover] of Object.entries(provers)) {
        made = await time(engine, () => prover.groth16({ provingKey, witness }))
        const { proof, publicSignals } = made
        assert.ok(await time('verify', () => verifyGroth16({ verificationKey, publicSignals, proof })))
      }
    }
    const { proof, publicSignals } = made!
    const [a, b0, b1, b2, b3, c0, c1] = [coordinatesOf(proof).slice(0, 2), ...coordinatesOf(proof).slice(2)]
    const isOurs = publicSignals.length === 6
    const args = [a, [[b0, b1], [b2, b3]], [c0, c1], publicSignals.map(BigInt)] // biome-ignore format: as the call is
    if (!isOurs) args.push(BigInt(name.replace(/\D/g, '')) as never)
    const to = isOurs ? ours : theirs
    assert.equal(await chain.read({ to, name: 'verifyProof', args }), true)
    // With a limit of its own: an estimate finds the least gas for an answer, were it false.
    const request = { address: to.address, abi: to.abi, functionName: 'verifyProof', args, gas: 5_000_000n }
    const hash = await chain.wallets[0]!.writeContract(request)
    const { gasUsed: gas } = await chain.client.waitForTransactionReceipt({ hash })
    console.log(name, {
      constraints: constraintsOf(key),
      domain: Math.log2(key.domainSize),
      publicSignals: key.publicSignals,
      zkey: (provingKey.length / 1e6).toFixed(1),
      wasm: (wasm.length / 1e6).toFixed(1),
      ...Object.fromEntries(Object.entries(times).map(([what, list]) => [what, median(list)])),
      gas,
    })
  }
  for (const prover of Object.values(provers)) await prover.dispose()
}

/** A Soul's identity at index 3 of a group, the same in each run. */
function groupOf(size: number): { identity: core.Identity; group: core.Group } {
  const identity = new Identity('a secret')
  const members = Array.from({ length: size }, (_, i) => BigInt(i + 5))
  return { identity, group: new Group(members.with(3, identity.commitment)) }
}

/** Constraints of the circuit: rows of the key but one for each public signal and one for the constant. */
function constraintsOf({ sections, publicSignals }: ReturnType<typeof openZkey>): number {
  const bytes = sections.get(ZKEY_SECTION.coefficients)!
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let last = 0
  for (let at = 4; at < bytes.length; at += 44) last = Math.max(last, view.getUint32(at + 4, true))
  return last - publicSignals
}
