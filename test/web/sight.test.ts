import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compilePolicy, evaluatePolicy, PolicyError } from '../../src/policy/index.js'
import { KINDS, publishedRoots } from '../../web/src/model/offices.js'
import {
  askedOf,
  type Condition,
  EXAMPLES,
  kindOf,
  type Question,
  SLOTS,
  type Slot,
  testsOf,
} from '../../web/src/model/question.js'
import { sightOf } from '../../web/src/model/sight.js'
import { clock, firstHolder, type Holder, walletOf } from '../../web/src/model/wallet.js'
import { explain } from '../../web/src/model/words.js'

const VALUES: Readonly<Record<string, readonly string[]>> = {
  ...{
    name: ['Ana Reyes', 'Ben Okafor'],
    country: ['CA', 'JP'],
    birthDate: ['18', '40'],
    major: ['economics', 'law'],
  },
  ...{ year: ['2018', '2000'], handle: ['@ana'], followers: ['50000', '10'], talks: ['4', '1'] },
}

/** A condition that the composer can make. */
const condition: fc.Arbitrary<Condition> = fc
  .constantFrom(...(Object.keys(SLOTS) as Slot[]))
  .chain((slot) => fc.tuple(fc.constant(slot), fc.constantFrom(undefined, ...KINDS[kindOf(slot)].fields)))
  .chain(([slot, field]): fc.Arbitrary<Condition> => {
    if (field === undefined) return fc.constant({ slot, test: 'held' })
    const { claim } = field
    return fc.record({
      ...{ slot: fc.constant(slot), claim: fc.constant(claim), test: fc.constantFrom(...testsOf(field)) },
      value: fc.constantFrom(...(VALUES[claim] as string[])),
    })
  })

const question: fc.Arbitrary<Question> = fc
  .array(
    fc.record({
      need: fc.constantFrom<'all' | number>('all', 1, 2),
      of: fc.array(condition, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((groups) => ({ asker: 'Asker', purpose: 'Purpose', groups, reveal: [] }))

function satisfied(holder: Holder, asked: Question): boolean {
  const { policy, offices } = askedOf(asked)
  const roots = publishedRoots(holder.revoked, offices)
  return evaluatePolicy({ ...walletOf(holder), policy, roots, now: clock() }).satisfied
}

describe('the picture of the page', () => {
  const ana = firstHolder('ana')
  /** Everything that Ana's SBTs say, as the wallet shows it. */
  const all = sightOf({
    holder: ana,
    question: (EXAMPLES[0] as (typeof EXAMPLES)[0]).question,
    satisfied: true,
    viewer: 'you',
  })

  it('has examples that Ana satisfies, Ben in part, and somebody new never', () => {
    const count = (holder: Holder) => EXAMPLES.filter((example) => satisfied(holder, example.question)).length
    assert.equal(count(ana), EXAMPLES.length)
    assert.equal(count(firstHolder('new')), 0)
    const ben = count(firstHolder('ben'))
    assert(ben > 0 && ben < EXAMPLES.length)
    for (const { question: asked } of EXAMPLES) {
      assert.match(compilePolicy(askedOf(asked).policy).profile.name, /^policy-[sm]$/)
    }
  })

  it('shows the asker no value but what the question fixes or reveals, whatever is asked', () => {
    const values = all.documents.flatMap(({ fields }) => fields.map(({ value }) => value))
    assert(values.includes('Ana Reyes') && values.includes('52,300'))
    let drawn = 0
    fc.assert(
      fc.property(question, (asked) => {
        try {
          askedOf(asked)
        } catch (error) {
          // Vacuous or contradictory: there is nothing to draw.
          assert(error instanceof PolicyError || error instanceof RangeError)
          return
        }
        drawn++
        const sure = asked.groups.flatMap(({ need, of }) => (need === 'all' || need >= of.length ? of : []))
        const sight = sightOf({ holder: ana, question: asked, satisfied: true, viewer: 'asker' })
        for (const { id, fields } of sight.documents) {
          for (const { label, value } of fields) {
            if (value === undefined) continue
            const fixed = sure.some(
              ({ slot, claim, test }) =>
                id.startsWith(slot) &&
                test === 'is' &&
                KINDS[kindOf(slot)].fields.some((field) => field.claim === claim && field.label === label),
            )
            assert(fixed, `${id}: ${label}`)
          }
        }
      }),
      { numRuns: 300, seed: 8 },
    )
    assert(drawn > 100)
  })

  it('shows nothing at all to the asker when there is nothing to prove', () => {
    const sight = sightOf({
      holder: ana,
      question: (EXAMPLES[0] as (typeof EXAMPLES)[0]).question,
      satisfied: false,
      viewer: 'asker',
    })
    assert.deepEqual(sight.documents, [])
  })

  it('names issuers in the policy’s words, and leaves no key of theirs', () => {
    for (const { question: asked } of EXAMPLES) {
      const text = JSON.stringify(explain(askedOf(asked).policy))
      assert.doesNotMatch(text, /key \d/)
      assert.match(text, /What the verifier learns/)
    }
  })
})
