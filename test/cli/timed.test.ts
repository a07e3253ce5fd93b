import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { Folder, type Outcome, run, succeed } from './run.js'

const CONTEXT = ['--scope', 'tickets', '--message', 'gate 4']
const DEVELOPMENT = '--allow-development-keys'
const AT = 1_700_000_000
const SQUARINGS = 40_000

describe('cli: timed policies', () => {
  let folder: Folder
  let bob: string
  const cli = (...args: string[]): Promise<Record<string, unknown>> => succeed(args, { cwd: folder.path })
  const attempt = (...args: string[]): Promise<Outcome> => run(args, { cwd: folder.path })
  const delay = ['--policy', 'policy.json', '--beacon', 'beacon.json']
  const now = ['--now', `${AT + 30}`]
  const verify = (file: string, receivedAt: number, ...more: string[]): Promise<Outcome> =>
    attempt(
      ...['verify', file, ...delay, '--roots', 'roots.json', ...CONTEXT, ...now, DEVELOPMENT, ...more],
      ...['--received-at', `${receivedAt}`],
    )

  before(async () => {
    folder = await Folder.create()
    const [, issuer, verifier] = await Promise.all([
      cli('soul', 'create', '--out', 'alice.json'),
      cli('issuer', 'create', '--out', 'gov.json'),
      cli('verifier', 'create', '--out', 'bob.json'),
    ])
    bob = String(verifier['verifierKey'])
    const { holder } = await cli('soul', 'blind', '--soul', 'alice.json', '--out', 'blinding.json')
    await folder.write('request.json', {
      schema: { name: 'citizenship/1', claims: { country: 'string' } },
      ...{ holder, claims: { country: 'CA' }, statusId: 1, issuedAt: AT - 1000 },
    })
    await cli('issue', 'request.json', '--issuer', 'gov.json', '--out', 'issued.json')
    const hold = ['soul', 'hold', '--issued', 'issued.json', '--blinding', 'blinding.json']
    await cli(...hold, '--out', 'held.json')
    await folder.write('roots.json', { issuers: { [String(issuer['id'])]: {} } })
    await folder.write('policy.json', {
      version: 1,
      schemas: { 'citizenship/1': { country: 'string' } },
      sbts: { passport: { issuers: [issuer['id']], schema: 'citizenship/1', revocation: 'none' } },
      require: { claim: 'passport.country', eq: 'CA' },
      timed: { squarings: SQUARINGS, window: 60, beacon: 'headline' },
    })
    const beacon = ['timed', 'beacon', '--source', 'headline', '--at', `${AT}`]
    await cli(...beacon, '--text', 'Rain expected', '--out', 'beacon.json')
    await cli(...beacon, '--text', 'Sun expected', '--out', 'sun.json')
  })

  after(() => folder.remove())

  it('proves; accepts it in time, refuses it late, early, and for another beacon', async () => {
    const prove = ['prove', '--soul', 'alice.json', '--sbt', 'held.json', '--roots', 'roots.json', ...CONTEXT]
    await cli(...prove, ...delay, ...now, '--out', 'proof.json')
    const inTime = await verify('proof.json', AT + 60)
    assert.equal(inTime.code, 0, inTime.stderr)
    for (const receivedAt of [AT + 61, AT - 1]) {
      const { code, stderr } = await verify('proof.json', receivedAt)
      assert.equal(code, 1)
      assert.match(stderr, /^refused: receivedAt/m)
    }
    const other = await attempt(
      ...['verify', 'proof.json', '--policy', 'policy.json', '--beacon', 'sun.json', '--roots', 'roots.json'],
      ...[...CONTEXT, ...now, DEVELOPMENT, '--received-at', `${AT + 60}`],
    )
    assert.equal(other.code, 1)
    const { delay: second, ...first } = await folder.json('proof.json')
    assert.equal(second.length, 2 * 384)
    await folder.write('first.json', first)
    assert.equal((await verify('first.json', AT + 60)).code, 1, 'the first part alone says nothing')
    const without = await attempt(...prove, '--policy', 'policy.json', ...now)
    assert.deepEqual([without.code, /--beacon is needed/.test(without.stderr)], [2, true])
  })

  it('evaluates with checkpoints, publishes, checks; another beacon and a changed output are refused', async () => {
    await cli(
      ...['timed', 'evaluate', ...delay, '--checkpoint', 'part.json', '--checkpoint-every', '8192'],
      ...['--out', 'delay.json'],
    )
    assert(!(await readdir(folder.path)).includes('part.json'), 'a checkpoint that is done goes')
    await cli('timed', 'publish', 'delay.json', ...delay, '--out', 'output.json')
    assert.deepEqual(await cli('timed', 'check', 'output.json', ...delay), { valid: true })
    const sun = ['--policy', 'policy.json', '--beacon', 'sun.json']
    const output = await folder.json('output.json')
    await folder.write('changed.json', { ...output, output: output.proof })
    const [otherBeacon, changed, foreign] = await Promise.all([
      attempt('timed', 'check', 'output.json', ...sun),
      attempt('timed', 'check', 'changed.json', ...delay),
      attempt('timed', 'publish', 'delay.json', ...sun),
    ])
    assert.deepEqual([otherBeacon.code, changed.code, foreign.code], [1, 1, 2])
    const evaluated = await folder.json('delay.json')
    await folder.write('wrong.json', { ...evaluated, output: output.proof })
    const wrong = await attempt('timed', 'publish', 'wrong.json', ...delay)
    assert.match(wrong.stderr, /evaluated.output must be what its trace leads to/)
  })

  it('a stranger forges after the delay, and a verifier simulates at any time: both verify as real ones do', async () => {
    const roots = ['--roots', 'roots.json', ...CONTEXT, ...now]
    await cli('timed', 'forge', '--evaluated', 'delay.json', ...delay, ...roots, '--out', 'forged.json')
    const forged = await verify('forged.json', AT + 60)
    assert.equal(forged.code, 0, forged.stderr)
    const key = ['--verifier-key', bob]
    await cli('simulate', '--verifier', 'bob.json', ...delay, ...roots, ...key, '--out', 'simulated.json')
    const simulated = await verify('simulated.json', AT + 60, ...key)
    assert.equal(simulated.code, 0, simulated.stderr)
    const [real, ...others] = await Promise.all(
      ['proof.json', 'forged.json', 'simulated.json'].map((file) => folder.json(file)),
    )
    for (const other of others) {
      assert.deepEqual(Object.keys(other), Object.keys(real))
      assert.equal(other.delay.length, real.delay.length)
    }
  })

  it('makes beacons of drand rounds and blocks, and refuses halves of them', async () => {
    const hex = 'ab'.repeat(32)
    const at = ['timed', 'beacon', '--at', '5']
    const drand = await cli(...at, '--drand', hex, '--round', '7', '--randomness', hex)
    assert.equal(drand['source'], `drand:${hex}`)
    const block = await cli(...at, '--chain-id', '1', '--number', '9', '--hash', `0x${hex}`)
    assert.equal(block['source'], 'eip155:1')
    for (const malformed of [
      ['--drand', hex, '--round', '7'],
      ['--text', 'a'],
      ['--text', 'a', '--source', 'b', '--hash', `0x${hex}`],
      [],
    ]) {
      assert.equal((await attempt(...at, ...malformed)).code, 2)
    }
  })
})
