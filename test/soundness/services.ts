import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { serveExchange } from '../../scripts/lib/exchange-http.js'
import { describeFailure } from '../../src/cli/errors.js'
import { createProgram } from '../../src/cli/program.js'
import { decryptKey, encryptKey, readKeyFile } from '../../src/crypto/keyfile.js'
import * as designated from '../../src/designated/index.js'
import { verifierKeyToJson } from '../../src/designated/keys.js'
import * as ledger from '../../src/ledger/index.js'
import { createFileCursor } from '../../src/ledger/indexer.js'
import { Group, Registry } from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import type { Envelope, Prover } from '../../src/prover/index.js'
import { heldSbtToJson, issuerRootsToJson, sbtToJson } from '../../src/sbt/index.js'
import { soulToJson } from '../../src/soul/json.js'
import type { Verifier } from '../../src/verifier/index.js'
import { CREDIT, entryAbout } from '../support/ledger.js'
import { ALICE, BOB, CITIZENSHIP, grant, NOW, openOffice, refresh, rootsOf } from '../support/world.js'
import { chainTargets } from './chains.js'
import type { EntryTarget } from './entries.js'
import { WrongAnswer } from './fuzz.js'
import { httpTarget, serverTargets } from './servers.js'
import { provingTargets } from './short-of-proof.js'
import { backupTargets, feedTargets, type IssuingMessages, issuingTargets, travelCommands } from './travel.js'

// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
type Anything = any

/** Targets with files, servers and proofs, and what ends them. */
export interface Services {
  readonly targets: readonly EntryTarget[]
  /** Verbs of the command line that some target runs. */
  readonly verbs: ReadonlySet<string>
  close(): Promise<void>
}

const PASSPHRASE = 'correct horse battery staple'
const LEAST_COST = 2 ** 14
const office = openOffice(202)
const held = refresh(
  grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n }, salt: 24n }),
  office,
)
const roots = rootsOf(office)
const json = {
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { a: { issuers: [office.id], schema: 'citizenship/1' } },
  require: { claim: 'a.country', eq: 'CA' },
  reveal: ['a.country'],
}
const timedJson = { ...json, timed: { squarings: 64, window: 60, beacon: 'fuzz' } }
const context = { scope: 'fuzz', message: 'fuzz' }
// So long that it stands in no text by chance.
const key = designated.createVerifierKey({ secret: 4711n ** 20n })

