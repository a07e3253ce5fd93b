import { createBackup, restoreBackup } from 'soulproof/backup'
import {
  acceptSbt,
  type Issued,
  type Offer,
  type PendingRequest,
  readOffer,
  requestSbt,
} from 'soulproof/issuing'
import { Group, Registry } from 'soulproof/merkle'
import { parsePolicy, type Roots, type Wallet } from 'soulproof/policy'
import {
  type ArtifactProgress,
  createProver,
  type Envelope,
  type ProveOptions,
  type Prover,
  type ProvingPhase,
} from 'soulproof/prover'
import { createIssuer, defineSchema, issueSbt } from 'soulproof/sbt'
import { blindHolder, createSoul } from 'soulproof/soul'
import { createVerifier } from 'soulproof/verifier'

/*
 * A page as an app would write it: a Soul, an issuer and a prover of its own, all by the package's public names.
 * test/browser/page.browser.ts calls what hangs on `window.page`, and verifies what comes back once more in Node.
 */

const CONTEXT = { scope: 'page', message: 12n } as const

/** What the page may prove. */
export type Statement = 'membership' | 'policy-s' | 'policy-m'

/** A proof with what a verifier needs, as it is sent to the test. */
export interface Proved {
  readonly envelope: Envelope
  /** Whether the page's own verifier accepts it. */
  readonly valid: boolean
  readonly phases: readonly ProvingPhase[]
  readonly milliseconds: number
}

/** How a promise ended that the test wants rejected. */
export interface Ending {
  readonly rejected: boolean
  readonly name: string
  readonly message: string
}

const soul = createSoul()
const group = new Group([1n, 2n, soul.commitment])
const issuer = createIssuer()
const status = new Registry({ kind: 'status' })
const schema = defineSchema({ name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } })
const now = BigInt(Math.floor(Date.now() / 1000))

function issue(statusId: number) {
  const { holder, salt } = blindHolder({ soul })
  const { sbt, signature } = issueSbt({
    issuer,
    schema,
    holder,
    claims: { country: 'CA', birthDate: now - 30n * 365n * 86_400n },
    issuedAt: now - 1000n,
    expiresAt: now + 1000n,
    statusId,
  })
  return { sbt, salt, anchor: { signature: signature!, status: status.proof(statusId) } }
}

const wallet: Wallet = { soul, sbts: [issue(5), issue(6)] }
const roots: Roots = { issuers: { [issuer.id]: { status: status.root } } }
const policyJson = {
  version: 1,
  schemas: { 'citizenship/1': { country: 'string', birthDate: 'date' } },
  sbts: { citizenship: { issuers: [issuer.id], schema: 'citizenship/1' } },
  require: {
    all: [
      { claim: 'citizenship.country', eq: 'CA' },
      { claim: 'citizenship.birthDate', lte: { now: -568_025_136 } },
    ],
  },
  reveal: ['citizenship.country'],
}
const policy = parsePolicy(policyJson)

/** Two credentials in one condition: more than policy-s has room for. */
const pair = parsePolicy({
  ...policyJson,
  sbts: { ...policyJson.sbts, second: { issuers: [issuer.id], schema: 'citizenship/1' } },
  require: { all: [...policyJson.require.all, { claim: 'second.country', eq: 'CA' }] },
})

const CASES: Readonly<Record<Statement, ProveOptions>> = {
  membership: { ...CONTEXT, statement: 'membership', soul, group },
  'policy-s': { ...CONTEXT, ...wallet, policy, roots, now },
  'policy-m': { ...CONTEXT, ...wallet, policy: pair, roots, now },
}

let prover: Prover | undefined
let pending: PendingRequest | undefined

/** What was told of artifacts, by file. */
const artifacts = new Map<string, ArtifactProgress[]>()

/** Creates the prover at the first call, with artifacts from the page's own server. */
async function open(): Promise<Prover> {
  prover ??= await createProver({
    artifacts: new URL('/zkeys/', location.href),
    onArtifact(progress) {
      const { file } = progress
      const told = artifacts.get(file)
      if (told) told.push(progress)
      else artifacts.set(file, [progress])
    },
  })
  return prover
}

