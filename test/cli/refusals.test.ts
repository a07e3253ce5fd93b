import assert from 'node:assert/strict'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { Folder, type Outcome, run } from './run.js'

const SECRET = '31415926535897932384626433832795028841971'
const KEY = 'correct-but-not-json-314159265358979'

/** Per verb: bad input, and what the one line on stderr has to name. */
const CASES: readonly {
  readonly args: readonly string[]
  readonly names: RegExp
  readonly stdin?: string
}[] = [
  { args: ['soul', 'create'], names: /--out/ },
  {
    args: ['soul', 'create', '--out', 'x.json', `--passphrase=${SECRET}`],
    names: /unknown option --passphrase;/,
  },
  { args: ['soul', 'create', SECRET, '--out', 'x.json'], names: /too many arguments/ },
  {
    args: ['soul', 'import', '-', '--out', 'x.json'],
    stdin: `{"secret":"${SECRET}x"}`,
    names: /source\.secret/,
  },
  {
    args: ['soul', 'import', '-', '--out', 'x.json'],
    stdin: `{"secret":${SECRET}}`,
    names: /source\.secret/,
  },
  {
    args: ['soul', 'import', '-', '--out', 'x.json'],
    stdin: `secret: ${SECRET}`,
    names: /source: stdin is not JSON/,
  },
  {
    args: ['soul', 'import', '-', '--out', 'x.json'],
    stdin: `{"semaphore":"${SECRET}!"}`,
    names: /semaphore/,
  },
  { args: ['soul', 'show', '--soul', 'broken.json'], names: /--soul: broken\.json is not JSON/ },
  { args: ['soul', 'hold', '--issued', 'claims.json'], names: /issued: has an unknown key/ },
  { args: ['issuer', 'create', '--out', 'x.json', '--bits', '12'], names: /unknown option --bits/ },
  {
    args: ['issuer', 'show', '--issuer', 'absent.json'],
    names: /--issuer: absent\.json cannot be read \(ENOENT\)/,
  },
  { args: ['issue', 'claims.json', '--issuer-id', 'eddsa:1:2'], names: /issuer\.id/ },
  {
    args: [
      'issue',
      'claims.json',
      '--issuer-id',
      'eip155:1:0x00000000000000000000000000000000000000aa',
      '--out',
      'x.json',
    ],
    names: /request\.claims\.birthDate/,
  },
  { args: ['issue', 'claims.json'], names: /--issuer or --issuer-id/ },
  { args: ['registry', 'create', 'x.json', '--kind', SECRET], names: /--kind/ },
  { args: ['registry', 'insert', 'other-tree.json', '--leaf', '-1'], names: /--leaf/ },
  { args: ['registry', 'revoke', 'tree.json', '--index', '5'], names: /index/ },
  { args: ['registry', 'proof', 'tree.json'], names: /one of --sbt, --leaf, --index/ },
  { args: ['registry', 'root', 'forged.json'], names: /registry\.root: does not follow/ },
  { args: ['policy', 'check', 'policy.json'], names: /require\.all\[1\]/ },
  { args: ['policy', 'digest', '-'], stdin: '[]', names: /policy/ },
  { args: ['policy', 'explain', '-'], stdin: '', names: /policy: stdin is not JSON/ },
  {
    args: ['policy', 'set', '-'],
    stdin: `{"type":"uint","values":["${SECRET}"]}`,
    names: /set\.values\[0\]/,
  },
  {
    args: ['prove', '--soul', 'broken.json', '--scope', 'a', '--message', 'b'],
    names: /--policy or --group/,
  },
  { args: ['prove', '--soul', 'x', '--group', 'g', '--scope', 'a', '--scope-field', '1'], names: /--scope/ },
  {
    args: ['prove', '--soul', 'x', '--group', 'g', '--scope', 'a', '--message', 'b', '--engine', 'x'],
    names: /engine/,
  },
  {
    args: ['verify', 'broken.json', '--root', '1', '--scope', 'a', '--message', 'b'],
    names: /proof: broken\.json/,
  },
  { args: ['verify', 'tree.json', '--root', '0x1', '--scope', 'a', '--message', 'b'], names: /--root/ },
  { args: ['setup', '--chekc'], names: /unknown option --chekc/ },
  { args: ['setup', '--rebuild'], names: /--rebuild goes with --check/ },
  { args: ['setup', '--check', '--statement', 'x'], names: /--statement must be one of/ },
  { args: ['setup', '--plonk', '--statement', 'policy-m'], names: /--statement must be one of/ },
  { args: ['setup', '--phase1', 'x.ptau', '--out', 'keys'], names: /--phase1 goes with --plonk/ },
  { args: ['setup', '--plonk', '--phase1', 'x.ptau'], names: /--phase1 and --out go together/ },
  { args: ['setup', '--plonk', '--phase1', 'x.ptau', '--out', 'keys', '--check'], names: /--check compares/ },
  { args: ['export', 'solidity', '--verification-key', 'tree.json'], names: /verificationKey/ },
  {
    args: ['export', 'solidity', '--verification-key', 'unsafe.json', '--out', 'x.sol'],
    names: /vk_gamma_2 equals/,
  },
  {
    args: ['export', 'solidity', '--statement', 'policy-s', '--contract-name', 'a b'],
    names: /contractName/,
  },
  { args: ['bench', '--runs', '0'], names: /--runs/ },
  { args: ['bench', '--statement', 'policy-x'], names: /--statement/ },
  { args: ['bench', '--engine', 'abacus'], names: /--engine/ },
]

