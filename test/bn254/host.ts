/** Runs a program in the test's own thread. */
import v8 from 'node:v8'
import { type Assembly, createProgram, type Program } from '../../src/bn254/program.js'

// Node 20 has relaxed SIMD behind this flag.
v8.setFlagsFromString('--experimental-wasm-relaxed-simd')

export interface Host {
  readonly call: Readonly<Record<string, (...args: number[]) => number>>
  readonly bytes: Uint8Array
  /** Reserves bytes and returns their address. */
  readonly alloc: (length: number) => number
  readonly assembly: Assembly
}

/** Instantiates what `write` adds to a program, in a memory of its own of 64 MiB. */
export function host(write: (program: Program) => void): Host {
  const program = createProgram({ memory: { shared: false, initial: 1024, maximum: 1024 } })
  write(program)
  const assembly = program.finish()
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 1024 })
  const bytes = new Uint8Array(memory.buffer)
  for (const { address, bytes: constant } of assembly.constants) bytes.set(constant, address)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembly.bytes), { env: { memory } })
  ;(exports['scratch'] as WebAssembly.Global).value = assembly.end
  let next = assembly.end + assembly.scratchLength
  return {
    call: exports as Record<string, (...args: number[]) => number>,
    bytes,
    alloc(length) {
      const address = next
      next += (length + 15) & ~15
      return address
    },
    assembly,
  }
}
