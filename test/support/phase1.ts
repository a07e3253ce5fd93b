import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildBn128 } from 'ffjavascript'
import { powersOfTau } from 'snarkjs'
import { defaultCacheDir } from '../../src/setup/build.js'

const BEACON = '736f756c70726f6f6620746573742070686173652031206f66206e6f2076616c'

/**
 * Returns the path of a prepared phase 1 made by snarkjs, kept in the cache. Its only contribution is a beacon that
 * everybody knows: the same bytes everywhere, and worth nothing.
 */
export async function testPhase1(power: number): Promise<string> {
  const folder = join(defaultCacheDir(), 'phase1')
  const path = join(folder, `test_${power}.ptau`)
  if (existsSync(path)) return path
  await mkdir(folder, { recursive: true })
  const part = (name: string): string => `${path}.${process.pid}.${name}`
  const curve = await buildBn128(true)
  await powersOfTau.newAccumulator(curve, power, part('new'))
  await powersOfTau.beacon(part('new'), part('beacon'), 'test', BEACON, 10)
  await powersOfTau.preparePhase2(part('beacon'), part('done'))
  await rename(part('done'), path)
  for (const name of ['new', 'beacon']) await rm(part(name))
  // Its threads keep Node alive.
  await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  return path
}

/** Returns the bytes of {@link testPhase1}. */
export async function readTestPhase1(power: number): Promise<Uint8Array> {
  return new Uint8Array(await readFile(await testPhase1(power)))
}
