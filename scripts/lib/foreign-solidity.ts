import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Address, type Hex, keccak256, stringToBytes } from 'viem'

const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url))

/**
 * Reads Solidity sources of packages, with whatever they import, for `compileSolidity`.
 *
 * @param o.units names such as `@semaphore-protocol/contracts/Semaphore.sol`
 * @param o.folders where packages lie that are not in `node_modules`, by the start of their units' names
 * @returns text by unit name
 */
export function packageSources(o: {
  readonly units: readonly string[]
  readonly folders?: Readonly<Record<string, string>>
}): Record<string, string> {
  const { folders = {} } = o
  const sources: Record<string, string> = {}
  const queue = [...o.units]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name in sources) continue
    const start = Object.keys(folders).find((prefix) => name!.startsWith(`${prefix}/`))
    const path =
      start === undefined ? join(MODULES, name) : join(folders[start]!, name.slice(start.length + 1))
    sources[name] = readFileSync(path, 'utf8')
    for (const [, target] of sources[name]!.matchAll(/^import\s[^;]*?"([^"]+)";/gm)) {
      queue.push(target!.startsWith('.') ? join(dirname(name), target!) : target!)
    }
  }
  return sources
}

/**
 * Writes the addresses of libraries into bytecode, where the compiler left `__$` and the start of a hash of their names.
 *
 * @param o.libraries addresses by qualified name, such as `poseidon-solidity/PoseidonT3.sol:PoseidonT3`
 * @throws {RangeError} if the bytecode wants a library that is not given
 */
export function linkLibraries(o: {
  readonly bytecode: string
  readonly libraries: Readonly<Record<string, Address>>
}): Hex {
  let { bytecode } = o
  for (const [name, address] of Object.entries(o.libraries)) {
    const placeholder = `__$${keccak256(stringToBytes(name)).slice(2, 36)}$__`
    bytecode = bytecode.replaceAll(placeholder, address.slice(2).toLowerCase())
  }
  if (!/^0x[0-9a-f]*$/i.test(bytecode))
    throw new RangeError('libraries must have every library of the bytecode')
  return bytecode as Hex
}
