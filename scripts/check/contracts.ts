import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import Mocha from 'mocha'
import {
  type ContractMutant,
  contractMutants,
  MUTANT_KINDS,
  type MutantKind,
} from '../lib/contract-mutants.js'
import { type CompiledContract, compileSolidity, readContract, replaceContracts } from '../lib/solc.js'

/*
 * Makes small mistakes in the contracts, one at a time, and asks their tests whether they see them:
 *
 *   npm run check:contracts -- [--contract PolicyHub,apps/TieredSouldrop] [--kinds dropped,border] [--shard 2/8] [--lines 100-200]
 *
 * A mutant takes seconds to minutes; it is killed by the first test that fails. Tests of gas are left out: they fail for any change of the
 * code, and say nothing of what it does. The reasons for what is known to survive stand in docs/security.md.
 */

/** Which units have a contract's code in them, and which tests are about it, by the beginning of their titles. */
interface Suite {
  readonly units: readonly string[]
  /** A source of tests that inherits from it. */
  readonly helper?: string
  readonly tests: readonly (readonly [file: string, titles: string])[]
}

const HUB = 'test/contracts/hub.test.ts'
const APPS = 'test/contracts/apps.test.ts'
const GATES = 'test/contracts/TestGates.sol'
const SUITES: Readonly<Record<string, Suite>> = {
  PolicyHub: {
    units: ['PolicyHub.sol', 'PolicyHubFactory.sol'],
    tests: [
      [HUB, ''],
      [APPS, ''],
    ],
  },
  PolicyHubFactory: { units: ['PolicyHubFactory.sol'], tests: [[HUB, '']] },
  'apps/TieredSouldrop': {
    units: ['apps/TieredSouldrop.sol'],
    tests: [[APPS, 'apps on a hub TieredSouldrop']],
  },
  'apps/SoulboundToken': {
    units: ['apps/SoulboundToken.sol'],
    tests: [[APPS, 'apps on a hub SoulboundToken']],
  },
  'apps/GovernorSouls': { units: ['apps/SoulGovernor.sol'], tests: [[APPS, 'apps on a hub SoulGovernor']] },
  'apps/SoulGovernor': { units: ['apps/SoulGovernor.sol'], tests: [[APPS, 'apps on a hub SoulGovernor']] },
  QuaternaryRegistry: {
    units: ['apps/SoulboundToken.sol'],
    tests: [[APPS, 'apps on a hub (SoulboundToken|Poseidon)']],
  },
  PolicyGate: { units: [], helper: GATES, tests: [['test/contracts/gate.test.ts', 'PolicyGate ']] },
  PolicyGateBase: { units: [], helper: GATES, tests: [['test/contracts/gate.test.ts', 'PolicyGate ']] },
  LedgerPolicyGate: {
    units: [],
    helper: GATES,
    tests: [['test/contracts/ledger-gate.test.ts', 'LedgerPolicyGate (?!with)']],
  },
  Ledger: { units: ['Ledger.sol'], tests: [['test/contracts/ledger.test.ts', '']] },
  'examples/Loan': { units: ['examples/Loan.sol'], tests: [['test/contracts/loan.test.ts', '']] },
}

const { values } = parseArgs({
  options: {
    contract: { type: 'string' },
    kinds: { type: 'string', default: MUTANT_KINDS.join() },
    lines: { type: 'string', default: '1-100000' },
    shard: { type: 'string', default: '1/1' },
  },
})
const names = values.contract?.split(',') ?? Object.keys(SUITES)
const [shard, shards] = values.shard.split('/').map(Number) as [number, number]
const [firstLine, lastLine] = values.lines.split('-').map(Number) as [number, number]
let run = 0

/** Compiles what has a contract's code in it; undefined if that does not compile. */
function compileMutant(
  file: string,
  text: string,
  { units, helper }: Suite,
): Readonly<Record<string, CompiledContract>> | undefined {
  const sources = Object.fromEntries(units.map((unit) => [unit, readContract(unit)]))
  if (helper !== undefined) sources['Helper.sol'] = readFileSync(helper, 'utf8')
  try {
    return compileSolidity({ sources: { ...sources, [file]: text }, isDraft: true })
  } catch {
    return undefined
  }
}

/** Puts the tests to the contracts as they are now; returns the first that fails. */
async function firstFailure({ tests }: Suite): Promise<string | undefined> {
  for (const [file, titles] of tests) {
    const mocha = new Mocha({ bail: true, timeout: 600_000, reporter: class {} as never })
    mocha.grep(new RegExp(`^(?!.*\\bgas\\b)${titles}`))
    // As a module of its own each time: files of tests are read once.
    const url = new URL(`../../${file}?mutant=${++run}`, import.meta.url).href
    mocha.suite.emit('pre-require', globalThis, file, mocha)
    await import(url)
    mocha.suite.emit('post-require', globalThis, file, mocha)
    const failed = await new Promise<string | undefined>((resolve, reject) => {
      let first: string | undefined
      let passed = 0
      const runner = mocha.run(() => {
        if (first === undefined && passed === 0) reject(new Error(`${file} has no test ${titles}`))
        resolve(first)
      })
      runner.on('pass', () => passed++)
      runner.on('fail', ({ title }, error) => {
        if (process.env['SOULPROOF_DEBUG']) console.log(error)
        first ??= title
      })
    })
    if (failed !== undefined) return failed
  }
  return undefined
}

// Threads and nodes of tests do not keep a process alive.
const alive = setInterval(() => undefined, 60_000)
let [count, killed, invalid, index] = [0, 0, 0, 0]
for (const name of names) {
  const suite = SUITES[name]
  if (suite === undefined) throw new RangeError(`--contract: ${Object.keys(SUITES).join(', ')}`)
  const file = `${name}.sol`
  const source = readContract(file)
  const mine = contractMutants(source, values.kinds.split(',') as MutantKind[]).filter(
    ({ line }) => line >= firstLine && line <= lastLine && index++ % shards === shard - 1,
  )
  if (mine.length === 0) continue
  replaceContracts(compileMutant(file, source, suite) ?? {})
  const wrong = await firstFailure(suite)
  if (wrong !== undefined) throw new Error(`${name} without a mistake fails: ${wrong}`)
  console.log(`${name}: ${mine.length} mutants, and no mistake without one`)
  for (const mutant of mine) await judge(name, file, suite, mutant)
}
console.log(`${killed} of ${count} mutants killed (${invalid} do not compile)`)
clearInterval(alive)
// Workers of the engine and what tests leave behind.
process.exit(killed < count ? 1 : 0)

async function judge(name: string, file: string, suite: Suite, mutant: ContractMutant): Promise<void> {
  const contracts = compileMutant(file, mutant.text, suite)
  if (contracts === undefined) {
    invalid++
    return
  }
  replaceContracts(contracts)
  const by = await firstFailure(suite)
  count++
  if (by !== undefined) killed++
  const { line, kind, was, is } = mutant
  console.log(
    by === undefined
      ? `${name}:${line} SURVIVES, ${kind}: ${was} -> ${is}`
      : `${name}:${line} killed, ${kind}: ${was} -> ${is} (${by})`,
  )
}
