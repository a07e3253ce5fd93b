import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { PTAU_SECTION } from '../../src/formats/ptau.js'
import { writeSections, writeUint256 } from '../../src/formats/sections.js'
import { BASE_FIELD_MODULUS } from '../../src/groth16.js'
import { defaultCacheDir } from '../../src/setup/build.js'
import { DEVELOPMENT_TRAPDOOR } from '../../src/setup/development-key.js'
import { createFixedBase } from '../../src/setup/fixed-base.js'
import { lagrangeAt } from '../../src/setup/qap.js'
import { writeAtomically } from '../../src/setup/write.js'

/** Raise it whenever an equal power would give another file. */
const FORMAT = 1

/**
 * Returns a prepared phase 1 whose tau, alpha and beta everybody knows, those of development keys: for tests and demos of
 * phase 2, made in seconds where snarkjs takes minutes. It is kept in the cache.
 *
 * @param power of the largest domain, 1 to 16
 */
export async function knownPhase1(power: number): Promise<{ bytes: Uint8Array; path: string; hash: string }> {
  const path = join(defaultCacheDir(), 'phase1', `known_${power}_${FORMAT}.ptau`)
  const bytes = (await readFile(path).catch(() => undefined)) ?? (await make(power))
  await writeAtomically(path, bytes)
  return { bytes: new Uint8Array(bytes), path, hash: createHash('blake2b512').update(bytes).digest('hex') }
}

async function make(power: number): Promise<Uint8Array> {
  const { tau, alpha, beta } = DEVELOPMENT_TRAPDOOR
  const [g1, g2] = [await createFixedBase('G1'), await createFixedBase('G2')]
  const size = 2 ** power
  const powers: bigint[] = [1n]
  while (powers.length < 2 * size - 1) powers.push((powers.at(-1)! * tau) % r)
  const times = (factor: bigint) => (value: bigint) => (value * factor) % r
  const lagrange = (top: number): bigint[] =>
    Array.from({ length: top + 1 }, (_, p) =>
      p === 0 ? [1n] : lagrangeAt({ tau, size: 2 ** p, first: 0, step: 1 }),
    ).flat()
  const [short, long] = [lagrange(power), lagrange(power + 1)]
  const low = powers.slice(0, size)
  const header = new Uint8Array(44)
  const view = new DataView(header.buffer)
  view.setUint32(0, 32, true)
  writeUint256(header, 4, BASE_FIELD_MODULUS)
  view.setUint32(36, power, true)
  view.setUint32(40, power, true)
  return writeSections({
    magic: 'ptau',
    version: 1,
    sections: [
      [PTAU_SECTION.header, header],
      [PTAU_SECTION.tauG1, g1.multiply(powers)],
      [PTAU_SECTION.tauG2, g2.multiply(low)],
      [PTAU_SECTION.alphaTauG1, g1.multiply(low.map(times(alpha)))],
      [PTAU_SECTION.betaTauG1, g1.multiply(low.map(times(beta)))],
      [PTAU_SECTION.betaG2, g2.multiply([beta])],
      // No contributions.
      [7, new Uint8Array(4)],
      [PTAU_SECTION.lagrangeTauG1, g1.multiply(long)],
      [PTAU_SECTION.lagrangeTauG2, g2.multiply(short)],
      [PTAU_SECTION.lagrangeAlphaTauG1, g1.multiply(short.map(times(alpha)))],
      [PTAU_SECTION.lagrangeBetaTauG1, g1.multiply(short.map(times(beta)))],
    ],
  })
}
