import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bigIntToBytes } from '../../src/field.js'
import { Folder, type Outcome, PASSPHRASE, run, succeed } from '../cli/run.js'

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

const NOW = '1763700000'

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
      const clock = ['--now', NOW]
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
})
