import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readR1cs } from '../../src/formats/r1cs.js'
import { PACKED } from '../../src/prover/artifacts.js'
import { defaultCacheDir } from '../../src/setup/build.js'
import { readHeader } from '../../src/wire/header.js'
import { packGeneratorArtifact, packKeyArtifact } from '../../src/wire/pack.js'

const WIRE = fileURLToPath(new URL('../../src/wire', import.meta.url))
const ZKEYS = fileURLToPath(new URL('../../zkeys', import.meta.url))

/**
 * Packs a statement's witness generator and proving key as they go over a network, beside those of a folder, by default
 * zkeys/, and returns the paths. What was packed before comes from the cache, by the hashes of the artifact and of what packs.
 */
export async function packArtifactFiles(statement: string, folder = ZKEYS): Promise<string[]> {
  const read = async (part: string): Promise<Uint8Array> =>
    new Uint8Array(await readFile(join(folder, `${statement}.${part}`)))
  const [wasm, zkey] = [await read('wasm'), await read('zkey')]
  return [
    await packOne({
      path: join(folder, `${statement}.wasm`),
      bytes: wasm,
      pack: async () => packGeneratorArtifact(wasm),
    }),
    await packOne({
      path: join(folder, `${statement}.zkey`),
      bytes: zkey,
      pack: async () => packKeyArtifact({ zkey, r1cs: readR1cs(await read('r1cs')) }),
    }),
  ]
}

async function packOne(o: {
  path: string
  bytes: Uint8Array
  pack: () => Promise<Uint8Array>
}): Promise<string> {
  const { bytes, pack } = o
  const hash = createHash('sha256').update(bytes).digest('hex')
  const kept = join(defaultCacheDir(), 'packed', `${hash}-${await packersHash()}`)
  const known = await readFile(kept).catch(() => undefined)
  const whole = known && readHeader(known)?.packed === known.length
  const packed = whole ? known : await pack()
  if (packed !== known) await writeWhole(kept, packed)
  const path = `${o.path}${PACKED}`
  await writeWhole(path, packed)
  return path
}

let packers: Promise<string> | undefined

/** Hash of the sources that pack. */
function packersHash(): Promise<string> {
  packers ??= (async () => {
    const hash = createHash('sha256')
    for (const file of (await readdir(WIRE)).sort()) hash.update(await readFile(join(WIRE, file)))
    return hash.digest('hex').slice(0, 16)
  })()
  return packers
}

/** Others may read or write the same file. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, bytes)
  await rename(temporary, path)
}
