import assert from 'node:assert/strict'
import { SoulproofError } from '../../src/errors.js'
import { compare, findAssignment, type Kind, type Kinds } from '../../src/policy/assign.js'
import { evaluateFormula, type Leaf, leavesOf, slotsOf } from '../../src/policy/formula.js'
import { parsePolicy } from '../../src/policy/parse.js'
import type { Formula } from '../../src/policy/types.js'
import { Random } from '../support/random-policy.js'
import { type Editable, issuerOf } from './fixture.js'

type Claims = readonly [x: bigint, y: bigint, z: bigint]

/** Steps that a wallet of 500 SBTs may take: a few times the square of 500. Three slots tried blindly are 125,000,000. */
const BOUND = 8 * 500 ** 2

/** Numbers the SBTs of a wallet, the same for each slot. */
const wallet = (size: number, claimsOf: (i: number) => Claims): Claims[] =>
  Array.from({ length: size }, (_, i) => claimsOf(i))

const formulaOf = (slots: readonly string[], require: Editable): Formula =>
  parsePolicy({
    version: 1,
    schemas: { 'xyz/1': { x: 'uint', y: 'uint', z: 'uint' } },
    sbts: Object.fromEntries(slots.map((slot) => [slot, { issuers: [issuerOf(1).id], schema: 'xyz/1' }])),
    require,
  }).require

const isLink = (leaf: Leaf): boolean => slotsOf(leaf).length === 2

function holdsAlone(leaf: Leaf, claims: Claims): boolean {
  if (leaf.kind === 'has') return true
  if (leaf.kind !== 'compare') throw new TypeError('only comparisons')
  const left = claims[leaf.left.position] as bigint
  const right =
    leaf.right.kind === 'constant'
      ? leaf.right.value
      : leaf.right.kind === 'claim'
        ? (claims[leaf.right.claim.position] as bigint)
        : 0n
  return compare(left, leaf.operator, right)
}

/** Every SBT as a kind of its own: the most that a search can have to look at. */
function kindsOf(
  formula: Formula,
  pools: Readonly<Record<string, readonly Claims[]>>,
  sbts: readonly Claims[],
): Kinds {
  const leaves = leavesOf(formula)
  const number = new Map(sbts.map((claims, i) => [claims, BigInt(i)]))
  return new Map(
    Object.entries(pools).map(([slot, pool]) => [
      slot,
      pool.map((claims): Kind => {
        const own = leaves.filter((leaf) => !isLink(leaf) && slotsOf(leaf)[0] === slot)
        return {
          holds: new Set(own.filter((leaf) => holdsAlone(leaf, claims))),
          claims: new Map(claims.map((value, position) => [position, value])),
          members: [number.get(claims) as bigint],
        }
      }),
    ]),
  )
}

/** Searches, and checks what is found against the formula itself. */
function search(
  slots: readonly string[],
  require: Editable,
  sbts: readonly Claims[],
  pools: Readonly<Record<string, readonly Claims[]>> = Object.fromEntries(slots.map((slot) => [slot, sbts])),
): { found: boolean; steps: number } {
  const formula = formulaOf(slots, require)
  const { assignment, steps } = findAssignment({ formula, kinds: kindsOf(formula, pools, sbts) })
  if (assignment !== undefined) {
    assert.equal(new Set(assignment.values()).size, assignment.size, 'an SBT counts twice')
    const claimsIn = (slot: string): Claims | undefined => {
      const index = assignment.get(slot)
      return index === undefined ? undefined : sbts[Number(index)]
    }
    const isTrue = (leaf: Leaf): boolean => {
      const filled = slotsOf(leaf).map(claimsIn)
      if (filled.includes(undefined)) return false
      if (!isLink(leaf)) return holdsAlone(leaf, filled[0] as Claims)
      if (leaf.kind !== 'compare' || leaf.right.kind !== 'claim') throw new TypeError('only comparisons')
      const left = claimsIn(leaf.left.slot) as Claims
      const right = claimsIn(leaf.right.claim.slot) as Claims
      return compare(
        left[leaf.left.position] as bigint,
        leaf.operator,
        right[leaf.right.claim.position] as bigint,
      )
    }
    assert.ok(evaluateFormula(formula, isTrue), 'what was found does not satisfy the formula')
  }
  return { found: assignment !== undefined, steps }
}

const than = (left: string, operator: string, right: string): Editable => ({
  claim: left,
  [operator]: { claim: right },
})

