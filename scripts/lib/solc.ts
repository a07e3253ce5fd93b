import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Abi, Hex } from 'viem'

/** A compiled contract; `bytecode` creates it, `runtimeSize` is its size on chain in bytes. */
export interface CompiledContract {
  readonly abi: Abi
  readonly bytecode: Hex
  readonly runtimeSize: number
}

interface SolcOutput {
  readonly errors?: readonly {
    readonly severity: string
    readonly formattedMessage: string
    readonly sourceLocation?: { readonly file: string }
  }[]
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly abi: Abi
            readonly evm: {
              readonly bytecode: { readonly object: string }
              readonly deployedBytecode: { readonly object: string }
            }
          }
        >
      >
    >
  >
}

interface Solc {
  compile(input: string): string
}

const require = createRequire(import.meta.url)
const CONTRACTS = fileURLToPath(new URL('../../contracts/', import.meta.url))
const inMemory = new Map<string, Readonly<Record<string, CompiledContract>>>()
let replaced: Readonly<Record<string, CompiledContract>> = {}
let compiler: Solc | undefined

/**
 * Compiles Solidity with the pinned compiler, or returns what it gave for the same input before (kept in memory
 * and below {@link solcCacheDir}).
 *
 * @param o.sources text by unit name; a string array names files of `contracts/`, such as `PolicyGate.sol`, or of
 *   packages, such as `@openzeppelin/contracts/access/manager/AccessManager.sol`
 * @param o.runs how often the optimiser expects each instruction to run; default 1,000,000
 * @param o.isDraft take what the compiler warns of, and keep nothing
 * @returns contracts by name; every import is resolved among the sources, in `contracts/`, or in a package
 * @throws {Error} with the compiler's messages for errors, warnings included: our contracts have none
 */
export function compileSolidity(o: {
  readonly sources: Readonly<Record<string, string>> | readonly string[]
  readonly runs?: number
  readonly isDraft?: boolean
}): Readonly<Record<string, CompiledContract>> {
  const { isDraft = false } = o
  const given = Array.isArray(o.sources)
    ? Object.fromEntries((o.sources as readonly string[]).map((name) => [name, readContract(name)]))
    : (o.sources as Readonly<Record<string, string>>)
  const sources = withImports(given)
  const input = JSON.stringify({
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
    settings: {
      optimizer: { enabled: true, runs: o.runs ?? 1_000_000 },
      evmVersion: 'cancun',
      outputSelection: outputSelection(Object.keys(sources), Object.keys(given)),
    },
  })
  const key = createHash('sha256')
    .update(`${require('solc/package.json').version}\n${input}`)
    .digest('hex')
  const known = isDraft ? undefined : (inMemory.get(key) ?? readCache(key))
  if (known !== undefined) {
    inMemory.set(key, known)
    return withReplaced(known)
  }
  const contracts = collect(JSON.parse(loadCompiler().compile(input)) as SolcOutput, isDraft)
  if (isDraft) return contracts
  inMemory.set(key, contracts)
  writeCache(key, contracts)
  return withReplaced(contracts)
}

/** From now on {@link compileSolidity} gives these in the place of contracts of their names: mutants, to which tests are put. */
export function replaceContracts(contracts: Readonly<Record<string, CompiledContract>>): void {
  replaced = contracts
}

function withReplaced(
  contracts: Readonly<Record<string, CompiledContract>>,
): Readonly<Record<string, CompiledContract>> {
  const names = Object.keys(contracts).filter((name) => Object.hasOwn(replaced, name))
  return { ...contracts, ...Object.fromEntries(names.map((name) => [name, replaced[name]!])) }
}

/** Returns the folder that holds compiled contracts by the hash of their input. */
export function solcCacheDir(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(process.env.SOULPROOF_CACHE || join(cache, 'soulproof'), 'solc')
}

/** Code of every unit, but of packages only what was asked for by name: most of it stands in the contracts already. */
function outputSelection(all: readonly string[], given: readonly string[]): object {
  const wanted = { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] }
  if (!all.some(isPackaged)) return { '*': wanted }
  const units = all.filter((name) => !isPackaged(name) || given.includes(name))
  return Object.fromEntries(units.map((name) => [name, wanted]))
}

const isPackaged = (name: string): boolean => name.startsWith('@')

/** Reads a file of `contracts/`, or of a package. */
export function readContract(name: string): string {
  return readFileSync(isPackaged(name) ? require.resolve(name) : join(CONTRACTS, name), 'utf8')
}

/** Adds the imported files, so that the input, and with it the cache key, holds every line compiled. */
function withImports(given: Readonly<Record<string, string>>): Record<string, string> {
  const sources = { ...given }
  const queue = Object.keys(given)
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const [, path] of sources[name]!.matchAll(/^import\s(?:[^;"]*?\s)?"([^"]+)";/gm)) {
      const imported = path!.startsWith('.') ? join(dirname(name), path!) : path!
      if (imported in sources) continue
      sources[imported] = readContract(imported)
      queue.push(imported)
    }
  }
  return sources
}

/** Loads solc-js, which leaves a handler of its own for unhandled rejections: taken away again. */
function loadCompiler(): Solc {
  if (compiler !== undefined) return compiler
  const before = process.listeners('unhandledRejection')
  compiler = require('solc') as Solc
  for (const listener of process.listeners('unhandledRejection')) {
    if (!before.includes(listener)) process.removeListener('unhandledRejection', listener)
  }
  return compiler
}

function collect(output: SolcOutput, isDraft: boolean): Record<string, CompiledContract> {
  // Warnings about packages are their authors' business.
  const messages = (output.errors ?? []).filter(
    ({ severity, sourceLocation }) =>
      severity === 'error' || (severity === 'warning' && !isDraft && !isPackaged(sourceLocation?.file ?? '')),
  )
  if (messages.length > 0) throw new Error(messages.map((error) => error.formattedMessage).join('\n'))
  const contracts: Record<string, CompiledContract> = {}
  for (const unit of Object.values(output.contracts ?? {})) {
    for (const [name, contract] of Object.entries(unit)) {
      if (name in contracts) throw new Error(`two contracts are named ${name}`)
      contracts[name] = {
        abi: contract.abi,
        bytecode: `0x${contract.evm.bytecode.object}`,
        runtimeSize: contract.evm.deployedBytecode.object.length / 2,
      }
    }
  }
  return contracts
}

function readCache(key: string): Record<string, CompiledContract> | undefined {
  try {
    return JSON.parse(readFileSync(join(solcCacheDir(), `${key}.json`), 'utf8'))
  } catch {
    // Absent or cut short: compile again.
    return undefined
  }
}

/** Writes to a file of its own and renames it, so that no other process reads half of it. */
function writeCache(key: string, contracts: Readonly<Record<string, CompiledContract>>): void {
  mkdirSync(solcCacheDir(), { recursive: true })
  const file = join(solcCacheDir(), `${key}.json`)
  const partial = `${file}.${process.pid}`
  writeFileSync(partial, JSON.stringify(contracts))
  renameSync(partial, file)
}
