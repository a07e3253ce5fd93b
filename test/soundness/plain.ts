import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type R1cs, readR1cs } from '../../src/formats/r1cs.js'
import { readSymbols, type Symbols } from '../../src/formats/symbols.js'
import { defaultCacheDir, hashSources, toolchain } from '../../src/setup/build.js'
import { runCircom } from '../../src/setup/compiler.js'
import { writeAtomically } from '../../src/setup/write.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')
const INCLUDE = [join(ROOT, 'circuits', 'lib'), join(ROOT, 'node_modules')]

/** A constraint system with the names of its signals. */
export interface System {
  readonly r1cs: R1cs
  readonly symbols: Symbols
  /** Names of private inputs that the compiler replaced by forms. */
  readonly eliminated?: readonly string[]
}

/** Writes the text of a circuit where {@link compilePlain} and `compileCircuit` find it. */
export async function writeSource(text: string): Promise<string> {
  const name = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const file = join(defaultCacheDir(), 'wrappers', `wrapper-${name}.circom`)
  await writeAtomically(file, text)
  return file
}

/**
 * Compiles a circuit without any simplification (`--O0`), so that every signal of the source is a wire; or takes the result
 * from the cache.
 *
 * @param o.includePaths  by default the gadgets and `node_modules`
 */
export async function compilePlain(o: { file: string; includePaths?: readonly string[] }): Promise<System> {
  const { file, includePaths = INCLUDE } = o
  const key = createHash('sha256')
    .update(JSON.stringify(['plain', toolchain(), await hashSources({ file, includePaths })]))
    .digest('hex')
  const folder = join(defaultCacheDir(), 'plain', key)
  const read = async (): Promise<System> => ({
    r1cs: readR1cs(await readFile(join(folder, 'circuit.r1cs'))),
    symbols: readSymbols(await readFile(join(folder, 'circuit.sym'))),
  })
  const cached = await read().catch(() => undefined)
  if (cached) return cached
  const temporary = `${folder}.${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    const path = (absolute: string): string => relative(ROOT, absolute)
    const libraries = includePaths.flatMap((one) => ['-l', path(one)])
    const args = [path(file), '--r1cs', '--sym', '--O0', ...libraries, '-o', path(temporary)]
    const { code, words } = await runCircom({ args, folder: ROOT })
    assert.equal(code, 0, words)
    const name = basename(file, '.circom')
    for (const part of ['r1cs', 'sym']) {
      await rename(join(temporary, `${name}.${part}`), join(temporary, `circuit.${part}`))
    }
    await mkdir(dirname(folder), { recursive: true })
    await rename(temporary, folder).catch(() => undefined)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return read()
}
