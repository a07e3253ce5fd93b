import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ceremonyCircuit } from '../src/ceremony/circuit.js'
import { serveCeremony } from '../src/ceremony/coordinator.js'
import { joinCeremony } from '../src/ceremony/join.js'
import {
  acceptFolder,
  addBeacon,
  contributeToTurn,
  createCeremony,
  exportCeremony,
  type Receipt,
  writeTurn,
} from '../src/ceremony/store.js'
import { verifyCeremony } from '../src/ceremony/verify.js'
import { randomBytes } from '../src/crypto/random.js'
import { CeremonyError } from '../src/errors.js'
import { writeSections } from '../src/formats/sections.js'
import { openZkey, ZKEY_SECTION } from '../src/formats/zkey.js'
import { Group } from '../src/merkle/index.js'
import { createProver } from '../src/prover/index.js'
import { createSoul } from '../src/soul/index.js'
import { createVerifier, exportSolidityVerifier } from '../src/verifier/index.js'
import { knownPhase1 } from './lib/known-phase1.js'
import { check, colour, fact, say, seconds, step, title } from './lib/story.js'

/*
 * Tells a ceremony from its beginning to a proof with its keys: every line with a tick is asserted.
 *
 *   node --import tsx scripts/demo-ceremony.ts [file.ptau]
 *
 * Without a published powers-of-tau file of power 13 or more it takes one whose secret everybody knows, made in seconds.
 */

const SOURCE = fileURLToPath(new URL('../circuits/statements/membership.circom', import.meta.url))

async function main(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'soulproof-ceremony-'))
  const began = performance.now()
  try {
    await tell(root)
    title(`Done in ${seconds(performance.now() - began)}`)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function tell(root: string): Promise<void> {
  const folder = join(root, 'ceremony')
  title('A ceremony for the keys of membership')
  say(
    'Whoever knows the secret of a Groth16 key forges proofs for it. In a ceremony each contributor multiplies the',
  )
  say('secret by one of their own and forgets it: if one of them was honest, nobody knows the product.')

  step('Phase 1, and the key that phase 2 begins with')
  const phase1 = await readPhase1()
  const circuits = { membership: await ceremonyCircuit({ source: SOURCE }) }
  const began = performance.now()
  const first = await createCeremony({ folder, name: 'demo', phase1, circuits })
  fact('phase 1', `${first.phase1.source}, 2^${first.phase1.power}`)
  fact('initial key', `made by our own arithmetic in ${seconds(performance.now() - began)}`)
  const altered = phase1.bytes.slice()
  altered[altered.length >> 1]! ^= 1
  await checkRefused('A phase 1 file with one bit altered', () =>
    createCeremony({
      ...{ folder: join(root, 'x'), name: 'x', circuits },
      phase1: { ...phase1, bytes: altered },
    }),
  )

  step('Alice and Bob contribute over HTTP')
  const coordinator = await serveCeremony({ folder, contributions: 2 })
  const receipts: Receipt[] = await Promise.all(
    ['Alice', 'Bob'].map((name) =>
      joinCeremony({
        url: coordinator.url,
        name,
        attestation: `${name} threw dice`,
        entropy: '3 5 1 6 2 4',
        random: randomBytes,
        out: join(root, name),
        pollSeconds: 0.2,
      }),
    ),
  ).finally(() => coordinator.close())
  for (const { index, name, contributions } of receipts) {
    fact(`contribution ${index}: ${name}`, `${contributions['membership']!.slice(0, 32)}…`)
  }
  check('Each was checked by a pairing before the next had its turn', receipts.length === 2)

  step('Mallory cheats, and Carol contributes by files')
  const turn = join(root, 'turn')
  await writeTurn({ folder, out: turn })
  const make = async (name: string): Promise<string> => {
    const out = join(root, name)
    await contributeToTurn({ turn, out, name, attestation: '', entropy: '', random: randomBytes })
    return out
  }
  const mallory = await make('Mallory')
  const path = join(mallory, 'membership.zkey')
  const sections = new Map(openZkey(new Uint8Array(await readFile(path))).sections)
  const points = sections.get(ZKEY_SECTION.h)!.slice()
  points.copyWithin(0, 64, 128)
  sections.set(ZKEY_SECTION.h, points)
  await writeFile(path, writeSections({ magic: 'zkey', version: 1, sections: [...sections] }))
  await checkRefused('A key with one point exchanged', () => acceptFolder({ folder, from: mallory }))
  const { receipt } = await acceptFolder({ folder, from: await make('Carol') })
  receipts.push(receipt)
  check('Carol’s is the third contribution', receipt.index === 3)

  step('A beacon ends it, and everybody can check everything')
  const value = new Uint8Array(32).fill(0x42)
  await addBeacon({
    folder,
    name: 'beacon',
    attestation: 'a block announced in advance',
    value,
    iterationsExp: 10,
  })
  const started = performance.now()
  const { hash, complete } = await verifyCeremony({ folder, receipts })
  check(`All of it holds, from files alone, in ${seconds(performance.now() - started)}`, complete)
  fact('transcript', hash)
  const tampered = join(folder, 'membership', '0002.zkey')
  const honest = await readFile(tampered)
  await writeFile(
    tampered,
    honest.map((byte, i) => (i === honest.length >> 1 ? byte ^ 1 : byte)),
  )
  await checkRefused('A ceremony with one bit of a file altered', () => verifyCeremony({ folder, receipts }))
  await writeFile(tampered, honest)

  step('Keys that prove without development keys')
  const keys = join(root, 'keys')
  const manifest = await exportCeremony({ folder, out: keys })
  const soul = createSoul()
  const group = new Group([5n, soul.commitment, 7n])
  const context = { scope: 'poll 7', message: 'yes', statement: 'membership' } as const
  const prover = await createProver({ manifest, artifacts: keys })
  const envelope = await prover.prove({ ...context, soul, group })
  await prover.dispose()
  const verifier = await createVerifier({ manifest })
  const verdict = await verifier.verify({ ...context, roots: [group.root], envelope })
  check('A proof with them is valid for a verifier that refuses development keys', verdict.valid)
  const own = await (await createVerifier()).verify({ ...context, roots: [group.root], envelope })
  check('A verifier without the ceremony’s manifest refuses it', !own.valid)
  const provenance = verifier.provenance('membership')
  check('The verifier names the ceremony', provenance.kind === 'ceremony' && provenance.transcript === hash)
  const { verificationKey } = manifest.statements['membership']!
  const [line = ''] = exportSolidityVerifier({ verificationKey, provenance }).split('\n')
  check('So does the contract, in its first line', line.includes(hash))
}

async function readPhase1(): Promise<{ bytes: Uint8Array; hash?: string }> {
  const [path] = process.argv.slice(2)
  if (path !== undefined) return { bytes: new Uint8Array(await readFile(path)) }
  const { bytes, hash } = await knownPhase1(13)
  say(
    'No published file was named: phase 1 is one whose secret everybody knows. These keys are worth nothing.',
  )
  return { bytes, hash }
}

async function checkRefused(what: string, run: () => Promise<unknown>): Promise<void> {
  const reason = await run().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof CeremonyError) return error.message
      throw error
    },
  )
  check(`${what} is refused: ${reason}`, reason !== undefined)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\n${colour('red', 'the demo failed')}\n${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
