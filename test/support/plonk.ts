import { buildBn128 } from 'ffjavascript'
import { plonk } from 'snarkjs'
import { readR1cs } from '../../src/formats/r1cs.js'
import type { PlonkVerificationKeyJson } from '../../src/plonk.js'
import type { PlonkProofWithSignals } from '../../src/prover/engine/types.js'
import { createPlonkEngine } from '../../src/prover/snarkjs.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createPlonkKey, exportPlonkVerificationKey } from '../../src/setup/plonk/key.js'
import { developmentReference } from '../../src/setup/plonk/reference.js'

/** A circuit with a PLONK key, and what proves it. */
export interface PlonkCircuit {
  readonly r1cs: Uint8Array
  readonly wasm: Uint8Array
  readonly zkey: Uint8Array
  readonly verificationKey: PlonkVerificationKeyJson
  prove(inputs: Inputs): Promise<PlonkProofWithSignals>
  dispose(): Promise<void>
}

/** Compiles a circuit for PLONK and makes its development key. */
export async function setupPlonk(file: string): Promise<PlonkCircuit> {
  const { r1cs, wasm } = await compileCircuit({ file, optimisation: 'O1' })
  const zkey = await createPlonkKey({ r1cs: readR1cs(r1cs), reference: await developmentReference() })
  const engine = createPlonkEngine({ threads: 1 })
  return {
    ...{ r1cs, wasm, zkey, verificationKey: exportPlonkVerificationKey(zkey) },
    prove: async (inputs) =>
      engine.prove({ provingKey: zkey, witness: await calculateWitness({ wasm, inputs }) }),
    dispose: () => engine.dispose(),
  }
}

/** What snarkjs says of a proof, without threads. */
export async function snarkjsVerifyPlonk(
  key: object,
  { proof, publicSignals }: { readonly proof: object; readonly publicSignals: readonly string[] },
): Promise<boolean> {
  const scope = globalThis as { curve_bn128?: unknown }
  scope.curve_bn128 ??= await buildBn128(true)
  // It logs a refusal of the first kind without asking whether there is a logger.
  const logger = { info() {}, warn() {}, error() {}, debug() {} }
  const { verify } = plonk as unknown as { verify(...args: unknown[]): Promise<boolean> }
  return verify(structuredClone(key), publicSignals, structuredClone(proof), logger)
}
