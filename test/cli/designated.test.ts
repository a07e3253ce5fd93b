import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Folder, type Outcome, run, succeed } from './run.js'

const CHALLENGE = '5e'.repeat(32)
const SESSION = ['--session', 'loan 7']
const CONTEXT = ['--scope', 'loans', '--message', 'nonce 1']
const DEVELOPMENT = '--allow-development-keys'

describe('cli: designated verifiers', () => {
  let folder: Folder
  let bob: string
  let next: string
  const cli = (...args: string[]): Promise<Record<string, unknown>> => succeed(args, { cwd: folder.path })
  const attempt = (...args: string[]): Promise<Outcome> => run(args, { cwd: folder.path })

  before(async () => {
    folder = await Folder.create()
    const [first, second] = await Promise.all([
      cli('verifier', 'create', '--out', 'bob.json'),
      cli('verifier', 'create', '--out', 'next.json'),
    ])
    bob = String(first['verifierKey'])
    next = String(second['verifierKey'])
    await folder.write('policy.json', {
      version: 1,
      schemas: { 'citizenship/1': { country: 'string', birthDate: 'date' } },
      sbts: {
        passport: {
          issuers: ['eip155:1:0x00000000000000000000000000000000000000aa'],
          schema: 'citizenship/1',
          revocation: 'none',
        },
      },
      require: { claim: 'passport.birthDate', lte: { now: -568025136 } },
      reveal: ['passport.country'],
    })
    await folder.write('roots.json', { issuers: {} })
    await folder.write('members.json', { members: ['5', '6', '7'] })
    await folder.write('revealed.json', { 'passport.country': 'Utopia' })
  })

  after(() => folder.remove())

  it('keeps verifier keys encrypted and to their owner', async () => {
    assert.equal((await stat(join(folder.path, 'bob.json'))).mode & 0o777, 0o600)
    const file = await folder.json('bob.json')
    assert.deepEqual([Object.keys(file), file.kind], [['version', 'kind', 'kdf', 'cipher'], 'verifier'])
    const shown = await cli('verifier', 'show', '--verifier', 'bob.json')
    assert.equal(shown['verifierKey'], bob)
    const wrong = await run(['verifier', 'show', '--verifier', 'bob.json'], {
      cwd: folder.path,
      env: { SOULPROOF_PASSPHRASE: 'another' },
    })
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /^refused: verifier file: wrong passphrase/)
    const soul = await attempt('soul', 'show', '--soul', 'bob.json')
    assert.equal(soul.code, 2)
  })

  it('proves and checks possession; a replay, another purpose and another key are refused', async () => {
    const prove = ['verifier', 'possession', '--verifier', 'bob.json', '--challenge', CHALLENGE]
    await cli(...prove, ...SESSION, '--out', 'possession.json')
    const check = (key: string, challenge: string, session: string): Promise<Outcome> =>
      attempt(
        ...['verifier', 'check', 'possession.json', '--verifier-key', key],
        ...['--challenge', challenge, '--session', session],
      )
    const [valid, ...others] = await Promise.all([
      check(bob, CHALLENGE, 'loan 7'),
      check(bob, '5f'.repeat(32), 'loan 7'),
      check(bob, CHALLENGE, 'loan 8'),
      check(next, CHALLENGE, 'loan 7'),
    ])
    assert.deepEqual([valid!.code, JSON.parse(valid!.stdout)], [0, { valid: true }])
    for (const { code, stdout } of others) assert.deepEqual([code, JSON.parse(stdout)], [1, { valid: false }])
    assert.equal((await check(bob, '5e', 'loan 7')).code, 2)
  })

  it('derives a key for a session, the same each time', async () => {
    const derive = (out: string) =>
      cli('verifier', 'session', '--verifier', 'bob.json', ...SESSION, '--out', out)
    const [one, two] = await Promise.all([derive('one.json'), derive('two.json')])
    assert.equal(one['verifierKey'], two['verifierKey'])
    assert.notEqual(one['verifierKey'], bob)
  })

  it('announces and follows a rotation', async () => {
    const announce = ['verifier', 'rotate', '--verifier', 'bob.json', '--to', 'next.json', '--at', '1000']
    await cli(...announce, '--out', 'rotation.json')
    const follow = ['verifier', 'follow', 'rotation.json', '--now', '1000', '--verifier-key']
    assert.deepEqual(await cli(...follow, bob), { valid: true, verifierKey: next })
    assert.equal((await attempt(...follow, next)).code, 1)
  })

  it('simulates a proof of a policy that nobody satisfies, and the verifier accepts it', async () => {
    const policy = ['--policy', 'policy.json', '--roots', 'roots.json']
    const simulate = ['simulate', '--verifier', 'bob.json', ...policy, ...CONTEXT]
    await cli(
      ...simulate,
      ...['--verifier-key', bob, '--revealed', 'revealed.json', '--nullifier', '0', '--out', 'proof.json'],
    )
    const verify = ['verify', 'proof.json', ...policy, ...CONTEXT, DEVELOPMENT]
    assert.deepEqual(await cli(...verify, '--verifier-key', bob), {
      valid: true,
      nullifier: '0',
      revealed: { 'passport.country': 'Utopia' },
    })
    for (const key of [[], ['--verifier-key', next]]) {
      const refused = await attempt(...verify, ...key)
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /verifierKey/)
    }
    const [foreign, untold] = await Promise.all([
      attempt(...simulate, '--verifier-key', next, '--revealed', 'revealed.json'),
      attempt(...simulate, '--verifier-key', bob),
    ])
    assert.equal(foreign.code, 1)
    assert.match(foreign.stderr, /neither verifierKey nor verifierKey2/)
    assert.equal(untold.code, 2)
    assert.match(untold.stderr, /revealed.passport.country is needed/)
  })

  it('simulates membership of a group of strangers', async () => {
    const group = ['--group', 'members.json', ...CONTEXT]
    await cli('simulate', '--verifier', 'bob.json', ...group, '--verifier-key', bob, '--out', 'member.json')
    const result = await cli('verify', 'member.json', ...group, '--verifier-key', bob, DEVELOPMENT)
    assert.equal(result['valid'], true)
  })
})