describe('cli: bad input of each verb', () => {
  let folder: Folder
  const outcomes = new Map<(typeof CASES)[number], Outcome>()
  let filesBefore: Record<string, string>
  let filesAfter: Record<string, string>

  before(async () => {
    folder = await Folder.create()
    await folder.write('broken.json', `{"secret": ${KEY}`)
    await folder.write('claims.json', {
      schema: { name: 'citizenship/1', claims: { birthDate: 'date' } },
      holder: '12',
      claims: { birthDate: SECRET },
    })
    const root = '17246586734894168265112266963200606530710644744521791774170567941230295667185'
    await folder.write('tree.json', { version: 1, kind: 'issued', root, leaves: [] })
    // Changed at the same time as the other: a tree has a lock.
    await folder.write('other-tree.json', { version: 1, kind: 'issued', root, leaves: [] })
    await folder.write('forged.json', { version: 1, kind: 'issued', root, leaves: ['1'] })
    await folder.write('policy.json', {
      version: 1,
      schemas: { a: { x: 'uint' } },
      sbts: { a: { issuers: ['eip155:1:0x00000000000000000000000000000000000000aa'], schema: 'a' } },
      require: { all: [{ has: 'a' }, { claim: 'a.x', eq: SECRET }] },
    })
    const { key } = VERIFICATION_KEYS['policy-s']!
    await folder.write('unsafe.json', { ...key, vk_delta_2: key.vk_gamma_2 })
    filesBefore = await folder.snapshot()
    const waiting = [...CASES]
    const worker = async (): Promise<void> => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const { args, stdin = '' } = one
        outcomes.set(one, await run(args, { cwd: folder.path, stdin }))
      }
    }
    await Promise.all([worker(), worker(), worker()])
    filesAfter = await folder.snapshot()
  })

  after(() => folder.remove())

  for (const one of CASES) {
    it(`${one.args.join(' ').replaceAll(SECRET, '…')} names ${one.names.source}`, () => {
      const { code, stdout, stderr } = outcomes.get(one)!
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, one.names)
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
      assert.doesNotMatch(stderr, /^\s+at /m)
    })
  }

  it('attack: no secret reaches the output through an error', () => {
    for (const { stdout, stderr } of outcomes.values()) {
      for (const secret of [SECRET, SECRET.slice(0, 12), KEY, KEY.slice(0, 8)]) {
        assert(!`${stdout}${stderr}`.includes(secret), stderr)
      }
    }
  })

  it('writes nothing, not even in part', () => {
    assert.deepEqual(filesAfter, filesBefore)
  })
})
