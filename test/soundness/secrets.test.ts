import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  answerRequest,
  createExchange,
  createVerifierKey,
  encryptVerifierKey,
  openExchange,
  provePossession,
  proveTimed,
  readRequest,
  sessionVerifierKey,
  textBeacon,
  type VerifierKey,
} from '../../src/designated/index.js'
import { bigIntToBytes } from '../../src/field.js'
import { createLedger, ledgerHandle, ledgerProofToJson, prepareHistory } from '../../src/ledger/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import { createProver } from '../../src/prover/index.js'
import { defineSchema } from '../../src/sbt/index.js'
import { createSoul } from '../../src/soul/index.js'
import { createVerifier } from '../../src/verifier/index.js'
import { Folder, type Outcome, PASSPHRASE, run, succeed } from '../cli/run.js'
import { CREDIT, entryAbout } from '../support/ledger.js'
import { grant, NOW, openOffice, rootsOf } from '../support/world.js'

/** All ways in which a number could stand in text or bytes. */
function formsOf(secret: bigint): { text: string[]; bytes: Buffer[] } {
  const big = Buffer.from(bigIntToBytes(secret, 32))
  const little = Buffer.from(big).reverse()
  const trimmed = big.subarray(big.findIndex((byte) => byte !== 0))
  const hex = secret.toString(16)
  const text = [
    secret.toString(),
    hex,
    hex.toUpperCase(),
    little.toString('hex'),
    ...[big, little, trimmed].flatMap((bytes) => [
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      [...bytes].join(','),
    ]),
  ]
  return { text, bytes: [trimmed, little.subarray(0, trimmed.length)] }
}

function leaks(content: Buffer, secrets: Readonly<Record<string, bigint>>): string[] {
  const text = content.toString('latin1')
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const { text: texts, bytes } = formsOf(secret)
    const isThere = texts.some((form) => text.includes(form)) || bytes.some((form) => content.includes(form))
    return isThere ? [name] : []
  })
}

