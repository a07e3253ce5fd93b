import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { addPoint } from '@zk-kit/baby-jubjub'
import { BASE8, multiply } from '../src/crypto/babyjub.js'
import { beaconBytes } from '../src/designated/beacon.js'
import { quotientPower } from '../src/designated/delay.js'
import {
  checkPossession,
  createVerifierKey,
  evaluateDelay,
  provePossession,
  proveTimed,
  RSA_2048,
  simulate,
  textBeacon,
} from '../src/designated/index.js'
import { proveByDelay, proveByLogarithm, refuseSigma, sigmaToHex, startOf } from '../src/designated/sigma.js'
import { createSquarer } from '../src/designated/squarer.js'
import { parsePolicy } from '../src/policy/index.js'
import { createProver } from '../src/prover/index.js'
import { TIMED_H } from '../src/statements/timed.js'
import { createExample } from './lib/example.js'

/*
 * What designated and timed proofs cost over plain ones, and how fast the delay is evaluated, against GMP where a C
 * compiler and libgmp are there.
 *
 *   node --import tsx scripts/bench-designated.ts [--runs 3]
 */

const { runs: text = '3' } = parseArgs({ options: { runs: { type: 'string' } } }).values
if (!/^[1-9][0-9]?$/.test(text)) throw new RangeError('--runs must be from 1 to 99')
const runs = Number(text)
const write = (label: string, value: string): void =>
  void process.stdout.write(`${label.padEnd(52)}${value}\n`)
