import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArtifactError } from '../../src/errors.js'
import { openZkey } from '../../src/formats/zkey.js'
import { buildStatement, compileCircuit, hashSources } from '../../src/setup/build.js'
import { writeAtomically } from '../../src/setup/write.js'

const MULTIPLIER = 'test/circuits/multiplier.circom'

describe('setup: building circuits', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulproof-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('compiles to the same bytes in a fresh cache, and takes them from the cache then', async () => {
    const cacheDir = join(folder, 'cache')
    const [first, twin] = await Promise.all([
      compileCircuit({ file: MULTIPLIER, cacheDir }),
      compileCircuit({ file: MULTIPLIER, cacheDir }),
    ])
    assert.deepEqual(twin, first)
    assert.deepEqual(await compileCircuit({ file: MULTIPLIER }), first)
    const [key] = await readdir(join(cacheDir, 'circuits'))
    const { mtimeMs } = await stat(join(cacheDir, 'circuits', key!))
    assert.deepEqual(await compileCircuit({ file: MULTIPLIER, cacheDir }), first)
    assert.deepEqual(await readdir(join(cacheDir, 'circuits')), [key])
    assert.equal((await stat(join(cacheDir, 'circuits', key!))).mtimeMs, mtimeMs)
  })

  it('hashes included files as well, and independently of the folder', async () => {
    const write = (name: string, text: string) => writeFile(join(folder, name), text)
    await write('part.circom', 'pragma circom 2.2.3;')
    await write('main.circom', '// include "gone.circom";\ninclude "part.circom";')
    const hash = await hashSources({ file: join(folder, 'main.circom') })
    await write('part.circom', 'pragma circom 2.2.2;')
    assert.notEqual(await hashSources({ file: join(folder, 'main.circom') }), hash)

    const copy = join(folder, 'copy.d')
    await writeAtomically(join(copy, 'main.circom'), await readFile(join(folder, 'main.circom')))
    await writeAtomically(join(copy, 'part.circom'), 'pragma circom 2.2.3;')
    assert.equal(await hashSources({ file: join(copy, 'main.circom') }), hash)
  })

  it('refuses a missing file, a missing include and a circuit that does not compile', async () => {
    const compile = (name: string) => compileCircuit({ file: join(folder, name), cacheDir: folder })
    await assert.rejects(compile('absent.circom'), ArtifactError)
    await writeFile(join(folder, 'includes.circom'), 'include "absent.circom";')
    await assert.rejects(compile('includes.circom'), /includes absent\.circom/)
    await writeFile(join(folder, 'broken.circom'), 'pragma circom 2.2.3; template T() { signal x }')
    await assert.rejects(compile('broken.circom'), (error: Error) => {
      assert.ok(error instanceof ArtifactError)
      assert.match(error.message, /does not compile[\s\S]*error/)
      return true
    })
    assert.deepEqual((await readdir(join(folder, 'circuits'))).length, 0)
  })

  it('makes all of a statement, and mends a damaged key in the cache', async () => {
    const cacheDir = join(folder, 'statement')
    const o = { name: 'multiplier', source: MULTIPLIER, cacheDir }
    const built = await buildStatement(o)
    assert.equal(built.entry.constraints, 2)
    assert.equal(built.entry.publicSignals, 4)
    assert.equal(built.entry.provenance.kind, 'development')
    assert.equal(built.entry.artifacts['multiplier.zkey']!.bytes, built.zkey.length)
    const [key] = await readdir(join(cacheDir, 'keys'))
    await writeFile(join(cacheDir, 'keys', key!), built.zkey.subarray(0, 100))
    const again = await buildStatement(o)
    openZkey(again.zkey)
    assert.deepEqual(again.entry, built.entry)
  })

  it('writes only what differs', async () => {
    const path = join(folder, 'sub', 'file')
    assert.equal(await writeAtomically(path, 'text'), true)
    assert.equal(await writeAtomically(path, 'text'), false)
    assert.equal(await writeAtomically(path, 'other'), true)
    assert.equal(await readFile(path, 'utf8'), 'other')
    assert.deepEqual(await readdir(join(folder, 'sub')), ['file'])
  })
})
