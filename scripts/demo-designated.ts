import assert from 'node:assert/strict'
import {
  type Answer,
  answerRequest,
  checkPublishedDelay,
  createExchange,
  createVerifierKey,
  delayOf,
  ExchangeError,
  evaluateDelay,
  forgeTimed,
  openExchange,
  proveTimed,
  publishDelay,
  readRequest,
  simulateAnswer,
  textBeacon,
  verifyTimed,
} from '../src/designated/index.js'
import { StatementError } from '../src/errors.js'
import { parsePolicy } from '../src/policy/index.js'
import { createProver, type Prover } from '../src/prover/index.js'
import { createVerifier, type Verifier } from '../src/verifier/index.js'
import { CITIZENSHIP, createExample, type Example } from './lib/example.js'
import { block, check, colour, fact, number, say, seconds, short, step, title } from './lib/story.js'

/*
 * Tells how a proof convinces one verifier and nobody whom he shows it to: every line with a tick is asserted, on real
 * proofs, and the demo exits with 1 as soon as anything is not as told.
 */

const SCOPE = 'loans of Bob'
/** Some seconds; a real policy takes a few minutes of the fastest hardware. */
const SQUARINGS = 2_000_000

/** Who is on the stage. */
interface Stage {
  readonly example: Example
  readonly policy: object
  readonly prover: Prover
  readonly verifier: Verifier
}

async function main(): Promise<void> {
  const start = performance.now()
  title('Soulproof: convince one verifier, and nobody he tells')
  say(
    'Amma wants a loan from Bob. He wants to know that she is a citizen over 18; she wants nobody to learn it from',
    'him, not even from a Bob who shows everything that he has.',
  )
  await using prover = await createProver()
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const example = createExample({ now: BigInt(Math.floor(Date.now() / 1000)) })
  const policy = {
    version: 1,
    schemas: { [CITIZENSHIP.name]: CITIZENSHIP.claims },
    sbts: { citizenship: { issuers: [example.state.issuer.id], schema: CITIZENSHIP.name } },
    require: {
      all: [
        { claim: 'citizenship.country', eq: 'CA' },
        { claim: 'citizenship.birthDate', lte: { now: -568025136 } },
      ],
    },
    reveal: ['citizenship.country'],
  }
  const stage = { example, policy, prover, verifier }
  await convinceBob(stage)
  await voteInTime(stage)
  title(`All of it held, in ${seconds(performance.now() - start)}.`)
}

async function convinceBob({ example, policy, prover, verifier }: Stage): Promise<void> {
  const { ana: amma, roots, now } = example
  step('Bob has a key')
  say('Amma knows its commitment from Bob’s page. What is designated to it, Bob could have made himself.')
  const key = createVerifierKey()
  const { verifierKey } = key
  fact('verifier key', short(verifierKey))

  step('Bob asks, Amma checks')
  const bob = createExchange({ key, verifier })
  const opening = openExchange()
  fact('Amma opens', 'a fresh challenge of 32 bytes')
  const request = await bob.request({ opening, policy, scope: SCOPE, now })
  fact('Bob requests', `his policy, scope and key in ${number(JSON.stringify(request).length)} bytes`)
  const checked = readRequest({ opening, request, verifierKey, now })
  check('He proves that he knows the key’s secret, for her challenge and this request alone', true)
  block(checked.explanation.split('\n\nSBTs that count:')[0]!)
  const isRefused = (what: string, tampered: unknown): void =>
    check(
      what,
      throws(() => readRequest({ opening, request: tampered, verifierKey, now }), ExchangeError),
    )
  isRefused('A key that nobody knows is refused: its proof would convince everybody', {
    ...request,
    verifierKey: '12345',
  })
  isRefused('A request without a key is refused', { ...request, verifierKey: '0' })
  isRefused('The same request for another policy is refused', {
    ...request,
    policy: { ...policy, reveal: [] },
  })

  step('Amma proves')
  const from = performance.now()
  const answer = await answerRequest({ ...amma, roots, now, prover, request: checked })
  fact('proof', `${seconds(performance.now() - from)}, encrypted to this session; nothing is signed`)
  const convinced = await bob.receive({ answer: overTheWire(answer), roots: [roots], now })
  assert.ok(convinced.valid)
  check(`Bob is convinced, and learns: ${convinced.revealed['citizenship.country']}`, true)
  const again = await bob.receive({ answer, roots: [roots], now })
  check('The same answer again is refused', !again.valid)

  step('Ben has a false wallet')
  const { ben } = example
  const benOpening = openExchange()
  const benRequest = readRequest({
    ...{ opening: benOpening, verifierKey, now },
    request: await bob.request({ opening: benOpening, policy, scope: SCOPE, now }),
  })
  const minor = ben.sbts.filter(({ sbt }) => sbt.schema.name !== CITIZENSHIP.name)
  const refusal = await answerRequest({ ...ben, sbts: minor, roots, now, prover, request: benRequest }).then(
    () => undefined,
    (error: unknown) => (error instanceof StatementError ? error : Promise.reject(error)),
  )
  check('Without a passport he has nothing to prove; Bob’s secret would help, and is Bob’s', !!refusal)

  step('Bob tells Cuifen')
  say(
    'He shows her everything: the messages, what he decrypted, his secret. She finds that a transcript like this',
    'takes no Amma.',
  )
  const opening2 = openExchange()
  const request2 = await bob.request({ opening: opening2, policy, scope: SCOPE, now })
  const twin = await simulateAnswer({
    ...{ request: readRequest({ opening: opening2, request: request2, verifierKey, now }), prover, key },
    ...{ roots, now, nullifier: convinced.nullifier },
  })
  const simulated = await bob.receive({ answer: overTheWire(twin), roots: [roots], now })
  check(
    'Bob alone makes one with the same nullifier and the same revealed claim, and it verifies',
    simulated.valid && simulated.nullifier === convinced.nullifier,
  )
  check(
    'The messages have the same fields and lengths',
    String(shapeOf(twin)) === String(shapeOf(answer)) &&
      String(Object.keys(request2)) === String(Object.keys(request)),
  )
  const utopia = openExchange()
  const lie = await simulateAnswer({
    request: readRequest({
      ...{ opening: utopia, verifierKey, now },
      request: await bob.request({ opening: utopia, policy, scope: SCOPE, now }),
    }),
    ...{ prover, key, roots, now, revealed: { 'citizenship.country': 'Utopia' } },
  })
  const accepted = await bob.receive({ answer: lie, roots: [roots], now })
  check('Or one that nobody could have made honestly: a citizen of Utopia', accepted.valid)
}

