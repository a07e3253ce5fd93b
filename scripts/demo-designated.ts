import assert from 'node:assert/strict'
import {
  type Answer,
  answerRequest,
  createExchange,
  createVerifierKey,
  ExchangeError,
  openExchange,
  readRequest,
  simulateAnswer,
} from '../src/designated/index.js'
import { StatementError } from '../src/errors.js'
import { createProver, type Prover } from '../src/prover/index.js'
import { createVerifier, type Verifier } from '../src/verifier/index.js'
import { CITIZENSHIP, createExample, type Example } from './lib/example.js'
import { block, check, colour, fact, number, say, seconds, short, step, title } from './lib/story.js'

/*
 * Tells how a proof convinces one verifier and nobody whom he shows it to: every line with a tick is asserted, on real
 * proofs, and the demo exits with 1 as soon as anything is not as told.
 */

const SCOPE = 'loans of Bob'

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
