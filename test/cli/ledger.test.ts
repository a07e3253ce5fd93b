import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { entryToJson, rebuildLedger, ledgerRoot as rootOf, type TallyEntry } from '../../src/ledger/index.js'
import { Folder, type Outcome, run, succeed } from './run.js'

const NAME = { id: 'eip155:1:0xc7', categories: ['unpaid', 'defaults'] }
const CREATE = ['--id', NAME.id, '--category', 'unpaid', '--category', 'defaults']
const CONTEXT = ['--scope', 'flat 12', '--message', 'application 3']
const DEVELOPMENT = '--allow-development-keys'
const AT = 1_700_000_000n

const entryOf = (handle: bigint, amount: bigint): TallyEntry => ({
  ...{ handle, category: 0, amount, ref: 1n, at: AT },
})

describe('cli: ledgers', () => {
  let folder: Folder
  let handle: bigint
  const cli = (...args: string[]): Promise<Record<string, unknown>> => succeed(args, { cwd: folder.path })
  const attempt = (...args: string[]): Promise<Outcome> => run(args, { cwd: folder.path })
  const append = (name: string, entries: readonly TallyEntry[]): Promise<unknown> =>
    folder.write(name, entries.map(entryToJson)).then(() => cli('ledger', 'append', 'credit', name))

  before(async () => {
    folder = await Folder.create()
    const [, issuer] = await Promise.all([
      cli('soul', 'create', '--out', 'alice.json'),
      cli('issuer', 'create', '--out', 'gov.json'),
      cli('ledger', 'create', 'credit', ...CREATE),
    ])
    const [own, { holder }] = await Promise.all([
      cli('ledger', 'handle', '--soul', 'alice.json', '--id', NAME.id),
      cli('soul', 'blind', '--soul', 'alice.json', '--out', 'blinding.json'),
    ])
    handle = BigInt(String(own['handle']))
    await folder.write('request.json', {
      schema: { name: 'citizenship/1', claims: { country: 'string' } },
      ...{ holder, claims: { country: 'CA' }, statusId: 1, issuedAt: Number(AT) - 1000 },
    })
    await cli('issue', 'request.json', '--issuer', 'gov.json', '--out', 'issued.json')
    const hold = ['soul', 'hold', '--issued', 'issued.json', '--blinding', 'blinding.json']
    await cli(...hold, '--out', 'held.json')
    await folder.write('issuers.json', { issuers: { [String(issuer['id'])]: {} } })
    await folder.write('policy.json', {
      version: 1,
      schemas: { 'citizenship/1': { country: 'string' } },
      sbts: { passport: { issuers: [issuer['id']], schema: 'citizenship/1', revocation: 'none' } },
      ledgers: { credit: NAME },
      require: { all: [{ has: 'passport' }, { ledger: 'credit.unpaid.sum', lte: 0 }] },
    })
  })

  after(() => folder.remove())

  it('appends, applies, opens and shows a root that anybody recomputes from the queue', async () => {
    const entries = [entryOf(5n, 400n), entryOf(handle, 700n), entryOf(handle, -700n)]
    await append('first.json', entries.slice(0, 2))
    await append('second.json', entries.slice(2))
    const waiting = await cli('ledger', 'root', 'credit')
    assert.deepEqual([waiting['length'], waiting['waiting'], waiting['queueLength']], ['3', '3', '0'])
    const part = await cli('ledger', 'apply', 'credit', '--limit', '1')
    assert.equal(part['root'], String(rootOf(rebuildLedger({ ...NAME, entries: entries.slice(0, 1) }))))
    const all = await cli('ledger', 'apply', 'credit')
    assert.equal(all['root'], String(rootOf(rebuildLedger({ ...NAME, entries }))))
    const kept = JSON.parse((await attempt('ledger', 'root', 'credit', '--all')).stdout)
    assert.deepEqual(
      kept.map(({ queueLength }: { queueLength: string }) => queueLength),
      ['0', '1', '3'],
    )
    assert.deepEqual(await cli('ledger', 'entries', 'credit'), entries.map(entryToJson))
    const mine = await cli('ledger', 'entries', 'credit', '--soul', 'alice.json')
    assert.deepEqual(mine, entries.slice(1).map(entryToJson))
    const [{ leaf }, old] = [
      (await cli('ledger', 'proof', 'credit', '--soul', 'alice.json')) as never as {
        leaf: { handle: string; tallies: readonly { count: string; sum: string }[] }
      },
      (await cli(
        ...['ledger', 'proof', 'credit', '--handle', String(handle), '--root', String(part['root'])],
      )) as never as { leaf: { handle: string } },
    ]
    assert.deepEqual([leaf.handle, leaf.tallies[0]], [String(handle), { count: '2', sum: '0' }])
    assert.notEqual(old.leaf.handle, String(handle), 'a gap, at the root from before')
  })

  it('audits a published root: another one, or one of another length, is refused with exit code 1', async () => {
    const { root } = await cli('ledger', 'root', 'credit')
    const audit = (value: string, length: string, ...more: string[]): Promise<Outcome> =>
      attempt('ledger', 'audit', 'credit', '--root', value, '--length', length, ...more)
    assert.equal((await audit(String(root), '3')).code, 0)
    await folder.write(
      'altered.json',
      [entryOf(5n, 401n), entryOf(handle, 700n), entryOf(handle, -700n)].map(entryToJson),
    )
    for (const outcome of [
      await audit(String(BigInt(String(root)) + 1n), '3'),
      await audit(String(root), '2'),
      await audit(String(root), '4'),
      await audit(String(root), '3', '--entries', 'altered.json'),
    ]) {
      assert.equal(outcome.code, 1, outcome.stderr)
      assert.equal(JSON.parse(outcome.stdout).valid, false)
    }
  })

  it('proves a policy that reads the ledger, and verifies it with the freshness that is asked for', async () => {
    await cli('ledger', 'roots', 'credit', '--add-to', 'issuers.json', '--at', `${AT}`, '--out', 'roots.json')
    await cli('ledger', 'proof', 'credit', '--soul', 'alice.json', '--out', 'opening.json')
    const policy = ['--policy', 'policy.json', '--roots', 'roots.json']
    const now = ['--now', `${AT + 100n}`]
    const prove = ['prove', '--soul', 'alice.json', '--sbt', 'held.json', ...policy, ...CONTEXT, ...now]
    const without = await attempt(...prove)
    assert.equal(without.code, 1)
    assert.match(without.stderr, /has no opening of ledger credit/)
    await cli('ledger', 'proof', 'credit', '--handle', '5', '--out', 'others.json')
    const others = await attempt(...prove, '--ledger', 'others.json')
    assert.equal(others.code, 1)
    assert.match(others.stderr, /says nothing of this Soul/)
    await cli(...prove, '--ledger', 'opening.json', '--out', 'proof.json')

    const verify = (...more: string[]): Promise<Outcome> =>
      attempt('verify', 'proof.json', ...policy, ...CONTEXT, ...now, DEVELOPMENT, ...more)
    const fresh = ['--min-queue-length', 'credit=3', '--max-ledger-age', `${NAME.id}=100`]
    for (const { code, stderr } of [await verify(), await verify(...fresh)]) assert.equal(code, 0, stderr)
    for (const stale of [
      ['--min-queue-length', 'credit=4'],
      ['--max-ledger-age', 'credit=99'],
    ]) {
      const { code, stdout } = await verify(...stale)
      assert.deepEqual([code, JSON.parse(stdout).valid], [1, false])
    }
    for (const malformed of ['credit', '=3', 'credit=x', 'rent=3']) {
      assert.equal((await verify('--min-queue-length', malformed)).code, 2, malformed)
    }
    // An entry later, the old root is another than the one that the verifier accepts.
    await append('later.json', [entryOf(handle, 50n)])
    await cli('ledger', 'apply', 'credit')
    await cli('ledger', 'roots', 'credit', '--add-to', 'roots.json', '--out', 'later-roots.json')
    const later = ['--policy', 'policy.json', '--roots', 'later-roots.json']
    const old = await attempt('verify', 'proof.json', ...later, ...CONTEXT, ...now, DEVELOPMENT)
    assert.equal(old.code, 1)
  })

  it('refuses what is no ledger, a second one in its place, malformed entries and strange openings', async () => {
    const malformed = { ...entryToJson(entryOf(1n, 1n)), amount: '007' }
    await folder.write('malformed.json', [entryToJson(entryOf(1n, 1n)), malformed])
    const length = (await cli('ledger', 'root', 'credit'))['length']
    const [append, again, none, both] = [
      await attempt('ledger', 'append', 'credit', 'malformed.json'),
      await attempt('ledger', 'create', 'credit', ...CREATE),
      await attempt('ledger', 'root', 'nothing'),
      await attempt('ledger', 'proof', 'credit', '--handle', '1', '--soul', 'alice.json'),
    ]
    assert.equal(append.code, 2)
    assert.match(append.stderr, /entries\[1\]\.amount/)
    assert.equal((await cli('ledger', 'root', 'credit'))['length'], length, 'none of them is appended')
    assert.deepEqual([again.code, none.code, both.code], [1, 2, 2])
    assert(!(await readdir(folder.path)).includes('nothing'), 'asking makes no folder')
    const unknown = await attempt('ledger', 'proof', 'credit', '--handle', '1', '--root', '7')
    assert.equal(unknown.code, 1)
  })

  it('copies a ledger, names damage, and repairs from the queue or from entries elsewhere', async () => {
    const before = await cli('ledger', 'root', 'credit')
    await cli('ledger', 'entries', 'credit', '--out', 'queue.json')
    await cli('ledger', 'backup', 'credit', 'copy')
    assert.deepEqual(await cli('ledger', 'root', 'copy'), before)

    const damage = async (part: string): Promise<void> => {
      const path = join(folder.path, 'copy', part)
      for (const name of (await readdir(path)).filter((file) => /\.(ldb|log)$/.test(file))) {
        await writeFile(join(path, name), 'damaged')
      }
    }
    await damage('tree')
    const named = await attempt('ledger', 'root', 'copy')
    assert.equal(named.code, 1)
    assert.match(named.stderr, /refused: the tree is damaged/)
    await cli('ledger', 'repair', 'copy')
    assert.equal((await cli('ledger', 'root', 'copy'))['root'], before['root'])

    await damage('queue')
    assert.equal((await attempt('ledger', 'repair', 'copy', ...CREATE)).code, 1)
    await cli('ledger', 'repair', 'copy', ...CREATE, '--entries', 'queue.json')
    assert.equal((await cli('ledger', 'root', 'copy'))['root'], before['root'])
  })
})
