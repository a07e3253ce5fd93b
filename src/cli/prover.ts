import { dirname } from 'node:path'
import type { Command } from 'commander'
import { createProver, type Prover, type ProvingPhase } from '../prover/index.js'
import { readJson, refuseExisting } from './io.js'
import { readInteger } from './options.js'
import { type ProofSystemOptions, readProofSystem } from './proof-system.js'

/** Options of commands that prove. */
export interface ProverOptions extends ProofSystemOptions {
  readonly engine?: string
  readonly threads?: string
  readonly artifacts?: string
  readonly manifest?: string
  readonly out?: string
  readonly force?: boolean
}

/** Part of the work that is behind when a phase begins. */
const BEHIND: Readonly<Record<ProvingPhase, number>> = {
  artifacts: 0.05,
  witness: 0.2,
  proof: 0.4,
  done: 1,
}

/** Part of a whole proof, 0..1, that is behind in a phase of which `share` is done. */
export function partBehind(phase: ProvingPhase, share: number): number {
  return phase === 'proof' ? BEHIND.proof + share * (BEHIND.done - BEHIND.proof) : BEHIND[phase]
}

/** Adds the options of {@link ProverOptions}. */
export function withProver(command: Command): Command {
  return command
    .option('--engine <name>', 'proving engine')
    .option('--threads <number>', '1 for a single thread')
    .option('--artifacts <folder>', "folder or URL of the artifacts instead of the package's own")
    .option('--manifest <file>', "manifest of other keys, of a ceremony, to use instead of the package's own")
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
}

/**
 * Runs a command with a prover that is freed afterwards, unless the file that it would write is there.
 *
 * @throws {RefusedError} if the file is there and `force` is not given
 * @throws {RangeError} for an unknown engine or number of threads
 */
export async function useProver(
  options: ProverOptions,
  run: (prover: Prover) => Promise<void>,
): Promise<void> {
  const { engine, threads, out, force = false } = options
  const manifest = options.manifest === undefined ? undefined : await readJson(options.manifest, '--manifest')
  // What a ceremony exports lies beside its manifest.
  const artifacts =
    options.artifacts ?? (options.manifest === undefined ? undefined : dirname(options.manifest))
  const prover = await createProver({
    proofSystem: readProofSystem(options),
    ...(engine !== undefined && { engine }),
    ...(threads !== undefined && { threads: readInteger(threads, '--threads') }),
    ...(artifacts !== undefined && { artifacts }),
    ...(manifest !== undefined && { manifest }),
  })
  try {
    if (out !== undefined && out !== '-' && !force) await refuseExisting(out)
    // Whichever it is: commands write what it makes, and look no further into it than any envelope's fields.
    await run(prover as Prover)
  } finally {
    await prover.dispose()
  }
}
