/** The WebAssembly module of the verifier, and its memory. */
import { addExtension } from '../bn254/extension.js'
import { type ArithmeticName, addField, INTEGER } from '../bn254/field.js'
import { addPairing } from '../bn254/pairing.js'
import { align, createProgram } from '../bn254/program.js'
import { addProjective } from '../bn254/projective.js'
import { addTowers } from '../bn254/towers.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import type { G1, G2 } from './points.js'

/** Memory in pages of 64 KiB. */
const PAGES = 48

/** A running module. Its functions are those of src/bn254/pairing.ts and below it, by name. */
export interface Machine {
  /** Length in bytes of the module. */
  readonly moduleLength: number
  readonly run: (name: string, ...args: number[]) => number
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Reserves memory, aligned to 16, and returns its address. */
  readonly alloc: (length: number) => number
  /** Lengths in bytes: of pairs of Fq12, of a point of G1 and a pair of them, of slots and lines. */
  readonly sizes: {
    readonly fq12: number
    readonly point: number
    readonly points: number
    readonly slot: number
    /** Offset in a slot. */
    readonly slotInSubgroup: number
    readonly fixedSlot: number
    readonly lines: number
  }
  /** Puts two points of G1 as a pair at `out`. */
  readonly loadG1: (out: number, a: G1, b: G1) => void
  /** Puts two points of G2's curve into a slot. */
  readonly loadG2: (slot: number, a: G2, b: G2) => void
}

/**
 * Makes and starts the module.
 *
 * @param o.arithmetic the form of its numbers; `simd` needs what `chooseArithmetic` asks for
 */
export async function createMachine(o: { arithmetic: ArithmeticName }): Promise<Machine> {
  const type = { shared: false, initial: PAGES, maximum: PAGES }
  const program = createProgram({ memory: type })
  const fq = addField(program, { name: 'fq', modulus: q, arithmetic: o.arithmetic })
  const towers = addTowers(program, { fq2: addExtension(program, { name: 'fq2', base: fq }) })
  const g1 = addProjective(program, { fq })
  const pairing = addPairing(program, { towers })
  const assembly = program.finish()

  const memory = new WebAssembly.Memory(type)
  const bytes = new Uint8Array(memory.buffer)
  const view = new DataView(memory.buffer)
  for (const { address, bytes: constant } of assembly.constants) bytes.set(constant, address)
  const { instance } = await WebAssembly.instantiate(assembly.bytes, { env: { memory } })
  const wasm = instance.exports as Record<string, (...args: number[]) => number>
  ;(instance.exports['scratch'] as WebAssembly.Global).value = assembly.end
  const run = (name: string, ...args: number[]): number => wasm[name]!(...args)

  let end = assembly.end + assembly.scratchLength
  const alloc = (length: number): number => {
    const address = align(end)
    end = address + align(length)
    if (end > bytes.length) throw new RangeError('the verifier has too little memory')
    return address
  }
  const write = (address: number, values: readonly bigint[]): void => {
    values.forEach((value, i) => {
      for (let offset = 0; offset < INTEGER; offset += 8) {
        const word = BigInt.asUintN(64, value >> BigInt(8 * offset))
        view.setBigUint64(address + INTEGER * i + offset, word, true)
      }
    })
  }
  const [first, second] = [alloc(4 * INTEGER), alloc(4 * INTEGER)]
  return {
    moduleLength: assembly.bytes.length,
    run,
    bytes,
    view,
    alloc,
    sizes: {
      fq12: towers.fq12Length,
      point: g1.pointLength,
      points: g1.pairLength,
      slot: pairing.slotLength,
      slotInSubgroup: pairing.slotInSubgroup,
      fixedSlot: pairing.fixedSlotLength,
      lines: pairing.linesLength,
    },
    loadG1(out, a, b) {
      write(first, a)
      write(second, b)
      run('g1_load', out, first, second)
    },
    loadG2(slot, a, b) {
      write(first, a.flat())
      write(second, b.flat())
      run('pairing_setQ', slot, first, second)
    },
  }
}
