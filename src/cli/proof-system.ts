import type { Command } from 'commander'
import type { ProofSystem } from '../envelope.js'
import { UsageError } from './errors.js'

/** The option of commands that take either proof system. */
export interface ProofSystemOptions {
  readonly proofSystem?: string
}

/** Adds the option of {@link ProofSystemOptions}. */
export function withProofSystem(command: Command): Command {
  return command.option('--proof-system <name>', 'groth16, or plonk, see docs/plonk.md; default groth16')
}

/** Returns the proof system that is asked for. */
export function readProofSystem({ proofSystem = 'groth16' }: ProofSystemOptions): ProofSystem {
  if (proofSystem !== 'groth16' && proofSystem !== 'plonk') {
    throw new UsageError('--proof-system must be groth16 or plonk')
  }
  return proofSystem
}

/** Refuses another proof system than Groth16 where a beacon is given. */
export function requireGroth16(options: ProofSystemOptions & { readonly beacon?: string }): void {
  if (options.beacon !== undefined && readProofSystem(options) !== 'groth16') {
    throw new UsageError('--beacon: timed policies are proved by groth16 alone')
  }
}
