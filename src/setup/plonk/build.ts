import { createHash } from 'node:crypto'
import { ArtifactError } from '../../errors.js'
import { openPlonkZkey } from '../../formats/plonk-zkey.js'
import { readR1cs } from '../../formats/r1cs.js'
import type { PlonkManifestEntry, PlonkProvenance } from '../../plonk-manifest.js'
import { isDevelopmentPlonkKey, parsePlonkKey, plonkKeyHash } from '../../verifier/plonk/keys.js'
import { compileCircuit, defaultCacheDir, toolchain } from '../build.js'
import { accelerateWitnessGenerator } from '../witness-generator.js'
import { createPlonkKey, exportPlonkVerificationKey, type PlonkKeyProgress } from './key.js'
import type { Reference } from './reference.js'

/** PLONK takes a gate for every two wires of a linear combination, and `--O2` writes very long ones. */
const OPTIMISATION = 'O1'

// Raise it whenever an equal constraint system would get another key.
const KEY_FORMAT = 'snarkjs 0.7.6 plonk'

/** A statement's circuit with its PLONK keys. */
export interface BuiltPlonkStatement {
  readonly name: string
  /** Witness generator of the circuit as it is compiled for PLONK: the wires are other ones than Groth16's. */
  readonly wasm: Uint8Array
  readonly zkey: Uint8Array
  readonly entry: PlonkManifestEntry
}

/** Names what else than the sources and the reference string decides about artifacts. */
export function plonkToolchain(): string {
  return `${toolchain(OPTIMISATION)}, ${KEY_FORMAT}`
}

/**
 * Compiles a circuit and makes its PLONK keys. Node only.
 *
 * @param o.name        name of the statement
 * @param o.source      path of the circuit
 * @param o.reference   see `developmentReference` and `phase1Reference`
 * @param o.provenance  where the reference string comes from
 * @param o.onProgress  called while the proving key is made
 * @throws {ArtifactError} as `compileCircuit` and `createPlonkKey`, or if the powers of tau are those of development keys and
 *   said to be others
 */
export async function buildPlonkStatement(o: {
  name: string
  source: string
  reference: Reference
  provenance: PlonkProvenance
  cacheDir?: string
  onProgress?: (progress: PlonkKeyProgress) => void
}): Promise<BuiltPlonkStatement> {
  const { name, reference, provenance, onProgress, cacheDir = defaultCacheDir() } = o
  const circuit = await compileCircuit({ file: o.source, cacheDir, optimisation: OPTIMISATION })
  const wasm = accelerateWitnessGenerator(circuit.wasm)
  const r1cs = readR1cs(circuit.r1cs)
  const zkey = await createPlonkKey({ r1cs, reference, ...(onProgress && { onProgress }) })
  const verificationKey = exportPlonkVerificationKey(zkey)
  const parsed = parsePlonkKey(verificationKey)
  if (provenance.kind !== 'development' && isDevelopmentPlonkKey(parsed)) {
    throw new ArtifactError('the powers of tau are those of development keys, known to all')
  }
  const entry: PlonkManifestEntry = {
    sourceHash: circuit.sourceHash,
    constraints: r1cs.constraints,
    gates: openPlonkZkey(zkey).gates,
    publicSignals: r1cs.publicSignals,
    provenance,
    verificationKeyHash: plonkKeyHash(parsed),
    verificationKey,
    artifacts: Object.fromEntries(
      Object.entries({ wasm, zkey }).map(([part, bytes]) => [
        `${name}.plonk.${part}`,
        { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      ]),
    ),
  }
  return { name, wasm, zkey, entry }
}
