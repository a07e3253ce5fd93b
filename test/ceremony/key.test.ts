import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { zKey } from 'snarkjs'
import { contribute, contributeBeacon, openKey } from '../../src/ceremony/key.js'
import { verifyKey, verifyNextKey } from '../../src/ceremony/verify-key.js'
import { CeremonyError } from '../../src/errors.js'
import { type Contribution, readContributions, writeContributions } from '../../src/formats/contributions.js'
import { openPtau } from '../../src/formats/ptau.js'
import { readR1cs } from '../../src/formats/r1cs.js'
import { writeSections } from '../../src/formats/sections.js'
import { HEADER_POINT, openZkey, ZKEY_SECTION } from '../../src/formats/zkey.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createInitialKey } from '../../src/setup/initial-key.js'
import { readTestPhase1 } from '../support/phase1.js'

const CIRCUIT = 'test/circuits/six-signals.circom'
const BEACON = { value: new Uint8Array(32).fill(7), iterationsExp: 10 }

/** 64 bytes that are the same in every run. */
const random = (seed: string): Uint8Array => createHash('sha512').update(seed).digest()
const add = async (zkey: Uint8Array, name: string): Promise<Uint8Array> =>
  (await contribute({ zkey, random: random(name), entropy: '', name })).zkey

/** The key with sections replaced. */
function edit(zkey: Uint8Array, change: (sections: Map<number, Uint8Array>) => void): Uint8Array {
  const sections = new Map([...openZkey(zkey).sections].map(([type, bytes]) => [type, bytes.slice()]))
  change(sections)
  return writeSections({ magic: 'zkey', version: 1, sections: [...sections] })
}

/** The key with the last contribution replaced, and delta with it. */
function editLast(zkey: Uint8Array, change: (last: Contribution) => Contribution): Uint8Array {
  return edit(zkey, (sections) => {
    const { circuitHash, contributions } = readContributions(sections.get(ZKEY_SECTION.contributions)!)
    const last = change(contributions.at(-1)!)
    const section = writeContributions({ circuitHash, contributions: [...contributions.slice(0, -1), last] })
    sections.set(ZKEY_SECTION.contributions, section)
    sections.get(ZKEY_SECTION.header)!.set(last.deltaAfter, HEADER_POINT.delta1)
  })
}

