import { readFileSync } from 'node:fs'
import { cp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Inputs, InputValue } from '../../src/prover/witness.js'
import { type BuiltStatement, buildStatement } from '../../src/setup/build.js'
import type { Foreign } from '../../test/support/foreign.js'
import { fetchPackage, installLocked } from './packages.js'

/** MACI's circuits. */
export const MACI_CIRCUITS: Foreign = {
  name: 'maci-circuits',
  version: '2.5.0',
  integrity:
    'sha512-Jw7IupZ2IxMawgJeE9U4wqCalCNfKe6gcJIMTzAC2DzoDWI7Gy1Wr1VsbnsNcnBj0O9IwKnqU/y91z4W3ylfZg==',
}

/** Gadgets that MACI's circuits include besides circomlib's. */
export const ZK_KIT_CIRCUITS: Foreign = {
  name: '@zk-kit/circuits',
  version: '0.4.0',
  integrity:
    'sha512-Di7mokhwBS3qxVeCfHxGeNIpDg1kTnr1JXmsWiQMZLkRTn3Hugh6Tl07J394rWD0pIWRwPQsinaMVL2sB4F8yQ==',
}

/** The smallest parameters that MACI publishes: 10-2-1-2 for messages, 10-1-2 for the tally. */
export const PARAMETERS = {
  stateTreeDepth: 10,
  treeDepths: { intStateTreeDepth: 1, messageTreeSubDepth: 1, messageTreeDepth: 2, voteOptionTreeDepth: 2 },
  messageBatchSize: 5,
} as const

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LOCKED = join(ROOT, 'examples', 'maci')

/** What is used of a key of maci-domainobjs. */
export interface MaciPublicKey {
  asContractParam(): { x: string; y: string }
}

/** A key pair of maci-domainobjs. */
export interface MaciKeypair {
  readonly privKey: object
  readonly pubKey: MaciPublicKey
}

/** What is used of a message of maci-domainobjs. */
export interface MaciMessage {
  asContractParam(): { data: string[] }
}

/** What is used of a poll of maci-core. */
export interface MaciPoll {
  readonly stateTree?: { root: bigint }
  readonly messageTree: { root: bigint }
  readonly tallyResult: bigint[]
  readonly perVOSpentVoiceCredits: bigint[]
  readonly totalSpentVoiceCredits: bigint
  publishMessage(message: MaciMessage, key: MaciPublicKey): void
  updatePoll(signUps: bigint): void
  hasUnprocessedMessages(): boolean
  processMessages(pollId: bigint, isQuadratic: boolean, quiet: boolean): Record<string, unknown>
  hasUntalliedBallots(): boolean
  tallyVotes(): Record<string, unknown>
}

/** What is used of MACI's packages. */
export interface MaciPackages {
  readonly core: {
    MaciState: new (
      depth: number,
    ) => {
      readonly polls: Map<bigint, MaciPoll>
      signUp(key: MaciPublicKey, credits: bigint, timestamp: bigint): number
      deployPoll(end: bigint, depths: object, batch: number, coordinator: MaciKeypair): bigint
    }
  }
  readonly crypto: {
    hashLeftRight(left: bigint, right: bigint): bigint
    genTreeCommitment(leaves: bigint[], salt: bigint, depth: number): bigint
    genTreeProof(index: number, leaves: bigint[], depth: number): bigint[][]
  }
  readonly domain: {
    Keypair: (new () => MaciKeypair) & { genEcdhSharedKey(secret: object, key: MaciPublicKey): object }
    PubKey: new (raw: [bigint, bigint]) => MaciPublicKey
    Message: new (data: bigint[]) => MaciMessage
    PCommand: new (
      stateIndex: bigint,
      newKey: MaciPublicKey,
      option: bigint,
      weight: bigint,
      nonce: bigint,
      pollId: bigint,
    ) => { sign(secret: object): object; encrypt(signature: object, sharedKey: object): MaciMessage }
    VerifyingKey: { fromObj(key: object): { asContractParam(): object } }
    Ballot: new (options: number, depth: number) => { hash(): bigint }
  }
}

/** Installs examples/maci from its lockfile into the cache, once, and loads it. */
export async function loadMaciPackages(): Promise<MaciPackages> {
  const folder = await installLocked(LOCKED, 'maci-packages')
  const load = createRequire(join(folder, 'package.json'))
  return {
    core: load('maci-core') as MaciPackages['core'],
    crypto: load('maci-crypto') as MaciPackages['crypto'],
    domain: load('maci-domainobjs') as MaciPackages['domain'],
  }
}

/** One of MACI's two circuits, compiled, with keys. */
export type MaciCircuit = BuiltStatement

/**
 * Compiles MACI's circuits for quadratic voting with the smallest published parameters, and makes development keys; what was
 * made before comes from the cache. MACI's own keys come from a ceremony, and from a server.
 */
export async function buildMaciCircuits(): Promise<{ process: MaciCircuit; tally: MaciCircuit }> {
  const [maci, zkKit] = [await fetchPackage(MACI_CIRCUITS), await fetchPackage(ZK_KIT_CIRCUITS)]
  // The compiler sees only what lies below the folder in which it runs.
  const work = join(ROOT, '.build', 'maci')
  await rm(work, { recursive: true, force: true })
  await cp(join(maci, 'circom'), join(work, 'maci'), { recursive: true })
  await cp(join(zkKit, 'circom'), join(work, 'zk-kit'), { recursive: true })
  const list = JSON.parse(readFileSync(join(maci, 'circom', 'circuits.json'), 'utf8')) as Record<
    string,
    { file: string; template: string; params: number[]; pubs: string[] }
  >
  const build = async (name: string, entry: string): Promise<MaciCircuit> => {
    const { file, template, params, pubs } = list[entry]!
    const source = join(work, `${name}.circom`)
    const main = `component main {public [${pubs.join(', ')}]} = ${template}(${params.join(', ')});`
    await writeFile(source, `pragma circom 2.0.0;\ninclude "./maci/${file.slice(2)}.circom";\n${main}\n`)
    const includePaths = [join(work, 'zk-kit'), join(ROOT, 'node_modules', 'circomlib', 'circuits')]
    return buildStatement({ name, source, includePaths })
  }
  return {
    process: await build('process', 'ProcessMessages_10-2-1-2_test'),
    tally: await build('tally', 'TallyVotes_10-1-2_test'),
  }
}

/** Inputs as our witness calculation takes them, from those of maci-core, which are texts and nested lists. */
export function circuitInputs(given: Record<string, unknown>): Inputs {
  const convert = (value: unknown): InputValue =>
    Array.isArray(value) ? value.map(convert) : BigInt(value as string | number | bigint)
  // An input of earlier circuits, which maci-core still computes.
  const { maxVoteOptions: _, ...inputs } = given
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, convert(value)]))
}