async function voteInTime({ example, policy: json, prover, verifier }: Stage): Promise<void> {
  const { ana: amma, roots, now } = example
  step('A proof for all, for a while')
  say(
    'Amma votes, and proves to everybody that she may. In a few minutes nobody shall be able to show that she did: the',
    'proof says “I may vote, or I know the delay output of this beacon”, and until it is computed nobody knows it.',
  )
  const timed = { squarings: SQUARINGS, window: 60, beacon: 'headlines of the day' }
  const policy = parsePolicy({ ...json, reveal: [], timed })
  const beacon = textBeacon({ source: timed.beacon, text: `headline of ${now}`, at: now })
  const context = { scope: 'vote 7', message: 'yes' }
  const asked = { ...context, policy, roots, now, beacon, prover }
  const expected = { ...context, policy, roots: [roots], now, beacon, verifier }
  fact('policy', `${number(SQUARINGS)} squarings modulo the RSA-2048 number, accepted for ${timed.window} s`)
  const envelope = await proveTimed({ ...amma, ...asked })
  fact('its second part', `${envelope.delay.length / 2} bytes beside the Groth16 proof`)
  const inTime = await verifyTimed({ ...expected, envelope, receivedAt: now + 30n })
  check('Received 30 s after the beacon it is accepted', inTime.valid)
  const late = await verifyTimed({ ...expected, envelope, receivedAt: now + 90n })
  check(`Received 90 s after it, it is not: ${late.valid ? '' : late.reason}`, !late.valid)
  const { delay, ...firstPart } = envelope
  const half = await verifyTimed({ ...expected, envelope: firstPart, receivedAt: now + 30n })
  check(`Without its second part it is refused: ${half.valid ? '' : half.reason}`, !half.valid)
  assert.equal(delay.length, 768)

  step('The delay passes')
  const start = performance.now()
  const evaluated = await evaluateDelay({ ...delayOf(policy), beacon })
  const took = performance.now() - start
  fact('squarings', `${seconds(took)} on one core, ${((1000 * took) / SQUARINGS).toFixed(2)} µs each`)
  const published = await publishDelay(evaluated)
  check(
    'Its output is published with a proof that everybody checks without squaring',
    checkPublishedDelay({ ...delayOf(policy), beacon, published }) !== undefined,
  )
  const forged = await forgeTimed({ ...asked, evaluated })
  const accepted = await verifyTimed({ ...expected, envelope: forged, receivedAt: now + 30n })
  check(
    'A stranger without any SBT now makes such a proof; but for the clock it would be accepted',
    accepted.valid,
  )
  check(
    'It has the fields and lengths of Amma’s',
    String(Object.keys(forged)) === String(Object.keys(envelope)) && forged.delay.length === delay.length,
  )
}

function overTheWire(answer: Answer): unknown {
  return JSON.parse(JSON.stringify(answer))
}

function shapeOf(answer: Answer): string[] {
  return Object.entries(answer).map(([name, value]) => `${name}:${String(value).length}`)
}

function throws(run: () => unknown, type: new (...args: never[]) => Error): boolean {
  try {
    run()
    return false
  } catch (error) {
    if (error instanceof type) return true
    throw error
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\n${colour('red', 'the demo failed')}\n${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
