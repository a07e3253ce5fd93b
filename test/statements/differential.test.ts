import assert from 'node:assert/strict'
import { StatementError } from '../../src/errors.js'
import { evaluatePolicy } from '../../src/policy/index.js'
import type { HeldSbt } from '../../src/sbt/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { type ProfileName, Random, type RandomCase, randomCase } from '../support/random-policy.js'
import { rawPolicy } from '../support/raw-policy.js'
import { openStatement, witnessOf } from '../support/statement.js'
import { ALICE, NOW } from '../support/world.js'

const RUNS = { 'policy-s': 300, 'policy-m': 220, 'policy-l': 80 } as const
const SBTS = { 'policy-s': 1, 'policy-m': 4, 'policy-l': 8 } as const
const CONTEXT = { scope: 'differential', message: 'test' }

/** Whether the circuit has a witness for what an insisting holder puts into the slots. */
async function circuitAccepts(made: RandomCase, fill: RandomCase['fill']): Promise<boolean> {
  const profile = made.policy
  const { inputs } = rawPolicy({
    policy: profile,
    roots: made.roots,
    soul: ALICE,
    sets: made.sets,
    ledgers: made.ledgers,
    fill,
    context: CONTEXT,
  })
  try {
    await witnessOf(openStatement(profileOf(inputs)), inputs)
    return true
  } catch (error) {
    if (error instanceof StatementError && /a constraint of the circuit does not hold/.test(error.message))
      return false
    throw error
  }
}

function profileOf(inputs: object): string {
  if ('ledgerRoot' in inputs) return 'policy-l'
  return 'setRoots' in inputs ? 'policy-m' : 'policy-s'
}

/** Up to four of the SBTs in their slots: for a refusal each choice has to fail, so that a few random ones are tried. */
function someFills(
  made: RandomCase,
  limit: number,
  random: Random,
): (readonly (readonly [string, HeldSbt])[])[] {
  if (made.fill.length <= limit) return [made.fill]
  const drop = random.below(made.fill.length)
  return [made.fill.filter((_, i) => i !== drop).slice(0, limit)]
}

describe('differential: evaluator, library and circuit agree on random policies and wallets', () => {
  for (const [profile, runs] of Object.entries(RUNS) as [ProfileName, number][]) {
    it(`${runs} wallets of ${profile}, near misses or satisfying`, async () => {
      let satisfied = 0
      const changes = new Map<string, number>()
      for (let seed = 1; seed <= runs; seed++) {
        const made = randomCase(seed, profile)
        const { policy, roots, fill, sets, ledgers, change } = made
        const title = `seed ${seed}, ${change}: ${policy.canonical}`
        const sbts = fill.map(([, held]) => held)
        const verdict = evaluatePolicy({ policy, roots, now: NOW, soul: ALICE, sbts, sets, ledgers })
        const prepare = () =>
          preparePolicy({
            policy,
            roots,
            now: NOW,
            soul: ALICE,
            sbts,
            sets,
            ledgers,
            context: contextSignals(CONTEXT),
          })
        if (verdict.satisfied) {
          satisfied++
          const { inputs } = prepare()
          await witnessOf(openStatement(profile), inputs).catch((cause) => assert.fail(`${title}: ${cause}`))
        } else {
          assert.throws(prepare, StatementError, title)
          assert.ok(verdict.reasons.length > 0, title)
          for (const some of someFills(made, SBTS[profile], new Random(seed))) {
            assert.equal(await circuitAccepts(made, some), false, title)
          }
          changes.set(change, (changes.get(change) ?? 0) + 1)
        }
      }
      assert.ok(satisfied >= 0.4 * runs, `only ${satisfied} of ${runs} satisfy`)
      assert.ok(satisfied <= 0.8 * runs, `${satisfied} of ${runs} satisfy`)
      // Each kind of near miss made some wallet fail; the large profile, which takes longest, has fewer.
      if (profile === 'policy-l') return assert.ok(changes.size > 4)
      for (const kind of ['claims', 'missing', 'issuer', 'soul', 'salt', 'expired', 'revoked']) {
        assert.ok((changes.get(kind) ?? 0) > 0, `no wallet failed for ${kind}`)
      }
    })
  }
})
