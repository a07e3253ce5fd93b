/** A module with its constants, and with scratch memory of which each thread has its own. */
import { type Code, createModule, i32, type MemoryType, type ModuleBuilder } from './wasm.js'

/** Address at which constants begin; nothing lies at address 0. */
const CONSTANTS_START = 1024

/** A module that is being written, with places in its memory. */
export interface Program {
  readonly module: ModuleBuilder
  /** Places bytes in memory, aligned to 16, and returns their address. */
  constant(bytes: Uint8Array): number
  /** Reserves memory that each thread has for itself, aligned to 16, and returns code that pushes its address. */
  scratch(length: number): Code
  /** Ends the writing. */
  finish(): Assembly
}

/** A finished module, and what its host has to put into memory. */
export interface Assembly {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Constants to write once per memory. */
  readonly constants: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  /** First address after the constants, a multiple of 16. */
  readonly end: number
  /** Bytes of scratch memory per thread. The thread sets the global `scratch` to their start, a multiple of 16. */
  readonly scratchLength: number
}

/** Starts a program for a memory of the given type. */
export function createProgram(o: { memory: MemoryType }): Program {
  const module = createModule(o)
  const base = module.global('scratch', 0)
  const constants: { address: number; bytes: Uint8Array }[] = []
  let end = CONSTANTS_START
  let scratchLength = 0
  return {
    module,
    constant(bytes) {
      const address = end
      constants.push({ address, bytes })
      end = align(end + bytes.length)
      return address
    },
    scratch(length) {
      const offset = scratchLength
      scratchLength = align(scratchLength + length)
      return i32.add(base.get, i32.const(offset))
    },
    finish: () => ({ bytes: module.build(), constants, end, scratchLength }),
  }
}

/** Rounds up to a multiple of 16. */
export function align(length: number): number {
  return (length + 15) & ~15
}
