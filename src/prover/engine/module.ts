import { addExtension, type Extension } from '../../bn254/extension.js'
import { type ArithmeticName, addField, type Field } from '../../bn254/field.js'
import { type Assembly, createProgram } from '../../bn254/program.js'
import { FIELD_MODULUS } from '../../field.js'
import { BASE_FIELD_MODULUS } from '../../groth16.js'
import { addAbc } from './abc.js'
import { addFft } from './fft.js'
import { addFinish } from './finish.js'
import { addKeyLoading } from './key.js'
import { addMsm } from './msm.js'

/** Pages of 64 KiB that a module may have at most: what 32-bit addresses reach. */
export const MAX_PAGES = 65536

/** The engine's module, written, and the fields with which its host converts numbers. */
export interface EngineProgram {
  readonly assembly: Assembly
  readonly fq: Field
  readonly fr: Field
}

/**
 * Writes the engine's module.
 *
 * @param o.arithmetic the form of its numbers
 * @param o.shared     whether several threads share its memory
 */
export function createEngineProgram(o: { arithmetic: ArithmeticName; shared: boolean }): EngineProgram {
  const program = createProgram({ memory: { shared: o.shared, initial: 1, maximum: MAX_PAGES } })
  const { arithmetic } = o
  const fr = addField(program, { name: 'fr', modulus: FIELD_MODULUS, arithmetic })
  const fq = addField(program, { name: 'fq', modulus: BASE_FIELD_MODULUS, arithmetic })
  const fq2: Extension = addExtension(program, { name: 'fq2', base: fq })
  addFft(program, fr)
  addAbc(program, fr)
  addKeyLoading(program, { fq, fq2 })
  const { curves } = addMsm(program, { fq, fq2 })
  addFinish(program, { fq, curve: curves.G1 })
  return { assembly: program.finish(), fq, fr }
}
