import { Group } from '../../src/merkle/index.js'
import { createProver } from '../../src/prover/index.js'
import { createVerifier } from '../../src/verifier/index.js'
import { ALICE } from '../support/world.js'
import type { Target } from './fuzz.js'
import { fuzzTargets, type Proved } from './targets.js'

/** Makes a proof, and gives all targets to a function; ends the prover after it. */
export async function withTargets<T>(use: (targets: Target[], proved: Proved) => Promise<T>): Promise<T> {
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
    return await use(await fuzzTargets({ prover, verifier, group, envelope }), {
      prover,
      verifier,
      group,
      envelope,
    })
  } finally {
    await prover.dispose()
  }
}
