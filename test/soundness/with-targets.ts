import { Group } from '../../src/merkle/index.js'
import { createProver } from '../../src/prover/index.js'
import { createVerifier } from '../../src/verifier/index.js'
import { ALICE } from '../support/world.js'
import { type EntryTarget, entryTargets } from './entries.js'
import { openServices } from './services.js'
import { fuzzTargets, type Proved } from './targets.js'

/** What the targets of `targets.ts` call, and about how many milliseconds the slow ones take. */
const CALLS: Readonly<Record<string, { readonly covers?: readonly string[]; readonly cost?: number }>> = {
  parsePolicy: {
    covers: ['policy.parsePolicy', 'policy.explainPolicy', 'policy.policyDigest', 'policy.compilePolicy'],
    cost: 4,
  },
  createSoul: { covers: ['soul.createSoul'] },
  importSoul: { covers: ['soul.importSoul'] },
  blindHolder: { covers: ['soul.blindHolder'] },
  defineSchema: { covers: ['sbt.defineSchema'] },
  createIssuer: { covers: ['sbt.createIssuer'] },
  issueSbt: { covers: ['sbt.issueSbt'] },
  verifySbt: { covers: ['sbt.verifySbt'] },
  anchorsRoot: { covers: ['policy.anchorsRoot'], cost: 2 },
  parseVerificationKey: { covers: ['verifier.parseVerificationKey'] },
  exportSolidityVerifier: { covers: ['verifier.exportSolidityVerifier'] },
  verify: { cost: 3 },
  'verify options': { cost: 3 },
  verifyGroth16: { covers: ['verifier.verifyGroth16'], cost: 3 },
  verifyGroth16Batch: { covers: ['verifier.verifyGroth16Batch'], cost: 4 },
  prove: { cost: 300 },
}

/** What {@link withTargets} has. */
export interface Targets {
  readonly targets: readonly EntryTarget[]
  readonly proved: Proved
  /** Verbs of the command line that some target runs. */
  readonly verbs: ReadonlySet<string>
}

/** Makes proofs, opens files and servers, and gives all targets to a function; ends everything after it. */
export async function withTargets<T>(use: (all: Targets) => Promise<T>): Promise<T> {
  const group = new Group([3n, ALICE.commitment, 5n])
  const prover = await createProver()
  try {
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const envelope = await prover.prove({
      scope: 'fuzz',
      message: 'fuzz',
      statement: 'membership',
      soul: ALICE,
      group,
    })
    const proved = { prover, verifier, group, envelope }
    const basic = (await fuzzTargets(proved)).map((target): EntryTarget => {
      const { covers = [], ...others } = CALLS[target.name] ?? {}
      return { ...target, covers, ...others }
    })
    const services = await openServices({ prover, verifier })
    try {
      const targets = [...basic, ...entryTargets(), ...services.targets]
      return await use({ targets, proved, verbs: services.verbs })
    } finally {
      await services.close()
    }
  } finally {
    await prover.dispose()
  }
}