describe('soundness/secrets', () => {
  it('the search finds a secret in each form', () => {
    const secret = 0x00ab12cd34ef56789012345678901234567890abcdef1234567890abcdef1234n
    for (const form of formsOf(secret).text) {
      assert.deepEqual(leaks(Buffer.from(`{"x": "${form}"}`), { secret }), ['secret'])
    }
    for (const form of formsOf(secret).bytes) {
      assert.deepEqual(leaks(Buffer.concat([Buffer.from('..'), form, Buffer.from('..')]), { secret }), [
        'secret',
      ])
    }
    assert.deepEqual(leaks(Buffer.from('nothing of it'), { secret }), [])
  })

  it('a whole run, refusals and malformed input included, shows no secret where it does not belong', async () => {
    const folder = await Folder.create()
    const cwd = folder.path
    const outcomes: [string, Outcome][] = []
    const attempt = async (
      args: readonly string[],
      env: Record<string, string> = {},
      stdin = '',
    ): Promise<Outcome> => {
      const outcome = await run(args, { cwd, env, stdin })
      outcomes.push([args.join(' '), outcome])
      return outcome
    }
    try {
      // A secret that is known, so that it can be looked for.
      const secret = 1234567890123456789012345678901234567890123456789012345678901234567890123n
      await folder.write('secret.json', { secret: secret.toString() })
      assert.equal((await attempt(['soul', 'import', 'secret.json', '--out', 'alice.soul.json'])).code, 0)
      const issuer = await succeed(['issuer', 'create', '--out', 'gov.issuer.json'], { cwd })
      const id = String(issuer['id'] ?? issuer['issuer'])
      await succeed(['registry', 'create', 'gov.status.json', '--kind', 'status'], { cwd })
      assert.equal((await attempt(['soul', 'blind', '--soul', 'alice.soul.json', '--out', 'b.json'])).code, 0)
      const { holder, salt } = await folder.json('b.json')
      const claim = 888777666555444333222111n
      await folder.write('request.json', {
        schema: { name: 'person/1', claims: { seed: 'field', born: 'date' } },
        holder,
        claims: { seed: claim.toString(), born: '1990-01-01' },
        issuedAt: 1763000000,
      })
      const issue = ['issue', 'request.json', '--issuer', 'gov.issuer.json', '--status', 'gov.status.json']
      const issued = await attempt([...issue, '--out', 'issued.json'])
      assert.equal(issued.code, 0, issued.stderr)
      const roots = await attempt([
        'registry',
        'roots',
        'gov.status.json',
        '--issuer',
        id,
        '--out',
        'roots.json',
      ])
      assert.equal(roots.code, 0, roots.stderr)
      const hold = [
        'soul',
        'hold',
        '--issued',
        'issued.json',
        '--blinding',
        'b.json',
        '--soul',
        'alice.soul.json',
      ]
      const held = await attempt([...hold, '--status', 'gov.status.json', '--out', 'held.json'])
      assert.equal(held.code, 0, held.stderr)
      const policy = (born: string): unknown => ({
        version: 1,
        schemas: { 'person/1': { seed: 'field', born: 'date' } },
        sbts: { person: { issuers: [id], schema: 'person/1' } },
        require: { claim: 'person.born', lte: born },
        nullifier: { claim: 'person.seed' },
      })
      await folder.write('policy.json', policy('2000-01-01'))
      await folder.write('strict.json', policy('1980-01-01'))
      const prove = ['prove', '--soul', 'alice.soul.json', '--roots', 'roots.json', '--sbt', 'held.json']
      const context = ['--scope', 'test', '--message', 'test']
      const clock = ['--now', NOW.toString()]
      const proved = await attempt([
        ...prove,
        ...context,
        ...clock,
        '--policy',
        'policy.json',
        '--out',
        'proof.json',
      ])
      assert.equal(proved.code, 0, proved.stderr)
      // Refused and malformed, and with the whole error asked for.
      const refused = await attempt([
        ...prove,
        ...context,
        ...clock,
        '--policy',
        'strict.json',
        '--out',
        'no.json',
      ])
      assert.equal(refused.code, 1)
      const wrong = await attempt(['soul', 'show', '--soul', 'alice.soul.json'], {
        SOULPROOF_PASSPHRASE: 'wrong',
      })
      assert.notEqual(wrong.code, 0)
      const broken = { ...(await folder.json('held.json')), salt: `${salt}x` }
      await folder.write('broken.json', broken)
      const malformed = await attempt([
        ...['prove', '--soul', 'alice.soul.json', '--roots', 'roots.json', '--sbt', 'broken.json'],
        ...[...context, ...clock, '--policy', 'policy.json', '--out', 'no.json'],
      ])
      assert.equal(malformed.code, 2)
      for (const text of [
        `{"secret": "-${secret}"}`,
        `{"secret": ${secret}}`,
        `{"secret": "${secret}" oops`,
      ]) {
        assert.notEqual((await attempt(['soul', 'import', '-', '--out', 'x.json'], {}, text)).code, 0)
      }

      const secrets = { secret, salt: BigInt(salt), claim }
      for (const [args, { stdout, stderr }] of outcomes) {
        assert.deepEqual(leaks(Buffer.from(stdout + stderr), secrets), [], `soulproof ${args}`)
        assert.ok(!(stdout + stderr).includes(PASSPHRASE))
      }
      // Files that are the holder's own, and the one with the imported secret, have what they are for.
      const own: Readonly<Record<string, readonly string[]>> = {
        'secret.json': ['secret'],
        'b.json': ['salt'],
        'request.json': ['claim'],
        'issued.json': ['claim'],
        'held.json': ['salt', 'claim'],
        'broken.json': ['salt', 'claim'],
      }
      const files = await readdir(cwd)
      assert.ok(files.includes('proof.json') && files.includes('alice.soul.json'))
      for (const file of files) {
        assert.deepEqual(
          leaks(await readFile(join(cwd, file)), secrets).sort(),
          [...(own[file] ?? [])].sort(),
          file,
        )
      }
    } finally {
      await folder.remove()
    }
  })

  it('designated keys: no verb, refusal or file but the key files shows a secret', async () => {
    const folder = await Folder.create()
    const cwd = folder.path
    try {
      const [bob, carol] = [0xb0bn, 0xca01n].map((seed) => createVerifierKey({ secret: seed ** 15n })) as [
        VerifierKey,
        VerifierKey,
      ]
      const session = sessionVerifierKey({ key: bob, session: 'loan 7' })
      for (const [name, key] of Object.entries({ bob, carol })) {
        const file = await encryptVerifierKey({ key, passphrase: PASSPHRASE, cost: 2 ** 14 })
        await folder.write(`${name}.json`, file)
      }
      const challenge = ['--challenge', '5e'.repeat(32), '--session', 'loan 7']
      await folder.write('members.json', { members: ['5', '6'] })
      await folder.write('plain.json', { secret: bob.secret.toString(), verifierKey: '5' })
      const key = ['--verifier', 'bob.json']
      const context = ['--scope', 'a', '--message', 'b', '--group', 'members.json']
      const runs: [number, readonly string[]][] = [
        [0, ['verifier', 'show', ...key]],
        [0, ['verifier', 'session', ...key, '--session', 'loan 7', '--out', 'session.json']],
        [0, ['verifier', 'possession', ...key, ...challenge, '--out', 'possession.json']],
        [1, ['verifier', 'check', 'possession.json', '--verifier-key', '5', ...challenge]],
        [0, ['verifier', 'rotate', ...key, '--to', 'carol.json', '--at', '5', '--out', 'rotation.json']],
        [0, ['simulate', ...key, ...context, '--verifier-key', `${bob.verifierKey}`, '--out', 'proof.json']],
        [1, ['simulate', ...key, ...context, '--verifier-key', `${carol.verifierKey}`]],
        // A key file that is not encrypted, a secret in place of something else.
        [2, ['verifier', 'show', '--verifier', 'plain.json']],
        [2, ['verifier', 'show', `--${bob.secret}`]],
        [2, ['verifier', 'check', 'possession.json', '--verifier-key', `-${bob.secret}`, ...challenge]],
        [2, ['simulate', ...key, ...context, '--nullifier', `${bob.secret}x`]],
      ]
      const secrets = { bob: bob.secret, carol: carol.secret, session: session.secret }
      for (const [code, args] of runs) {
        const outcome = await run(args, { cwd, env: { SOULPROOF_DEBUG: '1' } })
        assert.equal(outcome.code, code, `${args.slice(0, 2).join(' ')}: ${outcome.stderr}`)
        const said = Buffer.from(outcome.stdout + outcome.stderr)
        assert.deepEqual(leaks(said, secrets), [], `soulproof ${args.slice(0, 2).join(' ')}`)
      }
      for (const file of await readdir(cwd)) {
        const expected = file === 'plain.json' ? ['bob'] : []
        assert.deepEqual(leaks(await readFile(join(cwd, file)), secrets), expected, file)
      }
    } finally {
      await folder.remove()
    }
  })

  it('exchanges, timed proofs, ledgers and their refusals: no message, envelope, store or error has a secret', async () => {
    const folder = await Folder.create()
    const said: [string, string][] = []
    const show = (value: unknown): string =>
      inspect(value, { depth: 20, maxArrayLength: null, maxStringLength: null, showHidden: true })
    const say = (what: string, value: unknown): void => {
      said.push([
        what,
        `${show(value)} ${JSON.stringify(value, (_, x) => (typeof x === 'bigint' ? `${x}` : x))}`,
      ])
    }
    const refused = async (what: string, call: () => unknown): Promise<void> => {
      const failure: unknown = await Promise.resolve()
        .then(call)
        .then(
          () => undefined,
          (error: unknown) => error,
        )
      assert.ok(failure instanceof Error, `${what} has to be refused`)
      said.push([what, show(failure) + String(failure.stack)])
    }
    const prover = await createProver()
    try {
      const verifier = await createVerifier({ allowDevelopmentKeys: true })
      const soul = createSoul({ seed: new Uint8Array(32).fill(0x5c) })
      const key = createVerifierKey({ secret: 0xb0bn ** 15n })
      const office = openOffice(77)
      const claim = 888777666555444333222111n
      const schema = defineSchema({ name: 'secret/1', claims: { seed: 'field', born: 'date' } })
      const salt = 2n ** 240n + 12345678901234567890n
      const held = grant({ office, schema, soul, salt, claims: { seed: claim, born: 0n } })
      const json = {
        version: 1,
        schemas: { 'secret/1': schema.claims },
        sbts: { person: { issuers: [office.id], schema: 'secret/1' } },
        require: { claim: 'person.born', lte: 5 },
        nullifier: { claim: 'person.seed' },
      }
      const roots = rootsOf(office)
      const wallet = { soul, sbts: [held], roots, now: NOW }
      const strict = { ...json, require: { claim: 'person.born', lte: -5 } }
      const context = { scope: 'a', message: 'b' }

      const exchange = createExchange({ key, verifier })
      const opening = openExchange()
      const request = await exchange.request({ opening, policy: json, scope: 'a', now: NOW })
      say('request', request)
      const checked = readRequest({ opening, request, verifierKey: key.verifierKey, now: NOW })
      const answer = await answerRequest({ ...wallet, request: checked, prover })
      say('answer', answer)
      say('result', await exchange.receive({ answer, roots: [roots], now: NOW }))
      const bad = await exchange.request({ opening, policy: strict, scope: 'a', now: NOW })
      await refused('an answer to what does not hold', () =>
        answerRequest({
          ...{ ...wallet, prover },
          request: readRequest({ opening, request: bad, verifierKey: key.verifierKey, now: NOW }),
        }),
      )
      await refused('a key that is none', () =>
        provePossession({ key: { ...key, secret: key.secret << 9n } } as never),
      )

      const timed = parsePolicy({ ...json, timed: { squarings: 64, window: 60, beacon: 'x' } })
      const beacon = textBeacon({ source: 'x', text: 'y', at: NOW })
      say('timed', await proveTimed({ ...wallet, ...context, policy: timed, beacon, prover }))
      await refused('a timed policy that does not hold', () =>
        proveTimed({
          ...{ ...wallet, ...context, beacon, prover },
          policy: parsePolicy({ ...strict, timed: { squarings: 64, window: 60, beacon: 'x' } }),
        }),
      )

      const ledger = await createLedger({ ...CREDIT, path: join(folder.path, 'store') })
      await ledger.append(entryAbout(soul, CREDIT))
      await ledger.apply()
      const proof = ledger.proof(ledgerHandle({ soul, ledgerId: CREDIT.id }))
      say('opening', ledgerProofToJson(proof))
      const asked = { ...context, soul, proof, entries: await ledger.entries() }
      await ledger.close()
      const query = { ledger: CREDIT, of: ['unpaid'], most: 5 }
      const history = prepareHistory({ ...asked, query })
      say('history', await prover.prove({ statement: 'ledger-history', history }))
      await refused('a history that does not hold', () =>
        prepareHistory({ ...asked, query: { ...query, most: 0 } }),
      )
      await refused('a handle of no Soul', () =>
        ledgerHandle({ soul: { secret: soul.secret << 9n }, ledgerId: 'x' }),
      )

      const secrets = { soul: soul.secret, verifier: key.secret, claim, salt }
      for (const [what, text] of said) assert.deepEqual(leaks(Buffer.from(text), secrets), [], what)
      for (const part of ['queue', 'tree']) {
        for (const file of await readdir(join(folder.path, 'store', part))) {
          const content = await readFile(join(folder.path, 'store', part, file))
          assert.deepEqual(leaks(content, secrets), [], `store ${part}/${file}`)
        }
      }
      assert.ok(said.length >= 10)
    } finally {
      await prover.dispose()
      await folder.remove()
    }
  })
})
