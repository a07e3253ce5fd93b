import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { zKey } from 'snarkjs'
import { knownPhase1 } from '../../scripts/lib/known-phase1.js'
import { type CeremonyCircuit, ceremonyCircuit } from '../../src/ceremony/circuit.js'
import { contribute } from '../../src/ceremony/key.js'
import { authenticatePhase1, HERMEZ } from '../../src/ceremony/phase1.js'
import {
  acceptContribution,
  acceptFolder,
  addBeacon,
  contributeToTurn,
  createCeremony,
  exportCeremony,
  pinOf,
  type Receipt,
  readCeremony,
  recordDrop,
  writeTurn,
} from '../../src/ceremony/store.js'
import {
  formatTranscript,
  headOf,
  parseTranscript,
  type Transcript,
  transcriptHash,
} from '../../src/ceremony/transcript.js'
import { verifyCeremony } from '../../src/ceremony/verify.js'
import { CeremonyError } from '../../src/errors.js'
import { writeSections } from '../../src/formats/sections.js'
import { openZkey, ZKEY_SECTION } from '../../src/formats/zkey.js'
import { writeAtomically } from '../../src/setup/write.js'
import { readTestPhase1 } from '../support/phase1.js'

const CIRCUITS = { multiplier: 'test/circuits/multiplier.circom', six: 'test/circuits/six-signals.circom' }

/** Random bytes that are the same in every run. */
const random = (seed: string) => (length: number) =>
  new Uint8Array(createHash('shake256', { outputLength: length }).update(seed).digest())

