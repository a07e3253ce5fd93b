import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { DOMAIN, SIGNATURE_DOMAIN } from '../../src/crypto/domains.js'
import { emptyState } from '../../src/ledger/reader.js'
import { LEDGER_DEPTH } from '../../src/merkle/ledger.js'
import { QUATERNARY_DEPTH } from '../../src/merkle/proof.js'
import { ANCHOR_DEPTH, PROFILES, THRESHOLD_BITS, WEIGHT_BITS } from '../../src/policy/profiles.js'
import { BATCH_TOUCHES } from '../../src/statements/ledger-batch.js'

const circuits = new URL('../../circuits/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, circuits), 'utf8')
const constantName = (name: string): string =>
  name
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('-', '_')
    .toUpperCase()

describe('numbers shared by circuits and TypeScript', () => {
  const functions = new Map(
    [...read('lib/domains.circom').matchAll(/^function (\w+)\(\) \{ return (\d+); \} \/\/ (\S+)$/gm)].map(
      (match) => [match[1] as string, { value: BigInt(match[2] as string), text: match[3] as string }],
    ),
  )

  it('domain tags and profile ids are the same, none is missing on either side', () => {
    const expected: Record<string, bigint> = {}
    for (const [name, tag] of Object.entries(DOMAIN)) expected[`DOMAIN_${constantName(name)}`] = tag
    for (const { name, id } of PROFILES) expected[`PROFILE_${constantName(name)}`] = id
    assert.deepEqual(Object.fromEntries([...functions].map(([name, { value }]) => [name, value])), expected)
    assert.equal(read('lib/domains.circom').match(/^function/gm)?.length, functions.size)
  })

  it('each tag is the text in its comment, below r and unlike all others', () => {
    for (const { value, text } of functions.values()) {
      assert.equal(value, BigInt(`0x${Buffer.from(text, 'ascii').toString('hex')}`))
      assert.ok(text.length <= 31)
    }
    const tags = [...functions.values()].map(({ value }) => value).concat(Object.values(SIGNATURE_DOMAIN))
    assert.equal(new Set(tags).size, functions.size + Object.keys(SIGNATURE_DOMAIN).length)
  })

  it('each policy circuit has the sizes of its profile, and each profile its circuit', () => {
    const files = readdirSync(new URL('statements/', circuits)).filter((name) => name.startsWith('policy-'))
    assert.deepEqual(files.sort(), PROFILES.map(({ name }) => `${name}.circom`).sort())
    for (const { name, sbts, ledgers, sets, clauses, gates, parentBits, reveals, timed } of PROFILES) {
      const main = /= Policy\((\w+)\(\), ([\d, ]+)\);/.exec(read(`statements/${name}.circom`))
      assert.equal(main?.[1], `PROFILE_${constantName(name)}`)
      const sizes = [sbts, ledgers, sets, clauses, gates, parentBits, reveals, timed ? 1 : 0]
      assert.deepEqual(main?.[2]?.split(', ').map(Number), sizes)
      assert.ok(2 ** parentBits >= gates)
    }
  })

  it('the batch circuit has as many steps, levels and the empty tree of TypeScript', () => {
    const main = /= LedgerBatch\(([\d, ]+)\);/.exec(read('statements/ledger-batch.circom'))
    const { treeRoot } = emptyState({ id: 'any', categories: ['a'] })
    const expected = [BigInt(BATCH_TOUCHES), BigInt(LEDGER_DEPTH), treeRoot]
    assert.deepEqual(main?.[1]?.split(', ').map(BigInt), expected)
  })

  it('depths and widths in the circuit are those of TypeScript', () => {
    const policy = read('lib/policy.circom')
    assert.match(policy, new RegExp(`var DEPTH = ${QUATERNARY_DEPTH};`))
    assert.match(policy, new RegExp(`var ANCHOR_DEPTH = ${ANCHOR_DEPTH};`))
    assert.match(
      policy,
      new RegExp(`Formula\\(CLAUSES, GATES, PARENT_BITS, ${WEIGHT_BITS}, ${THRESHOLD_BITS}\\)`),
    )
  })
})
