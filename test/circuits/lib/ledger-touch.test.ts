import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, type Circuit } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

// Everything here is computed from the decision's text, in a tree of 4 leaves, not by the code that makes batches.

const TOP = 1n << 248n
const MAX = (1n << 64n) - 1n
const BIAS = 1n << 64n

interface Leaf {
  readonly handle: bigint
  readonly next: bigint
  readonly counts: readonly bigint[]
  readonly sums: readonly bigint[]
  readonly head: bigint
}

const zeros = [0n, 0n, 0n, 0n]
const leafOf = (handle: bigint, next: bigint, sum = 0n): Leaf => ({
  handle,
  next,
  counts: [1n, 2n, 3n, 4n],
  sums: [sum, sum, sum, sum],
  head: 55n,
})
const FREE: Leaf = { handle: 0n, next: 0n, counts: zeros, sums: zeros, head: 0n }

const hashOf = (leaf: Leaf | undefined): bigint => {
  if (leaf === undefined) return 0n
  const { handle, next, counts, sums, head } = leaf
  return poseidon([
    DOMAIN.ledgerLeaf,
    handle,
    next,
    ...counts.flatMap((count, c) => [count, sums[c] as bigint]),
    head,
  ])
}
const childrenOf = (leaves: readonly (Leaf | undefined)[]): bigint[] =>
  [0, 1, 2, 3].map((i) => hashOf(leaves[i]))
const rootOf = (leaves: readonly (Leaf | undefined)[]): bigint => poseidon(childrenOf(leaves))

type Kind = 'skip' | 'update' | 'link' | 'insert' | 'overflow' | 'nothing'
const KINDS: readonly Kind[] = ['skip', 'update', 'link', 'insert', 'overflow', 'nothing']

interface Step {
  readonly kind: Kind
  readonly leaves: readonly (Leaf | undefined)[]
  readonly at: number
  readonly handle: bigint
  readonly category?: number
  readonly amount?: bigint
  readonly size?: number
  readonly linked?: { readonly handle: bigint; readonly next: bigint }
}

const contentOf = (amount: bigint): bigint => amount + BIAS + (7n << 65n) + (9n << 105n)
const subjectOf = (handle: bigint, category: number): bigint => handle + TOP * BigInt(category)

function inputsOf(step: Step) {
  const { kind, leaves, at, handle, category = 0, amount = 0n, linked = { handle, next: TOP } } = step
  const leaf = kind === 'insert' ? FREE : (leaves[at] ?? FREE)
  const flag = (one: Kind): bigint => (kind === one ? 1n : 0n)
  return {
    treeRoot: rootOf(leaves),
    size: BigInt(step.size ?? leaves.length),
    queueLength: 5n,
    queueHead: 6n,
    linking: flag('insert'),
    linkedHandle: linked.handle,
    linkedNext: linked.next,
    isSkip: flag('skip'),
    isUpdate: flag('update'),
    isLink: flag('link'),
    isOverflow: flag('overflow'),
    handle,
    category: bitsOf(BigInt(category), 5),
    content: contentOf(amount),
    leafHandle: leaf.handle,
    next: leaf.next,
    counts: leaf.counts,
    sums: leaf.sums,
    head: leaf.head,
    index: bitsOf(BigInt(at), 2),
    children: [childrenOf(leaves)],
  }
}

async function outputs(step: Step) {
  const circuit = await gadget('LedgerTouch(1)')
  const inputs = inputsOf(step)
  const witness = await circuit.accept(inputs)
  assert.deepEqual(circuit.solve(inputs).witnesses, [witness], 'the outputs follow from the inputs')
  const value = (name: string): bigint => circuit.value(witness, name)
  return {
    root: value('newTreeRoot'),
    size: value('newSize'),
    length: value('newQueueLength'),
    head: value('newQueueHead'),
    links: value('links'),
  }
}

