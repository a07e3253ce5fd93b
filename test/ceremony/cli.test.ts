import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { knownPhase1 } from '../../scripts/lib/known-phase1.js'
import { writeSections } from '../../src/formats/sections.js'
import { openZkey, ZKEY_SECTION } from '../../src/formats/zkey.js'
import { COMMAND, Folder, type Outcome, run, succeed } from '../cli/run.js'

/** A command that goes on while others run. */
class Background {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  output = ''

  constructor(args: readonly string[], cwd: string) {
    this.child = spawn(process.execPath, [...COMMAND, ...args], { cwd })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
  }

  /** Waits until the output has it. */
  async until(form: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = form.exec(this.output)
      if (found) return found
      assert.equal(this.child.exitCode, null, this.output)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

describe('ceremony: from the command line alone', () => {
  let folder: Folder
  let background: Background | undefined
  const cli = (...args: string[]): Promise<Record<string, unknown>> => succeed(args, { cwd: folder.path })
  const ceremony = (...args: string[]): Promise<Record<string, unknown>> => cli('ceremony', ...args)
  const attempt = (...args: string[]): Promise<Outcome> => run(args, { cwd: folder.path })
  const serve = async (...options: string[]): Promise<string> => {
    background = new Background(['ceremony', 'serve', 'ours', '--port', '0', ...options], folder.path)
    const [, url] = await background.until(/"url": "([^"]+)"/)
    return url as string
  }

  before(async () => {
    folder = await Folder.create()
  })
  after(async () => {
    background?.child.kill('SIGKILL')
    await folder.remove()
  })

  it('five contributors, one gone in the middle and one cheating, make keys that prove without development keys', async () => {
    const phase1 = await knownPhase1(13)
    const unknown = await attempt(
      'ceremony',
      'init',
      'ours',
      '--phase1',
      phase1.path,
      '--statement',
      'membership',
    )
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /phase1\.ptau: has a BLAKE2b-512 that no published list names/)
    const begin = ['--phase1', phase1.path, '--phase1-hash', phase1.hash, '--statement', 'membership']
    await ceremony('init', 'ours', ...begin)

    // Two over HTTP, at the same time.
    const url = await serve('--contributions', '2')
    await folder.write('words.txt', 'I threw dice and broke the disk.')
    const receipts = await Promise.all(
      ['Alice', 'Bob'].map((name) =>
        ceremony(
          'join',
          url,
          '--name',
          name,
          '--attestation',
          'words.txt',
          '--out',
          name,
          '--poll-seconds',
          '1',
        ),
      ),
    )
    assert.equal(await background!.ended, 0, background!.output)
    assert.deepEqual(receipts.map(({ index }) => index).sort(), [1, 2])

    // One who is gone in the middle of the turn.
    const again = await serve('--turn-seconds', '1')
    const carol = new Background(
      ['ceremony', 'join', again, '--name', 'Carol', '--out', 'Carol'],
      folder.path,
    )
    await background!.until(/turn: Carol/)
    carol.child.kill('SIGKILL')
    await carol.ended
    await background!.until(/dropped: Carol: the turn passed/)
    background!.child.kill('SIGINT')
    assert.equal(await background!.ended, 0, background!.output)

    // One who cheats: points that are not what they should be, in a file whose every hash is right.
    await ceremony('turn', 'ours', '--out', 'for-mallory')
    await ceremony('contribute', 'for-mallory', '--name', 'Mallory', '--out', 'Mallory')
    const path = join(folder.path, 'Mallory', 'membership.zkey')
    const honest = new Uint8Array(await readFile(path))
    const sections = new Map(openZkey(honest).sections)
    const points = sections.get(ZKEY_SECTION.h)!.slice()
    points.copyWithin(0, 64, 128)
    sections.set(ZKEY_SECTION.h, points)
    await writeFile(path, writeSections({ magic: 'zkey', version: 1, sections: [...sections] }))
    const cheat = await attempt('ceremony', 'accept', 'ours', 'Mallory')
    assert.equal(cheat.code, 1)
    assert.match(cheat.stderr, /refused: membership\.zkey: H is not the initial one divided by delta/)
    await ceremony('drop', 'ours', '--name', 'Mallory', '--reason', 'sent points that were altered')

    // One by files.
    await ceremony('turn', 'ours', '--out', 'for-erin')
    receipts.push(await ceremony('contribute', 'for-erin', '--name', 'Erin', '--out', 'Erin'))
    await ceremony('accept', 'ours', 'Erin')
    const beacon = ['--value', '00000000000000000001', '--iterations', '10', '--attestation', 'block 1']
    const { hash } = await ceremony('beacon', 'ours', ...beacon)

    for (const [i, receipt] of receipts.entries()) await folder.write(`receipt-${i}.json`, receipt)
    const named = receipts.flatMap((_, i) => ['--receipt', `receipt-${i}.json`])
    const verify = ['verify', 'ours', '--hash', `${hash}`, '--phase1-hash', phase1.hash, ...named]
    const report = await ceremony(...verify)
    assert.equal(report['valid'], true)
    assert.deepEqual((report['steps'] as { name: string }[]).map(({ name }) => name).sort(), [
      'Alice',
      'Bob',
      'Erin',
      'beacon',
    ])
    assert.deepEqual(
      (report['dropped'] as { name: string }[]).map(({ name }) => name),
      ['Carol', 'Mallory'],
    )

    await ceremony('export', 'ours', '--out', 'keys', '--packed')
    const manifest = await folder.json('keys/manifest.json')
    assert.deepEqual(manifest.statements.membership.provenance, {
      kind: 'ceremony',
      transcript: hash,
      contributions: 3,
    })

    // Packed, as pages load them, they are enough.
    const lengths = await Promise.all(
      ['membership.wasm', 'membership.zkey'].map(async (file) => {
        const [plain, packed] = [`keys/${file}`, `keys/${file}.pack`].map((name) => join(folder.path, name))
        const sizes = await Promise.all(
          [plain, packed].map(async (path) => (await stat(path as string)).size),
        )
        await rm(plain as string)
        return sizes as [number, number]
      }),
    )
    for (const [plain, packed] of lengths) assert.ok(packed < plain / 4)

    // Keys that prove, and verify without allowing development keys.
    await cli('soul', 'create', '--out', 'alice.json')
    const { commitment } = await cli('soul', 'show', '--soul', 'alice.json')
    await folder.write('members.json', { members: ['5', commitment, '7'] })
    const context = ['--group', 'members.json', '--scope', 'poll-7', '--message', 'yes']
    const keys = ['--manifest', 'keys/manifest.json']
    await cli('prove', '--soul', 'alice.json', ...context, ...keys, '--out', 'proof.json')
    const envelope = await folder.json('proof.json')
    assert.equal(envelope.version, 2)
    assert.deepEqual(envelope.provenance, manifest.statements.membership.provenance)
    const good = await attempt('verify', 'proof.json', ...context, ...keys)
    assert.equal(good.code, 0, good.stderr)
    assert.equal(JSON.parse(good.stdout).valid, true)
    assert.match(
      good.stderr,
      new RegExp(`membership: key of a ceremony with 3 contributions, transcript ${hash}`),
    )

    // Neither kind of key is taken for the other.
    const own = await attempt('verify', 'proof.json', ...context)
    assert.match(own.stderr, /verificationKeyHash: is not of the verifier's key/)
    for (const provenance of [
      { kind: 'development' },
      { ...envelope.provenance, contributions: 300 },
      { ...envelope.provenance, transcript: '0'.repeat(64) },
    ]) {
      await folder.write('lie.json', { ...envelope, provenance })
      const lie = await attempt('verify', 'lie.json', ...context, ...keys)
      assert.equal(lie.code, 1)
      assert.match(lie.stderr, /provenance: is not that of the verifier's key/)
    }

    const solidity = await attempt('export', 'solidity', '--statement', 'membership', ...keys)
    const [first] = solidity.stdout.split('\n')
    assert.equal(first, `// Key of a ceremony with 3 contributions; SHA-256 of its transcript: ${hash}`)
    assert.match(solidity.stdout, /bool public constant isDevelopmentKey = false;/)
  })
})