async function prove(
  statement: Statement,
  signal?: AbortSignal,
  onPhase?: (phase: ProvingPhase) => void,
): Promise<Proved> {
  const start = performance.now()
  const phases: ProvingPhase[] = []
  const envelope = await (await open()).prove({
    ...CASES[statement],
    ...(signal && { signal }),
    onProgress(phase) {
      if (phases.at(-1) !== phase) phases.push(phase)
      onPhase?.(phase)
    },
  })
  const milliseconds = performance.now() - start
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const verification = await verifier.verify(
    statement === 'membership'
      ? { ...CONTEXT, statement, roots: [group.root], envelope }
      : { ...CONTEXT, policy: statement === 'policy-m' ? pair : policy, roots: [roots], now, envelope },
  )
  return { envelope, valid: verification.valid, phases, milliseconds }
}

/** Waits for a promise to be rejected; several wait alike for theirs. */
async function ending(promise: Promise<unknown>): Promise<Ending> {
  try {
    await promise
    return { rejected: false, name: '', message: '' }
  } catch (error) {
    const { name, message } = error as Error
    return { rejected: true, name, message }
  }
}

const commands = {
  /** What the page is and what the engine made of it. */
  async describe() {
    const { engine, arithmetic, shared } = await open()
    const { crossOriginIsolated, isSecureContext } = globalThis
    return {
      engine,
      arithmetic,
      shared,
      crossOriginIsolated,
      isSecureContext,
      cores: navigator.hardwareConcurrency,
    }
  },
  /** What a verifier elsewhere expects of this page's proofs. */
  async expectations() {
    return { context: CONTEXT, groupRoot: group.root, policyJson, roots, now }
  },
  prove: (statement: Statement) => prove(statement),
  proveAtOnce: (statements: readonly Statement[]) =>
    Promise.all(statements.map((statement) => prove(statement))),
  /** Cancels a proof when it reaches a phase, or milliseconds later. */
  async cancel(o: { statement: Statement; phase: ProvingPhase; after: number }) {
    const controller = new AbortController()
    return ending(
      prove(o.statement, controller.signal, (phase) => {
        if (phase === o.phase) setTimeout(() => controller.abort(), o.after)
      }),
    )
  },
  ending: (statement: Statement) => ending(prove(statement)),
  /** The holder's first part of an issuing. */
  async request({ offer, issuer }: { offer: Offer; issuer: string }) {
    const checked = readOffer({ offer, issuer, now })
    const made = await requestSbt({ offer: checked, soul, prover: await open(), now })
    pending = made.pending
    return made.request
  },
  /** The holder's last part; the wallet goes out as a backup that the page has opened itself. */
  async acceptAndBackUp({ issued, passphrase }: { issued: Issued; passphrase: string }) {
    const held = acceptSbt({ pending: pending!, issued, soul, now })
    const text = JSON.stringify(await createBackup({ soul, sbts: [held], passphrase, now, cost: 2 ** 14 }))
    const restored = await restoreBackup({ backup: text, passphrase })
    return { text, commitment: restored.soul.commitment, hash: restored.sbts[0]!.sbt.hash }
  },
  /** Opens a backup that was made elsewhere. */
  async restore({ backup, passphrase }: { backup: string; passphrase: string }) {
    return (await restoreBackup({ backup, passphrase })).soul.commitment
  },
  /** What was told of artifacts so far, by file. */
  artifacts: async () => Object.fromEntries(artifacts),
  /** Disposes of the prover while it works on a proof; the next call that proves makes a new one. */
  async disposeWhileProving(statement: Statement) {
    let begun = (): void => {}
    const proving = new Promise<void>((resolve) => {
      begun = resolve
    })
    const ended = ending(prove(statement, undefined, (phase) => phase === 'proof' && begun()))
    await proving
    const current = prover as Prover
    await current.dispose()
    const afterwards = await ending(current.prove(CASES[statement]))
    prover = undefined
    return { ended: await ended, afterwards }
  },
  /** Whether the page may make code from text: it must not. */
  async evaluates() {
    return !(await ending(Promise.resolve().then(() => new Function('return 1')))).rejected
  },
}

/** What the test may call. */
export type Commands = typeof commands

// In a task of its own, because what a debugger calls directly may be spared from the content-security policy.
const page = Object.fromEntries(
  Object.entries(commands).map(([name, command]) => [
    name,
    async (argument: never) => {
      await new Promise((resolve) => setTimeout(resolve))
      return command(argument)
    },
  ]),
)
Object.assign(globalThis, { page })