describe('ceremony: the folder and its transcript', () => {
  let root: string
  let whole: string
  let phase1: { bytes: Uint8Array; hash: string }
  let circuits: Record<string, CeremonyCircuit>
  const receipts: Receipt[] = []
  let count = 0
  const fresh = (): string => join(root, `folder-${count++}`)
  const copy = async (): Promise<string> => {
    const folder = fresh()
    await cp(whole, folder, { recursive: true })
    return folder
  }
  const contributeAs = async (name: string, turn: string, out = fresh()): Promise<string> => {
    await contributeToTurn({
      turn,
      out,
      name,
      attestation: `I am ${name}`,
      entropy: '',
      random: random(name),
    })
    return out
  }
  const sources = async (statement: string) => circuits[statement] as CeremonyCircuit

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'soulproof-ceremony-'))
    const bytes = await readTestPhase1(8)
    phase1 = { bytes, hash: createHash('blake2b512').update(bytes).digest('hex') }
    circuits = {}
    for (const [name, source] of Object.entries(CIRCUITS)) circuits[name] = await ceremonyCircuit({ source })
    whole = fresh()
    await createCeremony({ folder: whole, name: 'test', phase1, circuits })
    for (const name of ['alice', 'bob']) {
      const turn = fresh()
      await writeTurn({ folder: whole, out: turn })
      const { receipt } = await acceptFolder({ folder: whole, from: await contributeAs(name, turn) })
      receipts.push(receipt)
    }
    await recordDrop({ folder: whole, name: 'carol', reason: 'no answer' })
    const value = new Uint8Array(32).fill(9)
    await addBeacon({ folder: whole, name: 'beacon', attestation: 'nines', value, iterationsExp: 10 })
  })
  after(async () => {
    await rm(root, { recursive: true })
    // snarkjs's threads keep Node alive.
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  })

  const refused = (folder: string, culprit: string, reason: RegExp, o: { hash?: string } = {}) =>
    assert.rejects(
      verifyCeremony({ folder, phase1Hash: phase1.hash, sources, receipts, ...o }),
      (error: unknown) => {
        assert.ok(error instanceof CeremonyError, String(error))
        assert.equal(error.culprit, culprit, error.message)
        assert.match(error.message, reason)
        return true
      },
    )

  it('is verified from files alone, with receipts and sources', async () => {
    const { transcript, complete, hash } = await verifyCeremony({ folder: whole, receipts, sources })
    assert.equal(complete, true)
    assert.equal(hash, transcriptHash(transcript))
    assert.deepEqual(
      transcript.steps.map(({ name }) => name),
      ['alice', 'bob', 'beacon'],
    )
    assert.deepEqual(
      transcript.dropped.map(({ name }) => name),
      ['carol'],
    )
  })

  it('names every file of which any byte is altered, that is truncated, longer or gone', async () => {
    const files = (await readdir(whole, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(whole.length + 1))
    assert.equal(files.length, 2 + 2 * (3 + 4))
    const folder = await copy()
    const bytesOf = await Promise.all(files.map(async (file) => readFile(join(whole, file))))
    const check = async (i: number, altered: Uint8Array | undefined): Promise<void> => {
      const path = join(folder, files[i]!)
      if (altered) await writeFile(path, altered)
      else await rm(path)
      await refused(folder, files[i]!, /./)
      await writeFile(path, bytesOf[i]!)
    }
    for (const [i, bytes] of bytesOf.entries()) {
      await check(i, undefined)
      await check(i, bytes.subarray(0, bytes.length - 1))
      await check(i, Buffer.concat([bytes, Buffer.of(0)]))
    }
    const flip = fc.tuple(fc.nat(files.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(flip, async ([i, position, mask]) => {
        const bytes = Buffer.from(bytesOf[i]!)
        bytes[position % bytes.length]! ^= mask
        await check(i, bytes)
      }),
      { numRuns: 60, seed: 7 },
    )
    await verifyCeremony({ folder, receipts, sources })
  })

  it('names a key that no step names', async () => {
    const folder = await copy()
    await cp(join(folder, 'six/0003.zkey'), join(folder, 'six/0004.zkey'))
    await refused(folder, 'six/0004.zkey', /not named by the transcript/)
  })

  /** Alters the transcript and writes it with every hash made again: those of files, of steps and its own. */
  const forge = async (folder: string, change: (transcript: Transcript) => void): Promise<Transcript> => {
    const transcript = structuredClone(await readCeremony(folder))
    change(transcript)
    const forged = transcript as unknown as {
      statements: Record<string, { files: Record<string, unknown> }>
      steps: { keys: Record<string, object>; previous: string }[]
    }
    for (const [statement, { files }] of Object.entries(forged.statements)) {
      for (const file of Object.keys(files)) {
        const bytes = await readFile(join(folder, statement, file)).catch(() => undefined)
        if (bytes) files[file] = pinOf(bytes)
      }
      for (const [i, { keys }] of forged.steps.entries()) {
        const file = `${String(i + 1).padStart(4, '0')}.zkey`
        const bytes = await readFile(join(folder, statement, file)).catch(() => undefined)
        if (bytes && keys[statement]) Object.assign(keys[statement], pinOf(bytes))
      }
    }
    forged.steps.forEach((step, i) => {
      step.previous = headOf({ ...transcript, steps: transcript.steps.slice(0, i) })
    })
    await writeFile(join(folder, 'transcript.json'), formatTranscript(transcript))
    return transcript
  }

  it('finds a key whose points were altered, with every hash made again', async () => {
    for (const [section, name] of [
      [ZKEY_SECTION.c, 'C'],
      [ZKEY_SECTION.h, 'H'],
    ] as const) {
      for (const file of ['0001.zkey', '0002.zkey', '0003.zkey']) {
        const folder = await copy()
        const path = join(folder, 'six', file)
        const sections = new Map(openZkey(new Uint8Array(await readFile(path))).sections)
        const points = sections.get(section)!.slice()
        points.copyWithin(0, 64, 128)
        sections.set(section, points)
        await writeFile(path, writeSections({ magic: 'zkey', version: 1, sections: [...sections] }))
        await forge(folder, () => undefined)
        await refused(folder, `six/${file}`, new RegExp(`${name} is not the initial one divided by delta`))
      }
    }
  })

  it('finds circuits, initial keys and generators that were exchanged, with every hash made again', async () => {
    const cases: [string, string, RegExp][] = [
      ['circuit.r1cs', 'six/circuit.r1cs', /not what the sources give/],
      ['circuit.wasm', 'six/circuit.wasm', /not what the sources give/],
      ['circuit.sym', 'six/circuit.sym', /not what the sources give/],
      ['0000.zkey', 'six/0000.zkey', /not the initial key of this circuit/],
    ]
    for (const [file, culprit, reason] of cases) {
      const folder = await copy()
      await cp(join(folder, 'multiplier', file), join(folder, 'six', file))
      await forge(folder, () => undefined)
      await refused(folder, culprit, reason)
    }
    // Without sources, a foreign circuit is found because the initial key is not of it.
    const folder = await copy()
    await cp(join(folder, 'multiplier/circuit.r1cs'), join(folder, 'six/circuit.r1cs'))
    await forge(folder, (transcript) => {
      const { multiplier, six } = transcript.statements as unknown as Record<string, Record<string, unknown>>
      for (const size of ['constraints', 'wires', 'publicSignals']) six![size] = multiplier![size]
    })
    await assert.rejects(verifyCeremony({ folder }), /six\/0000\.zkey: is not the initial key/)
  })

  it('finds a contribution that was skipped, exchanged or put in another order, with every hash made again', async () => {
    const folder = await copy()
    for (const statement of ['six', 'multiplier']) {
      await cp(join(folder, statement, '0002.zkey'), join(folder, statement, '0001.zkey'))
      await cp(join(folder, statement, '0003.zkey'), join(folder, statement, '0002.zkey'))
      await rm(join(folder, statement, '0003.zkey'))
    }
    await forge(folder, (transcript) => {
      ;(transcript.steps as unknown[]).shift()
    })
    await refused(folder, 'multiplier/0001.zkey', /adds 2 contributions/)

    const exchanged = await copy()
    const path = join(exchanged, 'six/0000.zkey')
    const zkey = new Uint8Array(await readFile(path))
    const other = await contribute({ zkey, random: random('mallory')(64), entropy: '', name: 'alice' })
    await writeFile(join(exchanged, 'six/0001.zkey'), other.zkey)
    await forge(exchanged, (transcript) => {
      Object.assign(transcript.steps[0]!.keys['six']!, { contributionHash: other.contributionHash })
    })
    await refused(exchanged, 'six/0002.zkey', /skips contribution 1/)
  })

  it('finds an altered value anywhere in the transcript, with every hash made again', async () => {
    const original = await readCeremony(whole)
    const paths: (string | number)[][] = []
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (typeof value !== 'object' || value === null) return void paths.push(path)
      for (const [key, part] of Object.entries(value))
        walk(part, [...path, Array.isArray(value) ? Number(key) : key])
    }
    walk(original, [])
    // Pins and the chain are made again, so that nothing of such an alteration stays. One statement stands for both.
    const altered = paths.filter((path) => !/bytes|sha256|previous|multiplier/.test(path.join('.')))
    assert.ok(altered.length > 30)
    // What only its authors know: held together by the transcript's hash, which contributors and manifests name.
    const words =
      /^(name|toolchain|dropped\.\d\.\w+|statements\.\w+\.sourceHash|steps\.\d\.(at|attestation))$/
    const folder = await copy()
    const text = await readFile(join(folder, 'transcript.json'))
    for (const path of altered) {
      await writeFile(join(folder, 'transcript.json'), text)
      await forge(folder, (transcript) => {
        const last = path.at(-1)!
        const owner = path
          .slice(0, -1)
          .reduce((value, key) => (value as never)[key], transcript as never) as never
        const value = owner[last] as string | number
        const other =
          typeof value === 'number' ? value + 1 : value.replace(/.$/, (end) => (end === '0' ? '1' : '0'))
        ;(owner as Record<string | number, unknown>)[last] = other
      })
      const label = path.join('.')
      await refused(folder, 'transcript.json', /./, { hash: transcriptHash(original) })
      const verdict = verifyCeremony({ folder, phase1Hash: phase1.hash })
      if (words.test(label)) await verdict
      else await assert.rejects(verdict, CeremonyError, label)
    }
  })

  it('finds a contributor whose words were altered, by the receipt', async () => {
    const folder = await copy()
    await forge(folder, (transcript) => {
      Object.assign(transcript.steps[1]!, { attestation: 'I am somebody else' })
    })
    await refused(folder, 'transcript.json', /does not have contribution 2 as its receipt says/)
  })

  it('refuses transcripts of unknown versions, and those that were written in another way', async () => {
    const text = await readFile(join(whole, 'transcript.json'), 'utf8')
    const { hash: _, ...json } = JSON.parse(text)
    for (const version of [0, 2, '1', null]) {
      const other = JSON.stringify({ ...json, version })
      assert.throws(() => parseTranscript(other), /version is unknown.*docs\/migrations\.md/)
    }
    assert.throws(() => parseTranscript(JSON.stringify(JSON.parse(text))), /does not have the hash/)
    assert.throws(
      () => parseTranscript(text.replace('"name"', '"constructor": 1, "name"')),
      /does not have the hash/,
    )
    assert.throws(() => parseTranscript('{'), /is not JSON/)
  })

  it('authenticates phase 1 by the published hash or the given one only', async () => {
    assert.throws(() => authenticatePhase1({ bytes: phase1.bytes }), /no published list names/)
    const hash = phase1.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    assert.throws(() => authenticatePhase1({ bytes: phase1.bytes, hash }), /does not have the BLAKE2b-512/)
    assert.equal(authenticatePhase1(phase1).source, 'given')
    for (const hash of Object.values(HERMEZ)) assert.match(hash, /^[0-9a-f]{128}$/)
    // As if it had been published: the file of another day is refused all the same.
    const truncated = phase1.bytes.slice(0, -64)
    assert.throws(() => authenticatePhase1({ bytes: truncated, hash: phase1.hash }), CeremonyError)
    const given = createHash('blake2b512').update(truncated).digest('hex')
    assert.throws(() => authenticatePhase1({ bytes: truncated, hash: given }), /truncated/)
  })

  it('refuses circuits that are too large for phase 1', async () => {
    const { bytes: small } = await knownPhase1(2)
    const hash = createHash('blake2b512').update(small).digest('hex')
    const create = createCeremony({
      folder: fresh(),
      name: 'small',
      phase1: { bytes: small, hash },
      circuits,
    })
    await assert.rejects(create, /needs a phase 1 of power/)
  })

  it('goes on after a contributor was interrupted, and after a beginning was', async () => {
    const folder = fresh()
    await createCeremony({ folder, name: 'again', phase1, circuits })
    const files = await readdir(folder)
    assert.ok(files.includes('transcript.json'))
    await assert.rejects(
      createCeremony({ folder, name: 'again', phase1, circuits }),
      /the ceremony has begun/,
    )
    // As if it had been killed before its end.
    await rm(join(folder, 'transcript.json'))
    await rm(join(folder, 'six/0000.zkey'))
    const before = (await stat(join(folder, 'multiplier/0000.zkey'))).mtimeMs
    const made = await createCeremony({ folder, name: 'again', phase1, circuits })
    assert.equal((await stat(join(folder, 'multiplier/0000.zkey'))).mtimeMs, before)
    assert.deepEqual((await readdir(folder)).sort(), ['multiplier', 'phase1.ptau', 'six', 'transcript.json'])
    // Killed between two statements: what was made is not made again, unless it was damaged or is of other inputs.
    const inputs = `${pinOf(circuits['six']!.r1cs).sha256} ${phase1.hash}`
    for (const [zkey, isKept] of [
      [pinOf(new Uint8Array(7)).sha256, true],
      ['0'.repeat(64), false],
    ] as const) {
      await rm(join(folder, 'transcript.json'))
      await writeFile(join(folder, 'six/0000.zkey'), new Uint8Array(7))
      await writeFile(join(folder, 'begun.json'), JSON.stringify({ six: { inputs, zkey } }))
      const again = createCeremony({ folder, name: 'again', phase1, circuits })
      // Seven zeros stand for a key, so that it shows whether they were taken.
      if (isKept) await assert.rejects(again, /six: proving key is truncated/)
      else assert.deepEqual((await again).statements, made.statements)
      await writeFile(join(folder, 'transcript.json'), formatTranscript(made))
    }

    const turn = fresh()
    await writeTurn({ folder, out: turn })
    const out = await contributeAs('alice', turn)
    const kept = await readFile(join(out, 'multiplier.zkey'))
    await rm(join(out, 'six.zkey'))
    await rm(join(out, 'contribution.json'))
    const o = { turn, out, name: 'alice', attestation: '', entropy: '', random: random('later') }
    const receipt = await contributeToTurn(o)
    assert.deepEqual(await readFile(join(out, 'multiplier.zkey')), kept)
    const { transcript } = await acceptFolder({ folder, from: out })
    assert.deepEqual(
      transcript.steps[0]!.keys['multiplier']!.contributionHash,
      receipt.contributions['multiplier'],
    )
    // A key that was damaged meanwhile is not kept.
    await writeFile(join(out, 'six.zkey'), kept)
    await contributeToTurn(o)
  })

  it('takes what snarkjs made, without a receipt, under the name in its keys only', async () => {
    const folder = fresh()
    await createCeremony({ folder, name: 'snarkjs', phase1, circuits })
    const [turn, out] = [fresh(), fresh()]
    await writeTurn({ folder, out: turn })
    for (const statement of Object.keys(CIRCUITS)) {
      const made = { type: 'mem', data: new Uint8Array() }
      const data = new Uint8Array(await readFile(join(turn, `${statement}.zkey`)))
      await zKey.contribute({ type: 'mem', data } as never, made as never, 'dora', 'entropy')
      await writeAtomically(join(out, `${statement}.zkey`), made.data)
    }
    await assert.rejects(acceptFolder({ folder, from: out }), /contribution\.json: cannot be read/)
    await assert.rejects(
      acceptFolder({ folder, from: out, name: 'emil' }),
      /multiplier\.zkey: has another name/,
    )
    const { receipt } = await acceptFolder({ folder, from: out, name: 'dora' })
    assert.equal(receipt.index, 1)
    await verifyCeremony({ folder, receipts: [receipt] })
  })

  it('refuses a turn whose keys were altered, contributions of another turn, and any after the beacon', async () => {
    const folder = fresh()
    await createCeremony({ folder, name: 'turns', phase1, circuits })
    const turn = fresh()
    await writeTurn({ folder, out: turn })
    const [alice, bob] = [await contributeAs('alice', turn), await contributeAs('bob', turn)]
    await acceptFolder({ folder, from: alice })
    await assert.rejects(acceptFolder({ folder, from: bob }), /is for turn 1, but it is turn 2/)
    await assert.rejects(acceptFolder({ folder, from: alice }), /is for turn 1, but it is turn 2/)
    const keys = Object.fromEntries(
      await Promise.all(
        Object.keys(CIRCUITS).map(async (name) => [
          name,
          new Uint8Array(await readFile(join(bob, `${name}.zkey`))),
        ]),
      ),
    )
    const accept = acceptContribution({ folder, name: 'bob', attestation: '', keys })
    await assert.rejects(accept, /multiplier\.zkey: skips contribution 1/)
    assert.equal((await readCeremony(folder)).steps.length, 1)

    const next = fresh()
    await writeTurn({ folder, out: next })
    await writeFile(join(next, 'six.zkey'), keys['six'] as Uint8Array)
    await assert.rejects(contributeAs('carol', next), /six\.zkey: is truncated/)
    const over = await copy()
    await assert.rejects(writeTurn({ folder: over, out: fresh() }), /the ceremony is over/)
    await assert.rejects(
      addBeacon({ folder: over, name: 'b', attestation: '', value: new Uint8Array(1), iterationsExp: 10 }),
      /the ceremony is over/,
    )
  })

  it('refuses a beacon without contributions, whose secret everybody would know, and keys without a beacon', async () => {
    const folder = fresh()
    await createCeremony({ folder, name: 'nobody', phase1, circuits })
    const beacon = { folder, name: 'beacon', attestation: '', value: new Uint8Array(32), iterationsExp: 10 }
    await assert.rejects(addBeacon(beacon), /has no contribution/)
    await assert.rejects(exportCeremony({ folder, out: fresh() }), /has no beacon yet/)
  })
})