/** Whether the circuit has a witness for a step. */
async function fits(circuit: Circuit, step: Step): Promise<boolean> {
  const inputs = inputsOf(step)
  try {
    await circuit.accept(inputs)
    return true
  } catch {
    await circuit.refuse(inputs)
    return false
  }
}

const taken = (step: Step): bigint =>
  poseidon([6n, subjectOf(step.handle, step.category ?? 0), contentOf(step.amount ?? 0n)])

describe('circuits/lib/ledger-touch', () => {
  const list = [leafOf(0n, 20n), leafOf(20n, 40n, 100n), leafOf(40n, TOP)]
  const history = (head: bigint, step: Step): bigint =>
    poseidon([head, subjectOf(step.handle, step.category ?? 0), contentOf(step.amount ?? 0n)])

  it('update: the tally of the category, and the history; the rest of the tree stays', async () => {
    for (const category of [0, 1, 2, 3]) {
      const step: Step = { kind: 'update', leaves: list, at: 1, handle: 20n, category, amount: -30n }
      const leaf = list[1] as Leaf
      const after = {
        ...leaf,
        counts: leaf.counts.with(category, BigInt(category) + 2n),
        sums: leaf.sums.with(category, 70n),
        head: history(55n, step),
      }
      const expected = {
        root: rootOf(list.with(1, after)),
        size: 3n,
        length: 6n,
        head: taken(step),
        links: 0n,
      }
      assert.deepEqual(await outputs(step), expected)
    }
  })

  it('a sum stays within 0 and 2^64 - 1, at every border (a wrapped sum)', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    for (const [sum, amount, result] of [
      [0n, 0n, 0n],
      [0n, -1n, 0n],
      [0n, -BIAS, 0n],
      [MAX, -BIAS, 0n],
      [MAX, -MAX, 0n],
      [5n, -5n, 0n],
      [5n, -4n, 1n],
      [0n, MAX, MAX],
      [1n, MAX - 1n, MAX],
      [1n, MAX, MAX],
      [MAX, 0n, MAX],
      [MAX, 1n, MAX],
      [MAX, MAX, MAX],
      [MAX, -1n, MAX - 1n],
      [1n << 63n, 1n << 63n, MAX],
    ] as const) {
      const leaves = list.with(1, leafOf(20n, 40n, sum))
      const step: Step = { kind: 'update', leaves, at: 1, handle: 20n, category: 2, amount }
      const leaf = leaves[1] as Leaf
      const after = {
        ...leaf,
        counts: leaf.counts.with(2, 4n),
        sums: leaf.sums.with(2, result),
        head: history(55n, step),
      }
      const witness = await circuit.accept(inputsOf(step))
      assert.equal(circuit.value(witness, 'newTreeRoot'), rootOf(leaves.with(1, after)))
    }
  })

  it('link and insert: the leaf before points to the new one, which starts from nothing', async () => {
    const link: Step = { kind: 'link', leaves: list, at: 1, handle: 30n, category: 1, amount: 9n }
    const linked = list.with(1, { ...(list[1] as Leaf), next: 30n })
    assert.deepEqual(await outputs(link), { root: rootOf(linked), size: 3n, length: 5n, head: 6n, links: 1n })
    const insert: Step = {
      ...link,
      kind: 'insert',
      leaves: linked,
      at: 3,
      linked: { handle: 30n, next: 40n },
    }
    const fresh = {
      handle: 30n,
      next: 40n,
      counts: [0n, 1n, 0n, 0n],
      sums: [0n, 9n, 0n, 0n],
      head: history(DOMAIN.ledgerHistory, insert),
    }
    const expected = {
      root: rootOf([...linked, fresh]),
      size: 4n,
      length: 6n,
      head: taken(insert),
      links: 0n,
    }
    assert.deepEqual(await outputs(insert), expected)
  })

  it('skip, overflow and nothing change no leaf', async () => {
    const skip: Step = { kind: 'skip', leaves: list, at: 2, handle: 99n, category: 31 }
    assert.deepEqual(await outputs(skip), {
      root: rootOf(list),
      size: 3n,
      length: 6n,
      head: taken(skip),
      links: 0n,
    })
    for (const size of [4, 5]) {
      const overflow: Step = { kind: 'overflow', leaves: list, at: 1, handle: 30n, size }
      const expected = { root: rootOf(list), size: 5n, length: 6n, head: taken(overflow), links: 0n }
      assert.deepEqual(await outputs(overflow), expected)
    }
    const nothing: Step = { kind: 'nothing', leaves: list, at: 0, handle: 0n }
    assert.deepEqual(await outputs(nothing), {
      root: rootOf(list),
      size: 3n,
      length: 5n,
      head: 6n,
      links: 0n,
    })
  })

  it('exactly one step consumes or links any entry in any state (soundness 32: nothing freezes, nothing is chosen)', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    for (const size of [3, 4, 5]) {
      for (const handle of [0n, 10n, 20n, 30n, TOP - 1n]) {
        for (const category of [0, 4, 8, 16]) {
          const found: string[] = []
          for (const kind of KINDS) {
            if (kind === 'nothing' || kind === 'insert') continue
            for (const at of [0, 1, 2]) {
              const step: Step = { kind, leaves: list, at, handle, category, size, amount: 1n }
              try {
                await circuit.accept(inputsOf(step))
                found.push(kind === 'skip' ? kind : `${kind} ${at}`)
              } catch {}
            }
          }
          const own = list.findIndex((leaf) => leaf.handle === handle)
          const gap = list.findIndex((leaf) => leaf.handle < handle && handle < leaf.next)
          const isNew = own < 0
          // A link says nothing of the category; the insertion after it does.
          const expected =
            category > 3
              ? [...(isNew ? [`link ${gap}`] : []), 'skip']
              : [isNew ? `link ${gap}` : `update ${own}`, ...(isNew && size > 3 ? [`overflow ${gap}`] : [])]
          assert.deepEqual([...new Set(found)].sort(), expected.sort(), `${size} ${handle} ${category}`)
        }
      }
    }
  })

  it('after a link only the insertion of the same handle at the free position fits', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    const leaves = list.with(1, { ...(list[1] as Leaf), next: 30n })
    const linked = { handle: 30n, next: 40n }
    const insert: Step = { kind: 'insert', leaves, at: 3, handle: 30n, linked }
    assert.equal(await fits(circuit, insert), true)
    for (const change of [
      { at: 0 },
      { at: 2 },
      { handle: 31n },
      { category: 4 },
      { category: 16 },
      { size: 2 },
      { size: 4 },
      { size: 5 },
    ] as Partial<Step>[])
      assert.equal(await fits(circuit, { ...insert, ...change }), false)
    for (const name of ['isSkip', 'isUpdate', 'isLink', 'isOverflow'])
      await circuit.refuse({ ...inputsOf(insert), [name]: 1n })
    // A position that is in use, and a leaf that is said to be free and is not.
    await circuit.refuse({ ...inputsOf({ ...insert, at: 2, size: 2 }) })
    const third = leaves[2] as Leaf
    const { handle: leafHandle, next, counts, sums, head } = third
    await circuit.refuse({ ...inputsOf({ ...insert, at: 2, size: 2 }), leafHandle, next, counts, sums, head })
    for (const part of [
      { leafHandle: 1n },
      { next: 1n },
      { head: 1n },
      { counts: [0n, 0n, 1n, 0n] },
      { sums: [1n, 0n, 0n, 0n] },
    ])
      await circuit.refuse({ ...inputsOf(insert), ...part })
  })

  it('a gap is strict and does not wrap: no link for a handle at its ends or outside (soundness 3, 4)', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    for (const [handle, next] of [
      [20n, 40n],
      [0n, 29n],
      [30n, 40n],
      [29n, 30n],
      [31n, 40n],
      [31n, r - 1n],
      [r - 1n, 30n],
      [30n + TOP, TOP],
    ] as const) {
      const leaves = [leafOf(handle, next)]
      const fitsGap = handle < 30n && 30n < next && next <= TOP
      for (const kind of ['link', 'overflow'] as const) {
        const step: Step = { kind, leaves, at: 0, handle: 30n, size: kind === 'overflow' ? 4 : 1 }
        assert.equal(await fits(circuit, step), fitsGap, `${kind} ${handle} ${next}`)
      }
    }
    // A handle of 2^248 and more, as field elements of a subject that some category would explain.
    for (const handle of [TOP, TOP + 20n, r - 1n]) {
      for (const kind of ['skip', 'update', 'link'] as const) {
        const leaves = [leafOf(0n, TOP)]
        await circuit.refuse(inputsOf({ kind, leaves, at: 0, handle, category: kind === 'skip' ? 9 : 0 }))
      }
    }
  })

  it('an entry is read in one way: handle, category and amount of its words, and no others', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    const step: Step = { kind: 'update', leaves: list, at: 1, handle: 20n, category: 1, amount: 3n }
    const inputs = inputsOf(step)
    const witness = await circuit.accept(inputs)
    const queue = { newQueueHead: circuit.value(witness, 'newQueueHead') }
    // The same subject as another handle and category, the same content with another amount.
    for (const other of [
      { handle: 20n + TOP, category: zeros.concat(0n) },
      { handle: (20n + 2n * TOP) % r, category: [r - 1n, 0n, 0n, 0n, 0n] },
    ]) {
      assert.equal(circuit.solve({ ...inputs, ...other }, queue).witnesses.length, 0)
      await circuit.refuse({ ...inputs, ...other })
    }
    for (const content of [1n << 253n, r - 1n, inputs.content + (1n << 253n)])
      await circuit.refuse({ ...inputs, content })
  })

  it('steps are bits, and one at most', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    const inputs = inputsOf({ kind: 'update', leaves: list, at: 1, handle: 20n })
    const half = (r + 1n) / 2n
    for (const change of [
      { isUpdate: 2n },
      { isUpdate: half },
      { isUpdate: half, isSkip: half },
      { isUpdate: 1n, isSkip: 1n },
      { isUpdate: 1n, isSkip: r - 1n, isLink: 1n },
      { isUpdate: 0n, isSkip: 1n },
      { isLink: 1n },
      { isOverflow: 1n },
    ])
      await circuit.refuse({ ...inputs, ...change })
    for (const place of [0, 1, 2, 3, 4])
      await circuit.refuse({ ...inputs, category: inputs.category.with(place, 2n) })
    for (const value of [2n, half]) await circuit.refuse({ ...inputs, index: [value, 0n] })
  })

  it('mutation: no wire of any step can be changed but what does not enter', async () => {
    const circuit = await gadget('LedgerTouch(1)')
    const steps: [Step, RegExp][] = [
      [
        { kind: 'update', leaves: list, at: 1, handle: 20n, category: 2, amount: 5n },
        /^linked(Handle|Next)$/,
      ],
      [{ kind: 'link', leaves: list, at: 1, handle: 30n }, /^linked(Handle|Next)$/],
      [{ kind: 'insert', leaves: list, at: 3, handle: 30n }, /^$/],
      [{ kind: 'overflow', leaves: list, at: 1, handle: 30n, size: 4 }, /^(linked(Handle|Next)|size)$/],
      [{ kind: 'skip', leaves: list, at: 1, handle: 30n, category: 9 }, /^linked(Handle|Next)$/],
    ]
    for (const [step, free] of steps) {
      const witness = await circuit.accept(inputsOf(step))
      for (const { name } of circuit.mutateAll(witness)) assert.match(name, free, step.kind)
    }
  })
})
