import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { importSoul } from '../../src/soul/index.js'
import { Folder, type Outcome, run, succeed } from './run.js'

const CONTEXT = ['--scope', 'airdrop-1', '--message', 'recipient 7']
const DEVELOPMENT = '--allow-development-keys'
const BIRTH_DATE = '1990-05-17'
const EXPECT = ['--policy', 'policy.json', '--roots', 'roots.json']
const PROVE = ['prove', '--soul', 'alice.json', ...EXPECT, '--sbt', 'held.json']

describe('cli: issue, hold, prove, verify, revoke', () => {
  let folder: Folder
  const cli = (...args: string[]): Promise<Record<string, unknown>> => succeed(args, { cwd: folder.path })
  const attempt = (...args: string[]): Promise<Outcome> => run(args, { cwd: folder.path })

  before(async () => {
    folder = await Folder.create()
    const [, issuer] = await Promise.all([
      cli('soul', 'create', '--out', 'alice.json'),
      cli('issuer', 'create', '--out', 'gov.json'),
      cli('registry', 'create', 'status.json', '--kind', 'status'),
      cli('registry', 'create', 'registry.json', '--kind', 'issued'),
    ])
    const { holder } = await cli('soul', 'blind', '--soul', 'alice.json', '--out', 'blinding.json')
    await folder.write('request.json', {
      schema: { name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } },
      holder,
      claims: { country: 'CA', birthDate: BIRTH_DATE },
      expiresAt: '2100-01-01',
    })
    const trees = ['--registry', 'registry.json', '--status', 'status.json']
    await cli('issue', 'request.json', '--issuer', 'gov.json', ...trees, '--out', 'issued.json')
    const hold = ['soul', 'hold', '--issued', 'issued.json', '--blinding', 'blinding.json']
    await Promise.all([
      cli(...hold, '--soul', 'alice.json', '--status', 'status.json', '--out', 'held.json'),
      cli(
        'registry',
        'roots',
        'status.json',
        'registry.json',
        '--issuer',
        `${issuer['id']}`,
        '--out',
        'roots.json',
      ),
    ])
    await folder.write('policy.json', {
      version: 1,
      schemas: { 'citizenship/1': { country: 'string', birthDate: 'date' } },
      sbts: { passport: { issuers: [issuer['id']], schema: 'citizenship/1' } },
      require: {
        all: [
          { claim: 'passport.country', eq: 'CA' },
          { claim: 'passport.birthDate', lte: { now: -568025136 } },
        ],
      },
      reveal: ['passport.country'],
    })
    await cli(...PROVE, ...CONTEXT, '--out', 'proof.json')
  })

  after(() => folder.remove())

  it('keeps keys, salts and claims to their owner, and keys encrypted', async () => {
    for (const name of ['alice.json', 'gov.json', 'blinding.json', 'issued.json', 'held.json']) {
      assert.equal((await stat(join(folder.path, name))).mode & 0o777, 0o600, name)
    }
    for (const name of ['alice.json', 'gov.json']) {
      assert.deepEqual(Object.keys(await folder.json(name)), ['version', 'kind', 'kdf', 'cipher'])
    }
  })

  it('shows the public part of keys', async () => {
    const [soul, issuer] = await Promise.all([
      cli('soul', 'show', '--soul', 'alice.json'),
      cli('issuer', 'show', '--issuer', 'gov.json'),
    ])
    assert.deepEqual(Object.keys(soul), ['commitment', 'publicKey'])
    assert.equal(issuer['id'], (await folder.json('policy.json')).sbts.passport.issuers[0])
  })

  it('leaves nothing of the holder in the proof but what is revealed', async () => {
    const proof = await folder.json('proof.json')
    assert.deepEqual(proof.revealed, { 'passport.country': 'CA' })
    const { sbt, salt } = await folder.json('held.json')
    for (const value of [sbt.hash, sbt.leaf, sbt.holder, salt]) {
      assert(!JSON.stringify(proof).includes(value))
    }
  })

  it('verifies what was proved, with development keys only if asked', async () => {
    const [accepted, refused] = await Promise.all([
      attempt('verify', 'proof.json', ...EXPECT, ...CONTEXT, DEVELOPMENT),
      attempt('verify', 'proof.json', ...EXPECT, ...CONTEXT),
    ])
    assert.equal(accepted.code, 0, accepted.stderr)
    const { valid, nullifier, revealed } = JSON.parse(accepted.stdout)
    assert.deepEqual([valid, revealed], [true, { 'passport.country': 'CA' }])
    assert.match(nullifier, /^[1-9][0-9]+$/)
    assert.match(accepted.stderr, /warning: .*development key/)
    assert.equal(refused.code, 1)
    assert.match(JSON.parse(refused.stdout).reason, /development key/)
  })

  it('attack: a tampered envelope, another scope, another clock are refused with exit code 1', async () => {
    const proof = await folder.json('proof.json')
    const signals = [...proof.publicSignals]
    signals[3] = `${BigInt(signals[3]) + 1n}`
    await folder.write('nullifier.json', { ...proof, publicSignals: signals })
    await folder.write('revealed.json', { ...proof, revealed: { 'passport.country': 'US' } })
    await folder.write('half.json', { ...proof, proof: undefined })
    const verify = (file: string, ...more: string[]): Promise<Outcome> =>
      attempt('verify', file, ...EXPECT, DEVELOPMENT, ...more)
    const outcomes = [
      ...(await Promise.all([verify('nullifier.json', ...CONTEXT), verify('revealed.json', ...CONTEXT)])),
      ...(await Promise.all([
        verify('half.json', ...CONTEXT),
        verify('proof.json', '--scope', 'airdrop-2', '--message', 'recipient 7'),
      ])),
      await verify('proof.json', ...CONTEXT, '--now', '4000000000'),
    ]
    const reasons = outcomes.map(({ code, stdout, stderr }) => {
      assert.equal(code, 1, stderr)
      const result = JSON.parse(stdout)
      assert.equal(result.valid, false)
      assert(stderr.includes(result.reason))
      return result.reason.split(':')[0]
    })
    assert.deepEqual(reasons, [
      'proof',
      'revealed.passport.country',
      'proof',
      'publicSignals.scope',
      'publicSignals.now',
    ])
  })

  it('checks, identifies and explains the policy, also from stdin', async () => {
    const policy = await folder.text('policy.json')
    const [checked, digest, words] = await Promise.all([
      cli('policy', 'check', 'policy.json'),
      succeed(['policy', 'digest', '-'], { cwd: folder.path, stdin: policy }),
      cli('policy', 'explain', 'policy.json'),
    ])
    assert.equal(checked['statement'], 'policy-s')
    assert.equal(checked['digest'], digest['digest'])
    assert.match((words['explanation'] as string[]).join('\n'), /passport\.country is "CA"/)
  })

  it('never replaces a file unasked, and changes no tree if it cannot write all', async () => {
    const before = await folder.snapshot()
    const issue = ['issue', 'request.json', '--issuer', 'gov.json', '--status', 'status.json']
    const outcomes = await Promise.all([
      attempt('soul', 'create', '--out', 'alice.json'),
      attempt('soul', 'blind', '--soul', 'alice.json', '--out', 'blinding.json'),
    ])
    outcomes.push(
      ...(await Promise.all([
        attempt('registry', 'create', 'registry.json', '--kind', 'issued'),
        attempt(...issue, '--out', 'issued.json'),
      ])),
    )
    for (const { code, stdout, stderr } of outcomes) {
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, /exists; --force replaces it/)
    }
    const nowhere = await attempt(...issue, '--out', join('missing', 'issued.json'))
    assert.equal(nowhere.code, 2)
    assert.match(nowhere.stderr, /cannot be written/)
    await folder.write('status.json.lock', '')
    const locked = await attempt(...issue, '--out', 'new.json')
    assert.equal(locked.code, 1)
    assert.match(locked.stderr, /status\.json is being changed by another run/)
    await folder.delete('status.json.lock')
    assert.deepEqual(await folder.snapshot(), before)
  })

  it('refuses a wrong passphrase and says so', async () => {
    const o = { cwd: folder.path, env: { SOULPROOF_PASSPHRASE: 'hunter2-hunter2' } }
    await folder.write('passphrase.txt', 'correct horse battery staple\n')
    const [wrong, file, none] = await Promise.all([
      run(['soul', 'show', '--soul', 'alice.json'], o),
      run(['soul', 'show', '--soul', 'alice.json', '--passphrase-file', 'passphrase.txt'], o),
      run(['soul', 'show', '--soul', 'alice.json'], { ...o, env: { SOULPROOF_PASSPHRASE: '' } }),
    ])
    assert.equal(wrong.code, 1)
    assert.equal(wrong.stderr, 'refused: soul file: wrong passphrase, or the file was altered\n')
    assert.equal(file.code, 0)
    assert.equal(none.code, 2)
    assert.match(none.stderr, /passphrase: must not be empty/)
  })

  it('proves and verifies membership of a group, some of whose members were removed', async () => {
    const { commitment } = importSoul({ secret: 123456789n })
    await folder.write('source.json', { secret: '123456789' })
    const imported = await cli('soul', 'import', 'source.json', '--out', 'bob.json')
    assert.equal(imported['commitment'], commitment.toString())
    await folder.write('group.json', { members: ['5', '0', commitment.toString(), '7'] })
    const about = ['--group', 'group.json', '--scope-field', '12', '--message', 'yes']
    await cli('prove', '--soul', 'bob.json', ...about, '--out', 'member.json')
    const [accepted, other] = await Promise.all([
      cli('verify', 'member.json', ...about, DEVELOPMENT),
      attempt('verify', 'member.json', '--root', '99', ...about.slice(2), DEVELOPMENT),
    ])
    assert.equal(accepted['valid'], true)
    assert.equal(other.code, 1)
    const outsider = await attempt('prove', '--soul', 'alice.json', ...about)
    assert.equal(outsider.code, 1)
    assert.match(outsider.stderr, /not a member/)
    assert.equal(outsider.stdout, '')
  })

  it('attack: after revoking in both trees no anchor of the SBT is good any more', async () => {
    await cli(
      'soul',
      'hold',
      '--issued',
      'issued.json',
      '--blinding',
      'blinding.json',
      '--anchor',
      'registered',
      '--out',
      'registered.json',
    )
    const revoked = (await cli(
      'registry',
      'revoke',
      'status.json',
      'registry.json',
      '--sbt',
      'issued.json',
    )) as never as {
      revoked: number[]
    }[]
    assert.deepEqual(
      revoked.map((tree) => tree.revoked),
      [[0], [0]],
    )
    const [id] = (await folder.json('policy.json')).sbts.passport.issuers
    await cli(
      'registry',
      'roots',
      'status.json',
      'registry.json',
      '--issuer',
      id,
      '--out',
      'roots.json',
      '--force',
    )
    const outcomes = [
      ...(await Promise.all([
        attempt('soul', 'hold', '--issued', 'held.json', '--status', 'status.json'),
        attempt('soul', 'hold', '--issued', 'registered.json', '--registry', 'registry.json'),
      ])),
      ...(await Promise.all([
        attempt(...PROVE, ...CONTEXT, '--out', 'after.json'),
        attempt('verify', 'proof.json', ...EXPECT, ...CONTEXT, DEVELOPMENT),
      ])),
    ]
    for (const { code, stderr } of outcomes) assert.equal(code, 1, stderr)
    assert.match(outcomes[2]!.stderr, /^refused: /)
    assert.doesNotMatch(outcomes[2]!.stderr, /1990|"CA"/)
    await assert.rejects(folder.text('after.json'))
  })
})