const milliseconds = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`
const both = ({ clock, processor }: Times): string =>
  `${milliseconds(clock)} by the clock, ${milliseconds(processor)} of processor time`

/** By the clock, and of all threads of this process, which does not depend on what else runs; milliseconds. */
interface Times {
  readonly clock: number
  readonly processor: number
}

/** Medians of works that take turns, after a round that does not count. */
async function medians(works: readonly (() => unknown)[], rounds = runs): Promise<Times[]> {
  const times: Times[][] = works.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    // In another order each time: none always comes after the same one.
    for (const i of works.keys()) {
      const which = (i + round) % works.length
      const before = process.cpuUsage()
      const start = performance.now()
      await works[which]!()
      const clock = performance.now() - start
      const { user, system } = process.cpuUsage(before)
      if (round > 0) times[which]!.push({ clock, processor: (user + system) / 1000 })
    }
  }
  const median = (list: readonly Times[], of: keyof Times): number =>
    list.map((one) => one[of]).sort((a, b) => a - b)[list.length >> 1]!
  return times.map((list) => ({ clock: median(list, 'clock'), processor: median(list, 'processor') }))
}

/** Microseconds of processor time for one of so many squarings. */
async function squaringTime(name: 'wasm' | 'bigint', times: number): Promise<number> {
  const squarer = await createSquarer({ modulus: RSA_2048, name })
  squarer.set(3n ** 1000n % RSA_2048)
  const chunk = 1000
  squarer.square(5 * chunk)
  const start = process.cpuUsage().user
  for (let done = 0; done < times; done += chunk) squarer.square(chunk)
  return (process.cpuUsage().user - start) / times
}

const GMP_PROGRAM = `
#include <gmp.h>
#include <stdio.h>
#include <time.h>
int main(void) {
  mpz_t n, x, e;
  mpz_init_set_str(n, "${RSA_2048}", 10);
  mpz_init_set_ui(x, 3);
  mpz_powm_ui(x, x, 1000, n);
  mpz_init(e);
  mpz_setbit(e, 200000);
  clock_t start = clock();
  mpz_powm(x, x, e, n);
  printf("%f", (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / 200000);
  return 0;
}
`

/** The same by GMP's mpz_powm with the exponent 2^200000; undefined where it cannot be built. */
function gmpTime(): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-gmp-'))
  try {
    writeFileSync(join(folder, 'bench.c'), GMP_PROGRAM)
    execFileSync('cc', ['-O2', 'bench.c', '-lgmp', '-o', 'bench'], { cwd: folder, stdio: 'ignore' })
    return Number(execFileSync(join(folder, 'bench'), { encoding: 'utf8' }))
  } catch {
    // No compiler, or no library: there is nothing to compare with.
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

write('machine', `${availableParallelism()} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`)

const [wasm, bigint, gmp] = [
  await squaringTime('wasm', 100_000),
  await squaringTime('bigint', 30_000),
  gmpTime(),
]
const rate = (time: number): string =>
  `${time.toFixed(2)} µs, ${Math.round(1e6 / time).toLocaleString('en')} a second`
write('a squaring modulo 2048 bits, WebAssembly', `${rate(wasm)}, ${(bigint / wasm).toFixed(1)} times bigint`)
write('  bigint', rate(bigint))
write(
  '  GMP',
  gmp === undefined ? 'not here' : `${rate(gmp)}, ${(wasm / gmp).toFixed(2)} times as fast as ours`,
)

const beacon = textBeacon({ source: 'bench', text: 'bench', at: 0n })
const parameters = { modulus: RSA_2048, squarings: 1_000_000 }
const evaluated = await evaluateDelay({ ...parameters, beacon })
const bytes = beaconBytes(beacon)
const statementFor = (P: readonly [bigint, bigint]) => ({
  ...{ ...parameters, verificationKeyHash: '0x00', beacon: bytes, start: startOf(bytes, RSA_2048) },
  ...{ publicSignals: Array<bigint>(13).fill(1n), proof: Array<bigint>(8).fill(1n), P },
})
const k = 123456789n
const [x, y] = multiply(BASE8, k)
const [hx, hy] = addPoint([x, y], [TIMED_H[0], TIMED_H[1]])
const honest = sigmaToHex(proveByLogarithm(statementFor([x, y]), k))
const [prove, verify, forge] = await medians([
  () => proveByLogarithm(statementFor([x, y]), k),
  () => {
    if (refuseSigma(statementFor([x, y]), honest) !== undefined) throw new Error('a proof is refused')
  },
  () => proveByDelay(statementFor([hx, hy]), evaluated.output, (prime) => quotientPower(evaluated, prime)),
])
write('second part of a timed proof: prove', both(prove!))
write('  verify', both(verify!))
write('  forge, output and trace of 1,000,000 squarings known', both(forge!))
write('  bytes', String(honest.length / 2))

const key = createVerifierKey()
const challenge = new Uint8Array(32)
const possession = provePossession({ key, challenge, session: 'bench' })
const [possess, check] = await medians([
  () => provePossession({ key, challenge, session: 'bench' }),
  () => checkPossession({ verifierKey: key.verifierKey, challenge, session: 'bench', possession }),
])
write(
  'proof of possession: prove, check',
  `${milliseconds(possess!.processor)}, ${milliseconds(check!.processor)}`,
)

await using prover = await createProver()
const { ana, adult, account, roots, now } = createExample({ now: BigInt(Math.floor(Date.now() / 1000)) })
const context = { scope: 'bench', message: 'bench' }
const { verifierKey } = key
const plain = { ...ana, ...context, policy: adult, roots, now }
const [open, designated, simulated] = await medians(
  [
    () => prover.prove(plain),
    () => prover.prove({ ...plain, verifierKey }),
    () =>
      simulate({
        ...{ ...context, verifierKey, policy: adult, roots, now, prover, key },
        revealed: { 'citizenship.country': 'CA' },
      }),
  ],
  3 * runs,
)
write('policy-s: plain', both(open!))
const more = (one: Times, other: Times): string =>
  `${((one.processor / other.processor - 1) * 100).toFixed(1)} % more`
write('  designated', `${both(designated!)}, ${more(designated!, open!)}`)
write('  simulated', both(simulated!))

const timed = { squarings: 1_000_000, window: 60, beacon: 'bench' }
const schemas = Object.fromEntries(account.slots.map(({ schema }) => [schema.name, schema.claims]))
const anaIssuer = account.slots.find(({ name }) => name === 'citizenship')!.issuers[0]!
const short = {
  version: 1,
  schemas: { 'citizenship/1': schemas['citizenship/1'] },
  sbts: { citizenship: { issuers: [anaIssuer], schema: 'citizenship/1' } },
  require: { claim: 'citizenship.country', eq: 'CA' },
}
// The same policy over four slots of SBTs without and with the timed part: as a list too long for policy-s.
const many = { ...short, require: { claim: 'citizenship.country', in: countries(40) } }
const m = { ...ana, ...context, policy: parsePolicy(many), roots, now }
const t = { ...m, policy: parsePolicy({ ...many, timed }), beacon, prover }
const [untimed, withTime] = await medians([() => prover.prove(m), () => proveTimed(t)])
write('policy-m: plain', both(untimed!))
write('policy-m-timed, both parts', `${both(withTime!)}, ${more(withTime!, untimed!)}`)

function countries(length: number): string[] {
  return ['CA', ...Array.from({ length: length - 1 }, (_, i) => `country ${i}`)]
}
