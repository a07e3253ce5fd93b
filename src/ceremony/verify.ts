/** Checks a whole ceremony from its folder alone. */
import { readdir } from 'node:fs/promises'
import { CeremonyError } from '../errors.js'
import { readR1cs } from '../formats/r1cs.js'
import type { ArtifactPin } from '../manifest.js'
import type { CeremonyCircuit } from './circuit.js'
import { hashOfContribution, openKey } from './key.js'
import { HERMEZ, hashPhase1, openPhase1 } from './phase1.js'
import { type CeremonyProgress, type Receipt, readCeremony, readNamed, readPinned } from './store.js'
import {
  CIRCUIT_FILES,
  keyFile,
  PHASE1_FILE,
  TRANSCRIPT_FILE,
  type Transcript,
  type TranscriptStatement,
  transcriptHash,
} from './transcript.js'
import { isInitialKey } from './verify-initial.js'
import { verifyNextKey } from './verify-key.js'

/** What was checked. */
export interface CeremonyReport {
  readonly transcript: Transcript
  readonly hash: string
  /** Whether it has its beacon, after which its keys can be used. */
  readonly complete: boolean
}

/**
 * Checks a ceremony from its files alone, with nothing of snarkjs: that phase 1 is the published file, that the initial keys
 * follow from it and the circuits, and that each key is the one before with one more contribution whose contributor knew its secret.
 *
 * @param o.folder    of the ceremony
 * @param o.hash      SHA-256 of the transcript, from a manifest or an announcement
 * @param o.sources   compiles a statement's circuit from sources that the caller trusts; without it the circuit is the transcript's
 * @param o.receipts  what contributors published, which must be in the transcript
 * @throws {CeremonyError} naming the first file that is not what it has to be
 */
export async function verifyCeremony(o: {
  folder: string
  phase1Hash?: string | undefined
  hash?: string | undefined
  sources?: ((statement: string) => Promise<CeremonyCircuit>) | undefined
  receipts?: readonly Receipt[] | undefined
  onProgress?: CeremonyProgress
}): Promise<CeremonyReport> {
  const { folder, onProgress } = o
  const transcript = await readCeremony(folder)
  const hash = transcriptHash(transcript)
  if (o.hash !== undefined && o.hash !== hash) {
    throw new CeremonyError(TRANSCRIPT_FILE, 'is not the one with the hash that was given')
  }
  const { phase1, steps, statements } = transcript
  onProgress?.('phase 1', 0)
  const bytes = await readNamed(folder, PHASE1_FILE)
  if (bytes.length < phase1.bytes) throw new CeremonyError(PHASE1_FILE, 'is truncated')
  const blake2b = hashPhase1(bytes)
  if (blake2b !== phase1.blake2b) {
    throw new CeremonyError(PHASE1_FILE, 'is not the file that the transcript names: its BLAKE2b-512 differs')
  }
  if (o.phase1Hash !== undefined && o.phase1Hash.toLowerCase() !== blake2b) {
    throw new CeremonyError(PHASE1_FILE, 'does not have the BLAKE2b-512 that was given')
  }
  const ptau = openPhase1(bytes)
  const published =
    HERMEZ[ptau.power] === blake2b
      ? `powersOfTau28_hez_final_${String(ptau.power).padStart(2, '0')}`
      : 'given'
  if (phase1.power !== ptau.power || phase1.bytes !== bytes.length || phase1.source !== published) {
    throw new CeremonyError(TRANSCRIPT_FILE, 'says of phase 1 what is not so')
  }
  steps.forEach(({ kind }, i) => {
    if (kind === 'beacon' && i < steps.length - 1) {
      throw new CeremonyError(TRANSCRIPT_FILE, `steps[${i}] is a beacon, but not the last step`)
    }
    if (kind === 'beacon' && i === 0) {
      throw new CeremonyError(TRANSCRIPT_FILE, 'has a beacon and no contribution')
    }
  })
  await refuseSurplus(folder, transcript)
  const names = Object.keys(statements)
  for (const [i, statement] of names.entries()) {
    const report = (text: string, part: number): void =>
      onProgress?.(`${statement}: ${text}`, (i + part) / names.length)
    await verifyStatement({ ...o, transcript, statement, ptau, report })
  }
  for (const receipt of o.receipts ?? []) requireReceipt(transcript, receipt)
  return { transcript, hash, complete: steps.at(-1)?.kind === 'beacon' }
}

