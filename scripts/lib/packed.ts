import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readR1cs } from '../../src/formats/r1cs.js'
import { PACKED } from '../../src/prover/artifacts.js'
import { defaultCacheDir } from '../../src/setup/build.js'
import { unpackArtifact } from '../../src/wire/index.js'
import { packGeneratorArtifact, packKeyArtifact } from '../../src/wire/pack.js'

const ZKEYS = fileURLToPath(new URL('../../zkeys', import.meta.url))

/**
 * Packs a statement's witness generator and proving key as they go over a network, beside those in zkeys/, and returns the
 * paths. What was packed before comes from the cache, if it still unpacks to the same bytes.
 */
export async function packArtifactFiles(statement: string): Promise<string[]> {
  const read = async (part: string): Promise<Uint8Array> =>
    new Uint8Array(await readFile(join(ZKEYS, `${statement}.${part}`)))
  const [wasm, zkey] = [await read('wasm'), await read('zkey')]
  return [
    await packOne({ file: `${statement}.wasm`, bytes: wasm, pack: async () => packGeneratorArtifact(wasm) }),
    await packOne({
      file: `${statement}.zkey`,
      bytes: zkey,
      pack: async () => packKeyArtifact({ zkey, r1cs: readR1cs(await read('r1cs')) }),
    }),
  ]
}

async function packOne(o: {
  file: string
  bytes: Uint8Array
  pack: () => Promise<Uint8Array>
}): Promise<string> {
  const { file, bytes, pack } = o
  const kept = join(defaultCacheDir(), 'packed', createHash('sha256').update(bytes).digest('hex'))
  const known = await readFile(kept).catch(() => undefined)
  const right =
    known &&
    (await unpackArtifact({ bytes: new Uint8Array(known), length: bytes.length }).catch(() => undefined))
  const packed = known && right && Buffer.from(right).equals(bytes) ? known : await pack()
  if (packed !== known) await writeWhole(kept, packed)
  const path = join(ZKEYS, `${file}${PACKED}`)
  await writeWhole(path, packed)
  return path
}

/** Others may read or write the same file. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, bytes)
  await rename(temporary, path)
}