/** Opens a folder, a server and an exchange, and makes the proofs that targets change. */
export async function openServices(o: {
  readonly prover: Prover
  readonly verifier: Verifier
}): Promise<Services> {
  const { prover, verifier } = o
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-fuzz-'))
  const policy = parsePolicy(json)
  const envelope = await prover.prove({ ...context, policy, roots, now: NOW, soul: ALICE, sbts: [held] })
  const exchange = designated.createExchange({ key, verifier })
  const server = await serveExchange({
    exchange,
    policy: json,
    scope: 'fuzz',
    roots: () => [roots],
    now: () => NOW,
    onVerified: () => undefined,
  })
  const { targets: issuing, messages } = await issuingTargets({ prover, verifier })
  const commands = await cliTargets({ folder, envelope, messages })
  const servers = await serverTargets({ folder, verifier, policy: json, roots, envelope })
  return {
    targets: [
      ...verifyTargets({ verifier, policy, envelope }),
      ...(await exchangeTargets({ prover, verifier, exchange })),
      exchangeHttpTarget(server.url),
      ...(await timedTargets({ prover, verifier })),
      ...(await keyTargets()),
      ...(await storeTargets(folder)),
      ...simulationTargets(prover),
      ...feedTargets(),
      ...chainTargets(folder),
      ...(await backupTargets()),
      ...issuing,
      ...commands.targets,
      ...servers.targets,
    ],
    verbs: commands.verbs,
    async close() {
      await servers.close()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function verifyTargets(o: {
  readonly verifier: Verifier
  readonly policy: ReturnType<typeof parsePolicy>
  readonly envelope: Envelope
}): EntryTarget[] {
  const { verifier, policy, envelope } = o
  return [
    {
      name: 'verify policy-s',
      covers: ['verifier.createVerifier'],
      cost: 3,
      samples: [envelope],
      async call(input) {
        const result = await verifier
          .verify({ ...context, policy, roots: [roots], now: NOW, envelope: input })
          .catch((error: unknown) => {
            throw new WrongAnswer(`throws ${(error as Error).name} for an envelope`)
          })
        if (result.valid && JSON.stringify(input) !== JSON.stringify(envelope)) {
          throw new WrongAnswer('accepts an envelope that was changed')
        }
      },
    },
  ]
}

async function exchangeTargets(o: {
  readonly prover: Prover
  readonly verifier: Verifier
  readonly exchange: designated.Exchange
}): Promise<EntryTarget[]> {
  const { prover, verifier, exchange } = o
  const { verifierKey } = key
  const opening = designated.openExchange()
  const request = await exchange.request({ opening, policy: json, scope: 'fuzz', now: NOW })
  const checked = designated.readRequest({ opening, request, verifierKey, now: NOW })
  const answer = await designated.answerRequest({
    ...{ request: checked, prover, roots, now: NOW, soul: ALICE, sbts: [held] },
  })
  const wallet = { roots, now: NOW, soul: ALICE, sbts: [held] }
  return [
    {
      name: 'readRequest',
      covers: ['designated.readRequest', 'designated.openExchange'],
      samples: [request],
      call(input) {
        const read = designated.readRequest({ opening, request: input, verifierKey, now: NOW })
        if (read.message !== checked.message) throw new WrongAnswer('accepts another request')
      },
    },
    {
      name: 'readRequest options',
      covers: ['designated.readRequest'],
      samples: [{ opening, request, verifierKey, now: NOW }],
      call: (input: Anything) => designated.readRequest(input),
    },
    {
      name: 'exchange.request',
      covers: ['designated.createExchange'],
      samples: [{ opening, policy: json, scope: 'fuzz', now: NOW }],
      call: (input: Anything) => designated.createExchange({ key, verifier }).request(input),
    },
    {
      name: 'createExchange',
      covers: ['designated.createExchange'],
      samples: [{ key, verifier: { verify: verifier.verify }, sessionSeconds: 60n, maxSessions: 5 }],
      call: (input: Anything) => designated.createExchange(input),
    },
    {
      name: 'exchange.receive',
      covers: ['designated.createExchange'],
      samples: [answer],
      async call(input) {
        const result = await exchange.receive({ answer: input, roots: [roots], now: NOW })
        if (result.valid && JSON.stringify(input) !== JSON.stringify(answer)) {
          throw new WrongAnswer('takes an answer that was changed')
        }
      },
    },
    ...provingTargets(
      {
        name: 'answerRequest',
        covers: ['designated.answerRequest'],
        cost: 500,
        most: 30_000,
        samples: [wallet],
        call: (input: Anything, prover) =>
          typeof input === 'object'
            ? designated.answerRequest({ ...input, request: checked, prover })
            : undefined,
      },
      prover,
    ),
    ...provingTargets(
      {
        name: 'simulateAnswer',
        covers: ['designated.simulateAnswer'],
        cost: 500,
        most: 30_000,
        samples: [{ key, roots, now: NOW, revealed: { 'a.country': 'FR' }, nullifier: 5n }],
        call: (input: Anything, prover) =>
          typeof input === 'object'
            ? designated.simulateAnswer({ ...input, request: checked, prover })
            : undefined,
      },
      prover,
    ),
    {
      name: 'answerRequest and simulateAnswer options',
      covers: ['designated.answerRequest', 'designated.simulateAnswer'],
      samples: [{ request: {}, prover: {} }],
      async call(input: Anything) {
        const refuse = (answered: Promise<unknown>): Promise<void> =>
          answered.then(
            () => {
              throw new WrongAnswer('answers without a prover')
            },
            (error) => {
              if (!(error instanceof TypeError)) throw error
            },
          )
        await refuse(designated.answerRequest(input))
        await refuse(designated.simulateAnswer(input))
      },
    },
  ]
}

function exchangeHttpTarget(url: string): EntryTarget {
  return httpTarget({
    name: 'HTTP of the exchange',
    url,
    samples: [
      { path: '/open', method: 'POST', body: designated.openExchange() },
      {
        path: '/answer',
        method: 'POST',
        body: { version: 1, kind: 'answer', session: '00'.repeat(16), encapsulated: '00', ciphertext: '00' },
      },
      { path: '/open', method: 'POST', raw: '{"version": 1' },
    ],
    statuses: [200, 400, 404],
  })
}

async function timedTargets(o: {
  readonly prover: Prover
  readonly verifier: Verifier
}): Promise<EntryTarget[]> {
  const { prover, verifier } = o
  const policy = parsePolicy(timedJson)
  const beacon = designated.textBeacon({ source: 'fuzz', text: 'block 1', at: NOW })
  const asked = { ...context, policy, roots, now: NOW, beacon, prover }
  const wallet = { soul: ALICE, sbts: [held] }
  const envelope = await designated.proveTimed({ ...asked, ...wallet })
  const parameters = designated.delayOf(policy)
  const evaluated = await designated.evaluateDelay({ ...parameters, beacon })
  const published = await designated.publishDelay(evaluated)
  const checkpoints: designated.DelayCheckpoint[] = []
  const onCheckpoint = (checkpoint: designated.DelayCheckpoint): void => void checkpoints.push(checkpoint)
  await designated.evaluateDelay({ ...parameters, beacon, checkpointEvery: 16, onCheckpoint })
  const { proveTimed, forgeTimed, simulateTimed } = designated
  const makers: Record<string, (o: Anything) => Promise<unknown>> = { proveTimed, forgeTimed, simulateTimed }
  return [
    {
      name: 'verifyTimed',
      covers: ['designated.verifyTimed'],
      cost: 20,
      samples: [envelope],
      async call(input) {
        const expected = { ...context, verifier, policy, roots: [roots], now: NOW, beacon, receivedAt: NOW }
        const result = await designated
          .verifyTimed({ ...expected, envelope: input })
          .catch((error: unknown) => {
            throw new WrongAnswer(`throws ${(error as Error).name} for an envelope`)
          })
        if (result.valid && JSON.stringify(input) !== JSON.stringify(envelope)) {
          throw new WrongAnswer('accepts an envelope that was changed')
        }
      },
    },
    {
      name: 'verifyTimed options',
      covers: ['designated.verifyTimed'],
      cost: 20,
      samples: [{ ...context, roots: [roots], now: NOW, beacon, receivedAt: NOW, maxClockSkew: 5n }],
      call: (input: Anything) =>
        typeof input === 'object' && input !== null
          ? designated.verifyTimed({ ...input, verifier, policy, envelope })
          : undefined,
    },
    {
      name: 'delayOf',
      covers: ['designated.delayOf'],
      samples: [timedJson],
      call: (input) => designated.delayOf(parsePolicy(input)),
    },
    {
      name: 'evaluateDelay',
      covers: ['designated.evaluateDelay'],
      cost: 3,
      samples: [{ beacon, checkpoint: checkpoints[0], checkpointEvery: 16 }],
      async call(input: Anything) {
        if (typeof input !== 'object' || input === null) return
        const { output } = await designated.evaluateDelay({ ...input, ...parameters })
        const isSame = input.beacon === beacon || input.beacon?.value?.join() === beacon.value.join()
        if (
          isSame &&
          input.beacon.source === 'fuzz' &&
          input.checkpoint === undefined &&
          output !== evaluated.output
        ) {
          throw new WrongAnswer('is another output')
        }
      },
    },
    {
      name: 'delay parameters',
      covers: ['designated.evaluateDelay', 'designated.checkPublishedDelay'],
      cost: 3,
      samples: [{ modulus: parameters.modulus, squarings: 64 }],
      call: (input: Anything) => designated.checkPublishedDelay({ ...input, beacon, published }),
    },
    {
      name: 'checkPublishedDelay',
      covers: ['designated.checkPublishedDelay', 'designated.publishDelay'],
      cost: 3,
      samples: [published],
      call(input) {
        const found = designated.checkPublishedDelay({ ...parameters, beacon, published: input })
        if (found === undefined) return
        const { modulus } = parameters
        if (found !== evaluated.output && found !== modulus - evaluated.output) {
          throw new WrongAnswer('accepts another output')
        }
      },
    },
    {
      name: 'evaluatedDelayFromJson',
      covers: ['designated.evaluatedDelayFromJson', 'designated.evaluatedDelayToJson'],
      cost: 3,
      samples: [designated.evaluatedDelayToJson(evaluated)],
      async call(input) {
        const read = await designated.evaluatedDelayFromJson(input, { ...parameters, beacon })
        if (read.output !== evaluated.output) throw new WrongAnswer('is another output')
        if (JSON.stringify(designated.evaluatedDelayToJson(read)) !== JSON.stringify(input)) {
          throw new WrongAnswer('is not written back as it was')
        }
      },
    },
    {
      name: 'evaluatedDelayToJson',
      covers: ['designated.evaluatedDelayToJson'],
      samples: [evaluated],
      call: (input: Anything) => designated.evaluatedDelayToJson(input),
    },
    {
      name: 'publishDelay',
      covers: ['designated.publishDelay'],
      cost: 3,
      samples: [evaluated],
      call: (input: Anything) => designated.publishDelay(input),
    },
    ...(['proveTimed', 'forgeTimed', 'simulateTimed'] as const).flatMap((name): EntryTarget[] => {
      const parts = {
        proveTimed: { ...context, now: NOW, beacon, ...wallet },
        forgeTimed: { ...context, now: NOW, beacon, evaluated, revealed: { 'a.country': 'FR' } },
        simulateTimed: {
          ...context,
          verifierKey: key.verifierKey,
          now: NOW,
          beacon,
          key,
          revealed: { 'a.country': 'FR' },
        },
      }[name]
      return provingTargets(
        {
          name,
          covers: [`designated.${name}`],
          cost: 2000,
          most: 60_000,
          samples: [parts],
          call: (input: Anything, prover) =>
            typeof input === 'object' ? makers[name]!({ ...input, policy, roots, prover }) : undefined,
        },
        prover,
      )
    }),
  ]
}

function simulationTargets(prover: Prover): EntryTarget[] {
  const policy = parsePolicy(json)
  const group = new Group([3n, BOB.commitment])
  const common = { ...context, key, verifierKey: key.verifierKey }
  const policySample = { ...common, roots, now: NOW, revealed: { 'a.country': 'FR' }, nullifier: 5n }
  return [
    ...provingTargets(
      {
        name: 'simulate membership',
        covers: ['designated.simulate'],
        cost: 500,
        most: 30_000,
        samples: [{ ...common, statement: 'membership', root: group.root, depth: 3, nullifier: 6n }],
        call: (input: Anything, prover) =>
          typeof input === 'object'
            ? designated.simulate({ ...input, statement: 'membership', prover })
            : undefined,
      },
      prover,
    ),
    ...provingTargets(
      {
        name: 'simulate policy',
        covers: ['designated.simulate'],
        cost: 1000,
        most: 30_000,
        samples: [policySample],
        call: (input: Anything, prover) =>
          typeof input === 'object' ? designated.simulate({ ...input, policy, prover }) : undefined,
      },
      prover,
    ),
  ]
}

async function keyTargets(): Promise<EntryTarget[]> {
  const file = await encryptKey({
    kind: 'soul',
    secret: { a: '1' },
    passphrase: PASSPHRASE,
    cost: LEAST_COST,
  })
  const own = await designated.encryptVerifierKey({ key, passphrase: PASSPHRASE, cost: LEAST_COST })
  return [
    {
      name: 'readKeyFile',
      covers: [],
      samples: [file],
      call: (input) => readKeyFile(input, 'soul'),
    },
    {
      name: 'decryptKey',
      covers: [],
      cost: 50,
      samples: [file],
      async call(input, sample) {
        await decryptKey({ file: input, kind: 'soul', passphrase: PASSPHRASE })
        if (JSON.stringify(input) !== JSON.stringify(sample)) throw new WrongAnswer('opens what was changed')
      },
    },
    {
      name: 'decryptVerifierKey',
      covers: ['designated.decryptVerifierKey'],
      cost: 50,
      samples: [{ file: own, passphrase: PASSPHRASE }],
      async call(input: Anything) {
        const found = await designated.decryptVerifierKey(input)
        if (found.verifierKey !== key.verifierKey) throw new WrongAnswer('opens another key')
      },
    },
    {
      name: 'encryptVerifierKey',
      covers: ['designated.encryptVerifierKey'],
      cost: 50,
      samples: [{ key, passphrase: PASSPHRASE, cost: LEAST_COST }],
      async call(input: Anything) {
        const made = await designated.encryptVerifierKey(input)
        if (JSON.stringify(made).includes(key.secret.toString())) throw new WrongAnswer('shows the secret')
      },
    },
  ]
}

/** A store of a ledger of which one file holds anything: it opens with entries that are a first part of its own, or is damaged. */
async function storeTargets(folder: string): Promise<EntryTarget[]> {
  const whole = join(folder, 'store')
  const entries = Array.from({ length: 40 }, (_, i) =>
    entryAbout(ALICE, CREDIT, { amount: BigInt(i), category: i % 2 }),
  )
  const store = await ledger.createLedger({ ...CREDIT, path: whole, keep: 3 })
  await store.append(entries.slice(0, 25))
  await store.apply()
  await store.compact()
  await store.append(entries.slice(25))
  await store.apply(5)
  await store.close()
  const files = ['queue', 'tree'].flatMap((part) =>
    readdirSync(join(whole, part))
      .filter((name) => /\.(ldb|log)$|^MANIFEST|^CURRENT/.test(name))
      .map((name) => join(part, name)),
  )
  const expected = entries.map((entry) => JSON.stringify(ledger.entryToJson(entry)))
  const check = async (opened: ledger.Ledger): Promise<void> => {
    const found = (await opened.entries()).map((entry) => JSON.stringify(ledger.entryToJson(entry)))
    const { state } = opened.reader
    await opened.close()
    if (found.some((text, i) => text !== expected[i])) throw new WrongAnswer('has other entries')
    const applied = entries.slice(0, Number(state.queueLength))
    const right = ledger.rebuildLedger({ ...CREDIT, entries: applied })
    if (ledger.ledgerRoot(right) !== ledger.ledgerRoot(state)) throw new WrongAnswer('has another root')
  }
  let count = 0
  const damaged = (file: string, bytes: Uint8Array): string => {
    const path = join(folder, `damaged-${count++}`)
    cpSync(whole, path, { recursive: true })
    writeFileSync(join(path, file), bytes)
    return path
  }
  const targets = files
    .map((file) => ({ file, bytes: new Uint8Array(readFileSync(join(whole, file))) }))
    .filter(({ bytes }) => bytes.length > 0)
    .map(
      ({ file, bytes }): EntryTarget => ({
        name: `store ${file}`,
        covers: ['ledger.createLedger', 'ledger.repairLedger'],
        cost: 150,
        most: 10_000,
        samples: [bytes],
        async call(input) {
          const path = damaged(file, input as Uint8Array)
          try {
            await check(await ledger.createLedger({ ...CREDIT, path, keep: 3 }))
          } catch (error) {
            if (!(error instanceof ledger.LedgerStoreError)) throw error
            const repaired = await ledger.repairLedger({ ...CREDIT, path, keep: 3, entries })
            await check(repaired)
          } finally {
            rmSync(path, { recursive: true, force: true })
          }
        },
      }),
    )
  const cursor = JSON.stringify({ version: 1, checkpoints: [{ block: '5', hash: '0x05', length: '2' }] })
  return [
    ...targets,
    {
      name: 'readLedgerName',
      covers: ['ledger.readLedgerName'],
      cost: 3,
      samples: [join(folder, 'nowhere')],
      async call(input) {
        // Only below the folder: what else is on this machine is nobody's ledger.
        if (typeof input === 'string' && !input.startsWith(folder)) return
        const found = await ledger.readLedgerName(input as string)
        if (found !== undefined && JSON.stringify(found) !== JSON.stringify(CREDIT))
          throw new WrongAnswer('names a ledger that is not there')
      },
    },
    {
      name: 'createFileCursor',
      covers: ['indexer.createFileCursor', 'chain.createFileCursor'],
      cost: 2,
      samples: [new TextEncoder().encode(cursor)],
      async call(input) {
        const path = join(folder, 'cursor.json')
        writeFileSync(path, input as Uint8Array)
        const found = await createFileCursor(path).load()
        if (!found.every(({ block, length }) => block >= 0n && length >= 0n))
          throw new WrongAnswer('is negative')
      },
    },
  ]
}

interface CliSample {
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, unknown>>
}

/** Commands of the command line, run in this process in a folder of their own. */
async function cliTargets(o: {
  readonly folder: string
  readonly envelope: Envelope
  readonly messages: IssuingMessages
}): Promise<{ targets: EntryTarget[]; verbs: Set<string> }> {
  const encrypt = (kind: 'soul' | 'issuer' | 'verifier' | 'feed', secret: unknown) =>
    encryptKey({ kind, secret, passphrase: PASSPHRASE, cost: LEAST_COST })
  const next = designated.createVerifierKey({ secret: 4712n ** 20n })
  const [soul, issuer, bob, carol] = await Promise.all([
    encrypt('soul', soulToJson(ALICE)),
    encrypt('issuer', { id: office.id, secret: Buffer.from(office.issuer!.secret).toString('hex') }),
    encrypt('verifier', verifierKeyToJson(key)),
    encrypt('verifier', verifierKeyToJson(next)),
  ])
  const challenge = '5e'.repeat(32)
  const session = { challenge: new Uint8Array(32).fill(0x5e), session: 's' }
  const possession = designated.provePossession({ key, ...session })
  const rotation = designated.rotateVerifierKey({ from: key, to: next, at: NOW })
  const beacon = designated.textBeacon({ source: 'fuzz', text: 'block 1', at: NOW })
  const evaluated = await designated.evaluateDelay({ ...designated.delayOf(parsePolicy(timedJson)), beacon })
  const timedFiles = {
    'timed.json': timedJson,
    'beacon.json': {
      source: beacon.source,
      value: `0x${Buffer.from(beacon.value).toString('hex')}`,
      at: String(NOW),
    },
    'delay.json': designated.evaluatedDelayToJson(evaluated),
    'output.json': await designated.publishDelay(evaluated),
  }
  const policyFiles = { 'policy.json': json, 'roots.json': issuerRootsToJson(roots) }
  const members = { members: ['5', ALICE.commitment.toString(), '0'] }
  const tree = {
    version: 1,
    kind: 'status',
    root: new Registry({ kind: 'status' }).root.toString(),
    leaves: [],
  }
  const issued = { ...tree, kind: 'issued', root: new Registry().root.toString() }
  const asked = ['--scope', 'fuzz', '--message', 'fuzz']
  const clock = ['--now', NOW.toString()]
  const verifierKey = ['--verifier-key', key.verifierKey.toString()]
  const possessed = ['--challenge', challenge, '--session', 's']
  const request = {
    schema: { name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } },
    holder: held.sbt.holder.toString(),
    claims: { country: 'CA', birthDate: '1990-01-01' },
    issuedAt: 1763000000,
  }
  const sbtFile = heldSbtToJson(held)
  const policyArgs = ['--policy', 'policy.json', '--roots', 'roots.json']
  /** Verbs with what they are given; those that derive keys or prove take longer. */
  const samples: readonly (CliSample & { readonly cost: number })[] = [
    ...['check', 'digest', 'explain'].map((verb) => ({
      ...{ args: ['policy', verb, 'policy.json'], files: { 'policy.json': json }, cost: 4 },
    })),
    {
      args: ['policy', 'set', 'set.json'],
      files: { 'set.json': { type: 'uint', values: ['5', 7] } },
      cost: 4,
    },
    {
      args: ['verify', 'proof.json', ...policyArgs, ...asked, ...clock, '--allow-development-keys'],
      files: { 'proof.json': o.envelope, ...policyFiles },
      cost: 8,
    },
    {
      args: ['verify', 'proof.json', '--group', 'g.json', ...asked],
      files: { 'proof.json': o.envelope, 'g.json': members },
      cost: 8,
    },
    {
      // Without the files that it names, so that it never serves, whatever becomes of --check.
      args: ['serve', 'service.json', '--port', '0', '--check'],
      files: {
        'service.json': {
          audience: 'https://a.example',
          gates: {
            drop: {
              ...{ statement: 'membership', scope: 'a', roots: 'none/roots.json' },
              ...{ maxRootAge: 'any', admit: 'once' },
            },
          },
        },
      },
      cost: 8,
    },
    { args: ['issuer', 'show', '--issuer', 'issuer.json'], files: { 'issuer.json': issuer }, cost: 60 },
    { args: ['issuer', 'create', '--out', 'new.json'], files: {}, cost: 600 },
    {
      args: ['issue', 'request.json', '--issuer', 'issuer.json'],
      files: { 'request.json': request, 'issuer.json': issuer },
      cost: 60,
    },
    { args: ['registry', 'create', 'r.json', '--kind', 'status'], files: {}, cost: 8 },
    {
      args: ['registry', 'insert', 'r.json', '--leaf', '77'],
      files: { 'r.json': issued },
      cost: 8,
    },
    { args: ['registry', 'revoke', 'r.json', '--index', '3'], files: { 'r.json': tree }, cost: 8 },
    { args: ['registry', 'proof', 'r.json', '--index', '3'], files: { 'r.json': tree }, cost: 8 },
    { args: ['registry', 'root', 'r.json'], files: { 'r.json': tree }, cost: 8 },
    { args: ['registry', 'roots', 'r.json', '--issuer', office.id], files: { 'r.json': tree }, cost: 8 },
    { args: ['soul', 'create', '--out', 'new.json'], files: {}, cost: 600 },
    {
      args: ['soul', 'import', 'secret.json', '--out', 'new.json'],
      files: { 'secret.json': { secret: '5' } },
      cost: 600,
    },
    { args: ['soul', 'show', '--soul', 'soul.json'], files: { 'soul.json': soul }, cost: 60 },
    {
      args: ['soul', 'blind', '--soul', 'soul.json', '--out', 'new.json'],
      files: { 'soul.json': soul },
      cost: 60,
    },
    {
      args: ['soul', 'hold', '--issued', 'i.json', '--soul', 'soul.json', ...clock],
      files: { 'i.json': sbtFile, 'soul.json': soul, 'bare.json': sbtToJson(held.sbt) },
      cost: 60,
    },
    {
      args: ['prove', '--soul', 'soul.json', '--sbt', 'held.json', ...policyArgs, ...asked, ...clock],
      files: { 'soul.json': soul, 'held.json': sbtFile, ...policyFiles },
      cost: 1000,
    },
    { args: ['verifier', 'create', '--out', 'new.json'], files: {}, cost: 600 },
    { args: ['verifier', 'show', '--verifier', 'bob.json'], files: { 'bob.json': bob }, cost: 60 },
    {
      args: ['verifier', 'session', '--verifier', 'bob.json', '--session', 's', '--out', 'new.json'],
      files: { 'bob.json': bob },
      cost: 600,
    },
    {
      args: ['verifier', 'possession', '--verifier', 'bob.json', ...possessed],
      files: { 'bob.json': bob },
      cost: 60,
    },
    {
      args: ['verifier', 'check', 'p.json', ...verifierKey, ...possessed],
      files: { 'p.json': possession },
      cost: 4,
    },
    {
      args: ['verifier', 'rotate', '--verifier', 'bob.json', '--to', 'carol.json'],
      files: { 'bob.json': bob, 'carol.json': carol },
      cost: 100,
    },
    {
      args: ['verifier', 'follow', 'r.json', ...clock, ...verifierKey],
      files: { 'r.json': rotation },
      cost: 4,
    },
    {
      args: [
        'simulate',
        '--verifier',
        'bob.json',
        ...policyArgs,
        ...asked,
        ...clock,
        ...verifierKey,
        '--revealed',
        'shown.json',
      ],
      files: { 'bob.json': bob, 'shown.json': { 'a.country': 'FR' }, ...policyFiles },
      cost: 1000,
    },
    {
      args: ['ledger', 'create', 'new', '--id', CREDIT.id, '--category', 'unpaid', '--category', 'defaults'],
      files: {},
      cost: 40,
    },
    {
      args: ['ledger', 'append', 'credit', 'entry.json'],
      files: { 'entry.json': ledger.entryToJson(entryAbout(ALICE, CREDIT, { amount: 1n, category: 0 })) },
      cost: 100,
    },
    ...['apply', 'root', 'roots', 'entries'].map((verb) => ({
      ...{ args: ['ledger', verb, 'credit'], files: {}, cost: 100 },
    })),
    {
      args: ['ledger', 'handle', '--soul', 'soul.json', '--id', CREDIT.id],
      files: { 'soul.json': soul },
      cost: 60,
    },
    {
      args: ['ledger', 'proof', 'credit', '--soul', 'soul.json'],
      files: { 'soul.json': soul },
      cost: 150,
    },
    { args: ['ledger', 'audit', 'credit', '--root', '5', '--length', '3'], files: {}, cost: 100 },
    {
      args: ['ledger', 'repair', 'credit', '--entries', 'queue.json'],
      files: { 'queue.json': [] },
      cost: 100,
    },
    { args: ['ledger', 'backup', 'credit', 'copy'], files: {}, cost: 100 },
    {
      args: [
        'timed',
        'beacon',
        '--chain-id',
        '1',
        '--number',
        '5',
        '--hash',
        `0x${'5e'.repeat(32)}`,
        '--at',
        '5',
      ],
      files: {},
      cost: 4,
    },
    ...(
      [
        ['evaluate', []],
        ['publish', ['delay.json']],
        ['check', ['output.json']],
        ['forge', ['--evaluated', 'delay.json', '--roots', 'roots.json', ...asked, ...clock]],
      ] as const
    ).map(([verb, args]) => ({
      args: ['timed', verb, ...args, '--policy', 'timed.json', '--beacon', 'beacon.json'],
      files: { ...timedFiles, 'roots.json': policyFiles['roots.json'] },
      cost: verb === 'forge' ? 2000 : 30,
    })),
    ...[
      ['phase1', 'our/phase1.ptau'],
      ['init', 'new', '--phase1', 'our/phase1.ptau', '--statement', 'membership'],
      ['turn', 'our', '--out', 'new'],
      ['contribute', 'our', '--name', 'Alice', '--out', 'new'],
      ['accept', 'our', 'from'],
      ['drop', 'our', '--name', 'Carol', '--reason', 'no answer'],
      ['beacon', 'our', '--value', '5e'.repeat(32), '--attestation', 'a block'],
      ['export', 'our', '--out', 'new'],
      ['status', 'our'],
      ['verify', 'our'],
    ].map((args) => ({
      args: ['ceremony', ...args],
      files: { 'our/transcript.json': { version: 1 }, 'our/phase1.ptau': 'ptau', 'our/turn.json': {} },
      cost: 20,
    })),
    ...(await travelCommands({ messages: o.messages, soul, encrypt })),
    { args: ['export', 'solidity', '--statement', 'policy-s'], files: {}, cost: 4 },
    { args: ['export', 'verification-key', '--statement', 'policy-s'], files: {}, cost: 4 },
  ]
  const verbs = new Set(
    samples.map(({ args: [verb, sub] }) => (SINGLE.has(verb!) ? verb! : `${verb} ${sub}`)),
  )
  const secrets = [ALICE.secret, key.secret, next.secret].map(String).filter((text) => text.length > 10)
  const targets = samples.map(({ cost, ...sample }): EntryTarget => {
    const [verb, sub] = sample.args
    const isSingle = SINGLE.has(verb!)
    return {
      name: `soulproof ${verb}${isSingle ? '' : ` ${sub}`}${sample.args.includes('--group') ? ' --group' : ''}`,
      covers: [],
      cost,
      most: 30_000,
      samples: [sample],
      call: (input) => runCommand(input, { folder: o.folder, secrets }),
    }
  })
  return { targets, verbs }
}

/** Verbs without others below them. */
const SINGLE = new Set([
  'issue',
  'backup',
  'restore',
  'prove',
  'verify',
  'simulate',
  'serve',
  'setup',
  'bench',
])

/** Writes a file's content; what is too deep for JSON is cut off. */
function textOf(content: unknown): string {
  try {
    return JSON.stringify(content, (_, value) => (typeof value === 'bigint' ? `${value}` : value)) ?? '{'
  } catch (error) {
    if (error instanceof RangeError) return '{'
    throw error
  }
}

async function runCommand(input: Anything, o: { folder: string; secrets: readonly string[] }): Promise<void> {
  const { args, files } = input ?? {}
  if (!Array.isArray(args)) return
  const cwd = process.cwd()
  const place = mkdtempSync(join(o.folder, 'cli-'))
  const { stdout, stderr, env } = process
  const [out, err] = [stdout.write, stderr.write]
  const exitCode = process.exitCode
  let printed = ''
  const keep = ((text: unknown) => {
    printed += String(text)
    return true
  }) as typeof out
  // Nothing may wait for stdin, and no verb may be another one.
  const words = args.map((arg) => (typeof arg === 'string' && arg !== '-' ? arg : './none'))
  try {
    for (const [name, content] of Object.entries(files ?? {})) {
      if (!/^(our\/)?[\w.-]+$/.test(name) || content === undefined) continue
      mkdirSync(dirname(join(place, name)), { recursive: true })
      writeFileSync(join(place, name), typeof content === 'string' ? content : textOf(content))
    }
    if (words[0] === 'ledger' && words.includes('credit') && existsSync(join(o.folder, 'store'))) {
      cpSync(join(o.folder, 'store'), join(place, 'credit'), { recursive: true })
    }
    process.chdir(place)
    env['SOULPROOF_PASSPHRASE'] = PASSPHRASE
    if (['setup', 'bench'].includes(words[0]!)) return
    stdout.write = keep
    stderr.write = keep
    try {
      const program = await createProgram(words[0])
      await program.parseAsync(words, { from: 'user' })
    } catch (error) {
      const { lines, exitCode: code } = describeFailure(error)
      printed += lines.join('\n')
      if (lines.some((line) => line.includes('unexpected failure'))) {
        throw new WrongAnswer(`fails in a way that it does not know: ${(error as Error).name}`)
      }
      if (code !== 0 && lines.length === 0 && code !== 2) throw new WrongAnswer('fails without a word')
    }
  } finally {
    stdout.write = out
    stderr.write = err
    process.exitCode = exitCode
    process.chdir(cwd)
    rmSync(place, { recursive: true, force: true })
  }
  if (o.secrets.some((secret) => printed.includes(secret))) throw new WrongAnswer('prints a secret')
}
