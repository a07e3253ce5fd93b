import { writeUint256 } from '../../../src/formats/sections.js'
import { COEFFICIENT_LENGTH } from '../../../src/formats/zkey.js'
import { mod } from './reference.js'

/** A term of a row. */
export interface Entry {
  readonly matrix: 0 | 1
  readonly row: number
  readonly wire: number
  readonly coefficient: bigint
}

/** The coefficients' section of a key. */
export function sectionOf(entries: readonly Entry[]): Uint8Array {
  const section = new Uint8Array(4 + COEFFICIENT_LENGTH * entries.length)
  const view = new DataView(section.buffer)
  view.setUint32(0, entries.length, true)
  for (const [i, { matrix, row, wire, coefficient }] of entries.entries()) {
    const at = 4 + COEFFICIENT_LENGTH * i
    for (const [j, word] of [matrix, row, wire].entries()) view.setUint32(at + 4 * j, word, true)
    writeUint256(section, at + 12, mod(coefficient << 512n))
  }
  return section
}