describe('ceremony: keys of phase 2', () => {
  let r1cs: Uint8Array
  let initial: Uint8Array
  let first: Uint8Array
  let second: Uint8Array
  before(async () => {
    ;({ r1cs } = await compileCircuit({ file: CIRCUIT }))
    initial = await createInitialKey({ r1cs: readR1cs(r1cs), ptau: openPtau(await readTestPhase1(8)) })
    first = await add(initial, 'alice')
    second = await add(first, 'bob')
  })
  after(async () => {
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  })

  const refused = (next: Uint8Array, reason: RegExp, previous = first) =>
    assert.rejects(verifyNextKey({ culprit: 'key of bob', initial, previous, next }), (error: unknown) => {
      assert.ok(error instanceof CeremonyError)
      assert.equal(error.culprit, 'key of bob')
      assert.match(error.message, reason)
      return true
    })

  it('begins with the bytes that snarkjs makes', async () => {
    const phase1 = { type: 'mem', data: await readTestPhase1(8) } as never
    for (const file of ['multiplier', 'arithmetic', 'six-signals', 'eleven-signals', 'preimage']) {
      const circuit = await compileCircuit({ file: `test/circuits/${file}.circom` })
      const theirs = { type: 'mem', data: new Uint8Array() }
      await zKey.newZKey({ type: 'mem', data: circuit.r1cs } as never, phase1, theirs as never)
      const ours = await createInitialKey({
        r1cs: readR1cs(circuit.r1cs),
        ptau: openPtau(await readTestPhase1(8)),
      })
      assert.deepEqual(Buffer.compare(ours, theirs.data), 0, file)
    }
  })

  it('is contributed to, and accepted by our checks and those of snarkjs alike', async () => {
    const contribution = await verifyNextKey({ culprit: 'key', initial, previous: first, next: second })
    assert.equal(contribution.name, 'bob')
    const last = (await contributeBeacon({ zkey: second, name: 'beacon', beacon: BEACON })).zkey
    const contributions = await verifyKey({ culprit: 'key', initial, key: last })
    assert.deepEqual(
      contributions.map(({ name }) => name),
      ['alice', 'bob', 'beacon'],
    )
    const mem = (data: Uint8Array) => ({ type: 'mem', data })
    const phase1 = mem(await readTestPhase1(8)) as never
    const verdict = await zKey.verifyFromInit(mem(initial) as never, phase1, mem(last) as never)
    assert.equal(verdict, true)
    assert.equal(await zKey.verifyFromR1cs(mem(r1cs) as never, phase1, mem(last) as never), true)
  })

  it('takes contributions and beacons of snarkjs, and gives the same beacon', async () => {
    const theirs = { type: 'mem', data: new Uint8Array() }
    const hash = await zKey.contribute(
      { type: 'mem', data: first } as never,
      theirs as never,
      'carol',
      'entropy',
    )
    assert.equal(
      (await verifyNextKey({ culprit: 'key', initial, previous: first, next: theirs.data })).name,
      'carol',
    )
    assert.equal(hash.length, 64)
    const beacon = { type: 'mem', data: new Uint8Array() }
    const value = Buffer.from(BEACON.value).toString('hex')
    await zKey.beacon({ type: 'mem', data: theirs.data } as never, beacon as never, 'beacon', value, 10)
    const ours = await contributeBeacon({ zkey: theirs.data, name: 'beacon', beacon: BEACON })
    assert.equal(Buffer.compare(ours.zkey, beacon.data), 0)
  })

  it('is another one for other randomness, and the same one for the same', async () => {
    assert.equal(Buffer.compare(await add(initial, 'alice'), first), 0)
    const typed = await contribute({ zkey: initial, random: random('alice'), entropy: 'dice', name: 'alice' })
    assert.notEqual(Buffer.compare(typed.zkey, first), 0)
  })

  it('is refused when a contribution is skipped, missing, doubled or reused', async () => {
    await refused(await add(initial, 'bob'), /skips contribution 1/)
    await refused(first, /adds no contribution/)
    await refused(await add(second, 'carol'), /adds 2 contributions/)
    const again = edit(first, (sections) => {
      const { circuitHash, contributions } = readContributions(sections.get(ZKEY_SECTION.contributions)!)
      const section = writeContributions({
        circuitHash,
        contributions: [...contributions, contributions[0]!],
      })
      sections.set(ZKEY_SECTION.contributions, section)
    })
    await refused(again, /contribution 2 reuses an earlier one/)
  })

  it('is refused when its contributor changed nothing, so that delta stays gamma', async () => {
    const [one] = openKey(first, 'key').contributions
    const same = editLast(first, (last) => ({
      ...last,
      sx: last.s,
      deltaAfter: openKey(initial, 'key')
        .zkey.sections.get(ZKEY_SECTION.header)!
        .slice(HEADER_POINT.delta1, HEADER_POINT.delta2),
    }))
    assert.ok(one)
    await refused(same, /contribution 1 changes nothing/, initial)
  })

  it('is refused when any point of its contribution is another one', async () => {
    const other = openKey(await add(first, 'mallory'), 'key').contributions[1]!
    const cases: readonly [keyof Contribution, RegExp][] = [
      ['s', /transcript that is not of the contributions/],
      ['sx', /transcript that is not of the contributions/],
      ['spx', /no valid proof of its secret/],
      ['deltaAfter', /does not lead from the delta before/],
      ['transcript', /transcript that is not of the contributions/],
    ]
    for (const [field, reason] of cases) {
      await refused(
        editLast(second, (last) => ({ ...last, [field]: other[field] })),
        reason,
      )
    }
    const off = (point: Uint8Array): Uint8Array => point.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
    for (const field of ['s', 'sx', 'deltaAfter'] as const) {
      await refused(
        editLast(second, (last) => ({ ...last, [field]: off(last[field]) })),
        /not on the curve/,
      )
    }
    await refused(
      editLast(second, (last) => ({ ...last, spx: off(last.spx) })),
      /not in G2/,
    )
  })

  it('is refused when a single byte of any section is another one', async () => {
    const names: Readonly<Record<number, RegExp>> = {
      [ZKEY_SECTION.header]: /delta in G2 is not in G2/,
      [ZKEY_SECTION.ic]: /IC differs/,
      [ZKEY_SECTION.coefficients]: /coefficient/,
      [ZKEY_SECTION.a]: /A differs/,
      [ZKEY_SECTION.b1]: /B1 differs/,
      [ZKEY_SECTION.b2]: /B2 differs/,
      [ZKEY_SECTION.c]: /C has a point that is not on the curve/,
      [ZKEY_SECTION.h]: /H has a point that is not on the curve/,
      [ZKEY_SECTION.contributions]: /circuit hash differs/,
    }
    for (const [type, reason] of Object.entries(names)) {
      await refused(
        edit(second, (sections) => {
          sections.get(Number(type))![Number(type) === ZKEY_SECTION.header ? HEADER_POINT.delta2 : 4]! ^= 1
        }),
        reason,
      )
    }
  })

  it('is refused when two points of C or H changed places: valid points, wrong ones', async () => {
    for (const type of [ZKEY_SECTION.c, ZKEY_SECTION.h]) {
      const name = type === ZKEY_SECTION.c ? 'C' : 'H'
      await refused(
        edit(second, (sections) => {
          const section = sections.get(type)!
          const [a, b] = [section.slice(0, 64), section.slice(64, 128)]
          section.set(b, 0)
          section.set(a, 64)
        }),
        new RegExp(`${name} is not the initial one divided by delta`),
      )
    }
  })

  it('is refused when its C and H are divided by another delta', async () => {
    const other = openZkey(await add(first, 'mallory')).sections
    await refused(
      edit(second, (sections) => sections.set(ZKEY_SECTION.h, other.get(ZKEY_SECTION.h)!)),
      /H is not the initial one/,
    )
    await refused(
      edit(second, (sections) =>
        sections
          .get(ZKEY_SECTION.header)!
          .set(other.get(ZKEY_SECTION.header)!.subarray(HEADER_POINT.delta2), HEADER_POINT.delta2),
      ),
      /deltas in G1 and G2 differ/,
    )
  })

  it('is refused when a beacon is not the one that it says', async () => {
    const { zkey } = await contributeBeacon({ zkey: first, name: 'beacon', beacon: BEACON })
    const lie = (beacon: typeof BEACON) => editLast(zkey, (last) => ({ ...last, beacon }))
    await refused(lie({ ...BEACON, iterationsExp: 11 }), /not that of its beacon/)
    await refused(lie({ ...BEACON, value: new Uint8Array(32).fill(8) }), /not that of its beacon/)
    const asContribution = verifyNextKey({
      culprit: 'key',
      initial,
      previous: first,
      next: lie({ ...BEACON, iterationsExp: 63 }),
      kind: 'contribution',
    })
    await assert.rejects(asContribution, /has a beacon where none belongs/)
    // Hashed so often it would stop the coordinator, and everybody who checks.
    await refused(lie({ ...BEACON, iterationsExp: 63 }), /not hashed 2\^10 to 2\^24 times/)
  })

  it('is refused when it is of another circuit, or truncated anywhere', async () => {
    const { r1cs: other } = await compileCircuit({ file: 'test/circuits/eleven-signals.circom' })
    const foreign = await createInitialKey({ r1cs: readR1cs(other), ptau: openPtau(await readTestPhase1(8)) })
    await refused(await add(foreign, 'bob'), /another circuit or phase 1/)
    for (const length of [0, 11, 100, 1000, second.length - 300, second.length - 1]) {
      await refused(second.slice(0, length), /truncated/)
    }
  })

  it('refuses names that are too long or would play with a terminal, and beacons out of range', async () => {
    const named = (name: string) => contribute({ zkey: initial, random: random('x'), entropy: '', name })
    await assert.rejects(named('ä'.repeat(33)), RangeError)
    await assert.rejects(named('\u001b[2J'), RangeError)
    for (const beacon of [
      { ...BEACON, iterationsExp: 9 },
      { ...BEACON, iterationsExp: 25 },
      { ...BEACON, value: new Uint8Array(256) },
      { ...BEACON, value: new Uint8Array(0) },
    ]) {
      await assert.rejects(contributeBeacon({ zkey: initial, name: '', beacon }), RangeError)
    }
  })
})
