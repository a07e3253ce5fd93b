import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { Group } from '../../src/merkle/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { type CircuitInputs, membershipInputs, prepareMembership } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { type RandomCase, randomCase } from '../support/random-policy.js'
import { rawPolicy } from '../support/raw-policy.js'
import { openStatement, witnessOf } from '../support/statement.js'
import { ALICE, BOB, NOW } from '../support/world.js'

/** A satisfying witness of a statement: of a holder, or of the verifier whom it is for. */
export interface Case {
  readonly inputs: CircuitInputs
  readonly witness: readonly bigint[]
  readonly holder: boolean
}

const CONTEXT = { scope: 'corpus', message: 'mutation' }
const DESIGNATED = { ...CONTEXT, verifierKey: BOB.commitment, verifierKey2: ALICE.commitment }

/** Satisfying witnesses of a statement, the same in each run: some of holders, the last of a verifier. */
export async function corpusOf(statement: string, holders = 2): Promise<Case[]> {
  const cases = statement === 'membership' ? membershipCases() : policyCases(statement, holders)
  const open = openStatement(statement)
  return Promise.all(
    cases.map(async ({ inputs, holder }) => ({ inputs, holder, witness: await witnessOf(open, inputs) })),
  )
}

function membershipCases(): Omit<Case, 'witness'>[] {
  const group = new Group([11n, 12n, ALICE.commitment, 13n, BOB.commitment, 14n])
  // A path of all twenty levels, so that none of them is idle.
  const siblings = Array.from({ length: 20 }, (_, i) => BigInt(i) ** 5n + 3n)
  const signals = { ...contextSignals(DESIGNATED), nullifier: 77n, root: r - 1n }
  return [
    {
      inputs: prepareMembership({ soul: ALICE, group, context: contextSignals(CONTEXT) }).inputs,
      holder: true,
    },
    { inputs: membershipInputs(signals, { secret: ALICE.secret, index: 0b1011, siblings }), holder: false },
  ]
}

function policyCases(statement: string, holders: number): Omit<Case, 'witness'>[] {
  const profile = statement as 'policy-s' | 'policy-m'
  const cases: Omit<Case, 'witness'>[] = []
  let last: RandomCase | undefined
  for (let seed = 1; cases.length < holders; seed++) {
    const made = randomCase(seed, profile)
    if (made.change !== 'nothing') continue
    if (profile === 'policy-m' && (made.sets.length === 0 || made.fill.length < 3)) continue
    try {
      const { inputs } = preparePolicy({
        policy: made.policy,
        roots: made.roots,
        now: NOW,
        context: contextSignals(CONTEXT),
        soul: ALICE,
        sbts: made.fill.map(([, held]) => held),
        sets: made.sets,
      })
      cases.push({ inputs, holder: true })
      last = made
    } catch (error) {
      if (!(error instanceof StatementError)) throw error
    }
  }
  const { policy, roots, fill, sets } = last as RandomCase
  const { inputs } = rawPolicy({
    policy,
    roots,
    fill,
    sets,
    soul: ALICE,
    context: DESIGNATED,
    signals: { nullifier: 5n, handle: r - 1n },
  })
  return [...cases, { inputs, holder: false }]
}
