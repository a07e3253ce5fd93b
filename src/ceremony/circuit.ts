import { ArtifactError } from '../errors.js'
import { readR1cs } from '../formats/r1cs.js'
import { compileCircuit } from '../setup/build.js'
import { accelerateWitnessGenerator } from '../setup/witness-generator.js'

/** The files of a circuit that a ceremony makes keys for. */
export interface CeremonyCircuit {
  readonly sourceHash: string
  readonly r1cs: Uint8Array
  readonly wasm: Uint8Array
  readonly sym: Uint8Array
}

/**
 * Compiles a circuit for a ceremony, as `setup` does for the package's own.
 *
 * @param o.source   path of the circuit
 * @param o.cacheDir by default the cache of `setup`
 * @throws {ArtifactError} if a source is missing or does not compile
 */
export async function ceremonyCircuit(o: { source: string; cacheDir?: string }): Promise<CeremonyCircuit> {
  const { sourceHash, r1cs, wasm, sym } = await compileCircuit({
    file: o.source,
    ...(o.cacheDir !== undefined && { cacheDir: o.cacheDir }),
  })
  if (readR1cs(r1cs).publicSignals === 0)
    throw new ArtifactError('a circuit without public signals proves nothing')
  return { sourceHash, r1cs, wasm: accelerateWitnessGenerator(wasm), sym }
}