async function verifyStatement(o: {
  folder: string
  transcript: Transcript
  statement: string
  ptau: ReturnType<typeof openPhase1>
  sources?: ((statement: string) => Promise<CeremonyCircuit>) | undefined
  report: (text: string, part: number) => void
}): Promise<void> {
  const { folder, transcript, statement, ptau, report } = o
  const entry = transcript.statements[statement] as TranscriptStatement
  const read = (file: string, pin: ArtifactPin): Promise<Uint8Array> =>
    readPinned({ folder, file: `${statement}/${file}`, pin })
  const circuit: Record<string, Uint8Array> = {}
  for (const file of CIRCUIT_FILES) circuit[file] = await read(file, entry.files[file] as ArtifactPin)
  if (o.sources) await requireSources({ circuit, entry, statement, sources: o.sources })
  const system = readCircuit(circuit['circuit.r1cs'] as Uint8Array, `${statement}/circuit.r1cs`)
  if (
    system.constraints !== entry.constraints ||
    system.wires !== entry.wires ||
    system.publicSignals !== entry.publicSignals
  ) {
    throw new CeremonyError(TRANSCRIPT_FILE, `says of the size of ${statement} what is not so`)
  }
  report('initial key', 0)
  const first = `${statement}/${keyFile(0)}`
  const initial = await read(keyFile(0), entry.files[keyFile(0)] as ArtifactPin)
  if (!(await isInitialKey({ key: initial, r1cs: system, ptau }))) {
    throw new CeremonyError(first, 'is not the initial key of this circuit and phase 1')
  }
  if (Buffer.from(openKey(initial, first).circuitHash).toString('hex') !== entry.circuitHash) {
    throw new CeremonyError(TRANSCRIPT_FILE, `says another circuit hash of ${statement} than its initial key`)
  }
  let previous = initial
  for (const [i, step] of transcript.steps.entries()) {
    const file = keyFile(i + 1)
    const culprit = `${statement}/${file}`
    report(step.name, 0.5 + i / transcript.steps.length / 2)
    const key = step.keys[statement] as ArtifactPin & { contributionHash: string }
    const next = await read(file, { bytes: key.bytes, sha256: key.sha256 })
    const contribution = await verifyNextKey({ culprit, initial, previous, next, kind: step.kind })
    if (Buffer.from(hashOfContribution(contribution)).toString('hex') !== key.contributionHash) {
      throw new CeremonyError(TRANSCRIPT_FILE, `says another contribution hash than ${culprit}`)
    }
    if (contribution.name !== step.name) {
      throw new CeremonyError(TRANSCRIPT_FILE, `names another contributor than ${culprit}`)
    }
    const { beacon } = contribution
    const said = step.beacon
    const isSame =
      beacon?.iterationsExp === said?.iterationsExp &&
      (beacon && Buffer.from(beacon.value).toString('hex')) === said?.value
    if (!isSame) throw new CeremonyError(TRANSCRIPT_FILE, `says another beacon than ${culprit}`)
    previous = next
  }
}

async function requireSources(o: {
  circuit: Readonly<Record<string, Uint8Array>>
  entry: TranscriptStatement
  statement: string
  sources: (statement: string) => Promise<CeremonyCircuit>
}): Promise<void> {
  const { circuit, entry, statement } = o
  const built = await o.sources(statement)
  if (built.sourceHash !== entry.sourceHash) {
    throw new CeremonyError(TRANSCRIPT_FILE, `says another source hash of ${statement} than the sources have`)
  }
  for (const part of ['r1cs', 'wasm', 'sym'] as const) {
    const file = `circuit.${part}`
    if (Buffer.compare(built[part], circuit[file] as Uint8Array) !== 0) {
      throw new CeremonyError(`${statement}/${file}`, 'is not what the sources give')
    }
  }
}

/** A key that no step names could be taken for the last one. */
async function refuseSurplus(folder: string, transcript: Transcript): Promise<void> {
  for (const statement of Object.keys(transcript.statements)) {
    const known = new Set<string>(CIRCUIT_FILES)
    for (let i = 0; i <= transcript.steps.length; i++) known.add(keyFile(i))
    for (const file of await readdir(`${folder}/${statement}`).catch(() => [] as string[])) {
      if (!known.has(file)) throw new CeremonyError(`${statement}/${file}`, 'is not named by the transcript')
    }
  }
}

function requireReceipt(transcript: Transcript, receipt: Receipt): void {
  const step = transcript.steps[receipt.index - 1]
  const matches =
    step?.kind === 'contribution' &&
    step.name === receipt.name &&
    step.attestation === receipt.attestation &&
    transcript.name === receipt.ceremony &&
    Object.keys(transcript.statements).every(
      (statement) => step.keys[statement]?.contributionHash === receipt.contributions[statement],
    )
  if (!matches) {
    throw new CeremonyError(
      TRANSCRIPT_FILE,
      `does not have contribution ${receipt.index} as its receipt says`,
    )
  }
}

function readCircuit(bytes: Uint8Array, culprit: string): ReturnType<typeof readR1cs> {
  try {
    return readR1cs(bytes)
  } catch (cause) {
    throw new CeremonyError(culprit, (cause as Error).message, { cause })
  }
}
