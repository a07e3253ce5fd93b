import assert from 'node:assert/strict'
import { cp, readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { restoreBackup } from '../../src/backup/index.js'
import { openFeed } from '../../src/feed/index.js'
import { Registry } from '../../src/merkle/index.js'
import { rootsFromJson } from '../../src/policy/roots-json.js'
import { heldSbtFromJson, heldSbtToJson, verifySbt } from '../../src/sbt/index.js'
import { Folder, type Outcome, PASSPHRASE, runHere, succeed } from './run.js'

const NOW = 1_763_700_000
const clock = (after = 0): string[] => ['--now', `${NOW + after}`]

describe('cli: issuing, feeds, backups', () => {
  let folder: Folder
  let issuer: string
  let feed: string
  const attempt = (...args: string[]): Promise<Outcome> => runHere(args, { cwd: folder.path })
  const cli = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await attempt(...args)
    assert.equal(code, 0, stderr)
    return stdout === '' ? {} : JSON.parse(stdout)
  }
  const persons = ['--issuer', 'gov.json', '--persons', 'persons']
  const alice = [...persons, '--person', 'register 4711']
  const grant = (...more: string[]): string[] => {
    const trees = ['--status', 'status.json', '--registry', 'registry.json']
    return ['issuing', 'grant', 'request.json', ...trees, '--allow-development-keys', ...clock(9), ...more]
  }
  const trees = (): string[] => ['--tree', `${issuer}=status.json`, '--tree', `${issuer}=registry.json`]
  const publish = (to: string, ...more: string[]): string[] => {
    return ['feed', 'publish', to, '--key', 'feed.json', ...trees(), ...more]
  }
  const follow = (...more: string[]): string[] => ['--feed', feed, ...more]
  const verify = async () => {
    const held = heldSbtFromJson(await folder.json('held.json'))
    return verifySbt({ ...held, roots: rootsFromJson(await folder.json('roots.json')) })
  }

  const filesOf = async (name: string): Promise<unknown[]> => {
    const names = (await readdir(join(folder.path, name))).sort()
    return Promise.all(names.map(async (file) => [file, await folder.text(join(name, file))]))
  }

  before(async () => {
    folder = await Folder.create()
    const [gov, publisher] = [
      await cli('issuer', 'create', '--out', 'gov.json'),
      await cli('feed', 'create', '--out', 'feed.json'),
      await cli('soul', 'create', '--out', 'alice.json'),
      await cli('registry', 'create', 'status.json', '--kind', 'status'),
      await cli('registry', 'create', 'registry.json', '--kind', 'issued'),
    ]
    issuer = String(gov['id'])
    feed = String(publisher['feed'])
    await folder.write('content.json', {
      schema: { name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } },
      claims: { country: 'CA', birthDate: '1990-05-17' },
    })
    await cli('issuing', 'offer', 'content.json', ...alice, ...clock(), '--out', 'offer.json')
    const kept = ['--pending', 'pending.json', '--out', 'request.json']
    const known = ['--issuer-id', issuer, '--person', 'register 4711', ...clock(5)]
    // In a process of its own: threads of this one would not find their modules from another folder.
    const request = ['issuing', 'request', 'offer.json', '--soul', 'alice.json', ...known, ...kept]
    await succeed(request, { cwd: folder.path })
    await cli(...grant(...alice, '--out', 'issued.json'))
    const soul = ['--soul', 'alice.json', ...clock(9)]
    await cli('issuing', 'accept', 'issued.json', '--pending', 'pending.json', ...soul, '--out', 'held.json')
  })

  after(() => folder.remove())

  it('issues into the trees, once: the same request again gets the same SBT, another person is refused', async () => {
    const [status, registry] = [await folder.text('status.json'), await folder.text('registry.json')]
    assert.equal(JSON.parse(registry).leaves.length, 1)
    const again = await attempt(...grant(...alice))
    assert.equal(again.stdout, await folder.text('issued.json'), again.stderr)
    const other = await attempt(...grant(...persons, '--person', 'register 4712', '--out', 'other.json'))
    assert.equal(other.code, 1)
    assert.match(other.stderr, /^refused: subject: /m)
    // A run that was cut off after the person was recorded: the trees are brought up.
    await folder.write('status.json', { ...JSON.parse(status), leaves: [] })
    assert.equal((await attempt(...grant(...alice))).code, 0)
    assert.deepEqual(
      [await folder.text('status.json'), await folder.text('registry.json')],
      [status, registry],
    )
    await assert.rejects(folder.text('other.json'))
  })

  it('a feed keeps the holder’s openings fresh, over files and HTTP, until the SBT is revoked', async () => {
    const first = await cli(...publish('feed', ...clock(10)))
    assert.equal(first['sequence'], '0')
    const refresh = (place: string, after: number): Promise<Outcome> =>
      attempt(
        'feed',
        'refresh',
        place,
        ...follow('--state', 'state', '--sbt', 'held.json', '--out', 'roots.json'),
        ...clock(after),
      )
    const whole = await refresh('feed', 20)
    assert.equal(whole.code, 0, whole.stderr)
    assert.deepEqual(await verify(), { valid: true })
    await cli('registry', 'revoke', 'status.json', '--index', '500')
    assert.equal((await cli(...publish('feed', ...clock(30))))['sequence'], '1')
    const server = await serve(join(folder.path, 'feed'))
    try {
      const { port } = server.address() as AddressInfo
      const before = await folder.json('held.json')
      const later = await refresh(`http://127.0.0.1:${port}/`, 40)
      assert.equal(later.code, 0, later.stderr)
      assert.notDeepEqual(await folder.json('held.json'), before)
      assert.deepEqual(await verify(), { valid: true })
      // The tree came by its delta: nothing was asked for that names an issuer or a leaf.
      assert.deepEqual(asked(server), ['/head.json', '/entry-0.json', '/entry-1.json', '/deltas-1.json'])
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
    await cli('registry', 'revoke', 'status.json', 'registry.json', '--sbt', 'held.json')
    await cli(...publish('feed', ...clock(50)))
    const snapshot = await folder.text('held.json')
    const revoked = await refresh('feed', 60)
    assert.equal(revoked.code, 1)
    assert.match(revoked.stderr, /^refused: held\.json: revoked: /)
    assert.equal(await folder.text('held.json'), snapshot)
    assert.equal((await readdir(join(folder.path, 'state'))).length, 2)
  })

  it('attack: a stale feed, a fork and trees that take something back are refused', async () => {
    await cp(join(folder.path, 'feed'), join(folder.path, 'forked'), { recursive: true })
    const [checked] = [
      await cli('feed', 'check', 'feed', ...follow('--head', 'head.json'), ...clock(70)),
      await attempt('feed', 'publish', 'forked', '--key', 'feed.json', ...clock(80)),
    ]
    assert.deepEqual([checked['valid'], checked['sequence'], checked['checked']], [true, '2', 3])
    await cli(...publish('feed', ...clock(90)))
    const old = JSON.parse(await folder.text('status.json'))
    await folder.write('status.json', { ...old, root: EMPTY_ROOT, leaves: [] })
    const stamp = await filesOf('feed')
    const [stale, equivocated, takenBack] = [
      await attempt('feed', 'check', 'feed', ...follow(), ...clock(90 + 24 * 3600)),
      await attempt('feed', 'compare', 'feed', 'forked', ...follow('--out', 'proof.json')),
      await attempt(...publish('feed', ...clock(100))),
    ]
    assert.deepEqual([stale.code, JSON.parse(stale.stdout).problem], [1, 'stale'])
    assert.equal(equivocated.code, 1)
    assert.equal(takenBack.code, 1)
    assert.match(takenBack.stderr, /takes back what the entry before published/)
    assert.deepEqual(await filesOf('feed'), stamp)
    await cli('feed', 'check', 'feed', ...follow('--head', 'head.json'), ...clock(110))
    const [fork, convicted, acquitted] = [
      await attempt('feed', 'check', 'forked', ...follow('--head', 'head.json'), ...clock(110)),
      await attempt('feed', 'convict', 'proof.json', ...follow()),
      await attempt('feed', 'convict', 'proof.json', '--feed', issuer),
    ]
    assert.deepEqual([fork.code, JSON.parse(fork.stdout).problem], [1, 'fork'])
    assert.deepEqual(JSON.parse(fork.stdout).equivocation.entries.length, 2)
    assert.deepEqual([convicted.code, convicted.stdout], [0, '{\n  "proved": true\n}\n'])
    assert.equal(acquitted.code, 1)
  })

  it('a backup comes back bit for bit, into a new folder and whole; a damaged one is named', async () => {
    await folder.write('other.head.json', openFeed({ feed }))
    const heads = ['--feed', 'head.json', '--feed', 'other.head.json']
    const made = ['--soul', 'alice.json', '--sbt', 'held.json', '--blinding', 'pending.json', ...heads]
    await cli('backup', ...made, '--out', 'backup.json')
    const text = await folder.text('backup.json')
    assert.ok(!text.includes('citizenship'))
    const wallet = await restoreBackup({ backup: text, passphrase: PASSPHRASE })
    await folder.write('cut.json', text.slice(0, -100))
    await folder.write('newer.json', { version: 2, kind: 'backup' })
    const [restored, wrong, cut, newer] = [
      await attempt('restore', 'backup.json', '--out', 'restored'),
      await runHere(['restore', 'backup.json', '--out', 'wrong'], {
        cwd: folder.path,
        env: { SOULPROOF_PASSPHRASE: 'another' },
      }),
      await attempt('restore', 'cut.json', '--out', 'cut'),
      await attempt('restore', 'newer.json', '--out', 'newer'),
    ]
    assert.equal(restored.code, 0, restored.stderr)
    assert.equal(await folder.text('restored/sbt-1.held.json'), await folder.text('held.json'))
    assert.deepEqual(await folder.json('restored/sbt-1.held.json'), heldSbtToJson(wallet.sbts[0]!))
    assert.equal(await folder.text('restored/feed-1.head.json'), await folder.text('head.json'))
    const shown = await cli('soul', 'show', '--soul', 'restored/soul.json')
    assert.equal(shown['commitment'], wallet.soul.commitment.toString())
    for (const [outcome, problem] of [
      [wrong, 'passphrase'],
      [cut, 'truncated'],
      [newer, 'version'],
    ] as const) {
      assert.equal(outcome.code, 1)
      assert.match(outcome.stderr, new RegExp(`^refused: ${problem}: `))
    }
    const again = await attempt('restore', 'backup.json', '--out', 'restored')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /soul\.json exists/)
    const names = await readdir(folder.path)
    assert.deepEqual(
      names.filter((name) => ['wrong', 'cut', 'newer'].includes(name)),
      [],
    )
  })
})

const EMPTY_ROOT = new Registry().root.toString()

const requests = new WeakMap<Server, string[]>()

/** What a server of files was asked for. */
function asked(server: Server): string[] {
  return requests.get(server) ?? []
}

async function serve(path: string): Promise<Server> {
  const files = new Map<string, Buffer>(
    await Promise.all(
      (await readdir(path)).map(async (name) => [`/${name}`, await readFile(join(path, name))] as const),
    ),
  )
  const list: string[] = []
  const server = createServer(({ url = '' }, response) => {
    list.push(url)
    const file = files.get(url)
    response.writeHead(file === undefined ? 404 : 200).end(file)
  })
  requests.set(server, list)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