describe('policy/assign: wallets of 500 SBTs are searched in bounded work', () => {
  const random = new Random(5)
  const draw = (): bigint => BigInt(random.below(1000))
  const abcd = ['a', 'b', 'c', 'd']
  const scattered = wallet(500, () => [draw(), draw(), draw()])
  const distinct = wallet(500, (i) => [BigInt(i), BigInt((i * 7) % 500), BigInt((i * 11 + 3) % 500)])
  const all = (...of: Editable[]): Editable => ({ all: of })

  const cases: [title: string, slots: string[], require: Editable, sbts: Claims[], found: boolean][] = [
    [
      'three of five slots that the same 500 can fill',
      [...abcd, 'e'],
      { atLeast: 3, of: [...abcd, 'e'].map((has) => ({ has })) },
      scattered,
      true,
    ],
    [
      'four slots with two tests each',
      abcd,
      all(
        ...abcd.flatMap((s) => [
          { claim: `${s}.x`, gt: 500 },
          { claim: `${s}.y`, lt: 100 },
        ]),
      ),
      scattered,
      true,
    ],
    [
      'a weighted sum that no four SBTs reach: no SBT has two of three tests of its slot',
      abcd,
      {
        weighted: abcd.flatMap((s) =>
          ['x', 'y', 'z'].map((claim, i) => [i + 1, { claim: `${s}.${claim}`, gte: 900 }]),
        ),
        min: 13,
      },
      wallet(
        500,
        (i) => [0n, 1n, 2n].map((k) => (BigInt(i) % 3n === k ? 999n : draw() % 900n)) as unknown as Claims,
      ),
      false,
    ],
    [
      'a rising chain',
      abcd,
      all(than('a.x', 'lt', 'b.x'), than('b.y', 'lt', 'c.y'), than('c.z', 'lt', 'd.z')),
      scattered,
      true,
    ],
    [
      'a cycle that cannot be',
      ['a', 'b', 'c'],
      all(than('a.x', 'lt', 'b.x'), than('b.x', 'lt', 'c.x'), than('c.x', 'lt', 'a.x')),
      distinct,
      false,
    ],
    ['equal claims where each value is there once', ['a', 'b'], than('a.x', 'eq', 'b.x'), distinct, false],
    [
      'a pair that only one of all pairs is',
      ['a', 'b'],
      all(than('a.x', 'eq', 'b.x'), than('a.y', 'neq', 'b.y')),
      [...distinct.slice(0, 499), [250n, 1n, 1n]],
      true,
    ],
    [
      'a ring of equalities without a solution, of which each pair has one',
      ['a', 'b', 'c'],
      all(than('a.x', 'eq', 'b.y'), than('b.x', 'eq', 'c.y'), than('c.x', 'eq', 'a.z')),
      distinct,
      false,
    ],
  ]
  for (const [title, slots, require, sbts, found] of cases) {
    it(title, () => {
      const result = search(slots, require, sbts)
      assert.equal(result.found, found)
      assert.ok(result.steps < BOUND, `${result.steps} steps`)
    })
  }

  it('steps grow with the wallet and not with its powers', () => {
    const require = { atLeast: 3, of: [...abcd, 'e'].map((s) => ({ claim: `${s}.x`, gt: 500 })) }
    const stepsOf = (size: number): number =>
      search(
        [...abcd, 'e'],
        require,
        wallet(size, () => [draw() % 400n, 0n, 0n]),
      ).steps
    const [small, large] = [stepsOf(100), stepsOf(1000)]
    assert.ok(large < 12 * small, `${small} steps for 100 SBTs, ${large} for 1000`)
  })

  it('one SBT less than slots: all subsets are excluded without trying SBTs one by one', () => {
    const slots = Array.from({ length: 12 }, (_, i) => `s${i}`)
    const require = { atLeast: 7, of: slots.map((has) => ({ has })) }
    const six = scattered.slice(0, 6)
    const result = search(slots, require, scattered, Object.fromEntries(slots.map((s) => [s, six])))
    assert.equal(result.found, false)
    assert.ok(result.steps < BOUND, `${result.steps} steps`)
  })

  it('gives up by name, and never answers no, when the limit of steps is reached', () => {
    const formula = formulaOf(['a', 'b'], than('a.x', 'eq', 'b.x'))
    const kinds = kindsOf(formula, { a: distinct, b: distinct }, distinct)
    const { steps } = findAssignment({ formula, kinds })
    assert.throws(() => findAssignment({ formula, kinds, maxSteps: steps - 1 }), {
      name: SoulproofError.name,
      message: /too many combinations/,
    })
    assert.equal(findAssignment({ formula, kinds, maxSteps: steps }).steps, steps)
  })
})
