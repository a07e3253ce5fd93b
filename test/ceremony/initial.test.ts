import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { isInitialKey } from '../../src/ceremony/verify-initial.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { openPtau, type Ptau } from '../../src/formats/ptau.js'
import { type R1cs, readR1cs } from '../../src/formats/r1cs.js'
import { readUint256, writeSections, writeUint256 } from '../../src/formats/sections.js'
import { openZkey, POINT_LENGTH, ZKEY_SECTION } from '../../src/formats/zkey.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { compileCircuit } from '../../src/setup/build.js'
import { openGroup } from '../../src/setup/groups.js'
import {
  addLists,
  assembleInitialKey,
  createInitialKey,
  type InitialPoints,
} from '../../src/setup/initial-key.js'
import { G1_GENERATOR, G2_GENERATOR, readG1, readG2, writeG1, writeG2 } from '../../src/setup/points.js'
import { type G2, isOnTwist, multiplyG2 } from '../../src/verifier/points.js'
import { readTestPhase1 } from '../support/phase1.js'

/** Least prime factor of what the order of G2's curve has besides r. */
const TORSION = 10069n
const LISTS = ['a', 'b1', 'b2', 'combined'] as const

describe('ceremony: the initial key, checked by random sums', () => {
  let ptau: Ptau
  let r1cs: R1cs
  let key: Uint8Array
  let points: InitialPoints
  before(async () => {
    ptau = openPtau(await readTestPhase1(8))
    ;({ r1cs, key, points } = await open('six-signals'))
  })

  async function open(file: string): Promise<{ r1cs: R1cs; key: Uint8Array; points: InitialPoints }> {
    const system = readR1cs((await compileCircuit({ file: `test/circuits/${file}.circom` })).r1cs)
    const made = await createInitialKey({ r1cs: system, ptau })
    const section = (type: number): Uint8Array => openZkey(made).sections.get(type) as Uint8Array
    const combined = Buffer.concat([section(ZKEY_SECTION.ic), section(ZKEY_SECTION.c)])
    const [a, b1, b2] = [ZKEY_SECTION.a, ZKEY_SECTION.b1, ZKEY_SECTION.b2].map(section) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    return { r1cs: system, key: made, points: { a, b1, b2, combined: new Uint8Array(combined) } }
  }
  const lengthOf = (list: keyof InitialPoints): number => (list === 'b2' ? POINT_LENGTH.G2 : POINT_LENGTH.G1)
  /** The key with one point replaced and all that follows from points made again, the circuit hash among it. */
  const forge = (list: keyof InitialPoints, at: number, point: Uint8Array): Promise<Uint8Array> => {
    const altered = points[list].slice()
    altered.set(point, at * lengthOf(list))
    return assembleInitialKey({ r1cs, ptau, points: { ...points, [list]: altered } })
  }
  const pointAt = (list: keyof InitialPoints, at: number): Uint8Array =>
    points[list].slice(at * lengthOf(list), (at + 1) * lengthOf(list))

  it('is what is computed, for each of several circuits and for no other', async () => {
    const names = ['multiplier', 'arithmetic', 'six-signals', 'eleven-signals', 'preimage']
    const all = await Promise.all(names.map(open))
    for (const [i, one] of all.entries()) {
      assert.equal(await isInitialKey({ ...one, ptau }), true, names[i])
      const other = all[(i + 1) % all.length]!
      assert.equal(await isInitialKey({ key: other.key, r1cs: one.r1cs, ptau }), false, names[i])
    }
  })

  it('attack: any one point exchanged, with the circuit hash made again', async () => {
    for (const list of LISTS) {
      const generator = list === 'b2' ? G2_GENERATOR : G1_GENERATOR
      for (let wire = 0; wire < r1cs.wires; wire++) {
        const honest = pointAt(list, wire)
        const isInfinity = honest.every((byte) => byte === 0)
        // Another point where there is one or none, and infinity where there is one.
        for (const point of isInfinity ? [generator] : [generator, new Uint8Array(honest.length)]) {
          const forged = await forge(list, wire, point)
          assert.equal(await isInitialKey({ key: forged, r1cs, ptau }), false, `${list}[${wire}]`)
        }
      }
      assert.equal(Buffer.compare(await forge(list, 1, pointAt(list, 1)), key), 0)
    }
  })

  it('attack: two points change places, and two changes make up for each other in a plain sum', async () => {
    const g1 = await openGroup('G1')
    for (const list of ['a', 'combined'] as const) {
      const [x, y] = [pointAt(list, 1), pointAt(list, 2)]
      const [px, py] = readG1(G1_GENERATOR)!
      const [up, down] = [addLists(g1, [x, G1_GENERATOR]), addLists(g1, [y, writeG1([px, q - py])])]
      assert.deepEqual(addLists(g1, [up, down]), addLists(g1, [x, y]))
      for (const [first, second] of [
        [y, x],
        [up, down],
      ] as const) {
        if (Buffer.compare(first, x) === 0) continue
        const altered = points[list].slice()
        altered.set(first, POINT_LENGTH.G1)
        altered.set(second, 2 * POINT_LENGTH.G1)
        const forged = await assembleInitialKey({ r1cs, ptau, points: { ...points, [list]: altered } })
        assert.equal(await isInitialKey({ key: forged, r1cs, ptau }), false)
      }
    }
  })

  it('attack: a point outside G2, of the smallest order that its curve has', async () => {
    const g2 = await openGroup('G2')
    const order = r * (2n * q - r)
    assert.equal(order % TORSION, 0n)
    for (let p = 2n; p < TORSION; p++) assert.notEqual(order % p, 0n)
    const small = smallPoint(order)
    assert.equal(multiplyG2(small, TORSION), undefined)
    for (let wire = 0; wire < r1cs.wires; wire++) {
      const altered = addLists(g2, [pointAt('b2', wire), writeG2(small)])
      assert.ok(isOnTwist(readG2(altered)!))
      const forged = await forge('b2', wire, altered)
      assert.equal(await isInitialKey({ key: forged, r1cs, ptau }), false)
    }
  })

  it('refuses numbers that are not canonical, points off the curve, and any byte elsewhere', async () => {
    const wire = Array.from({ length: r1cs.wires }, (_, i) => i).find((i) => readG1(pointAt('a', i)))!
    const shifted = pointAt('a', wire)
    // x + q is x for whoever reduces.
    writeUint256(shifted, 0, readUint256(shifted, 0) + q)
    const off = pointAt('a', wire)
    off[32]! ^= 1
    for (const point of [shifted, off]) {
      assert.equal(await isInitialKey({ key: await forge('a', wire, point), r1cs, ptau }), false)
    }
    for (const type of Object.values(ZKEY_SECTION)) {
      const sections = [...openZkey(key).sections].map(([kind, bytes]): [number, Uint8Array] => [
        kind,
        bytes.slice(),
      ])
      const section = sections.find(([kind]) => kind === type)?.[1]
      if (!section) continue
      section[section.length - 1]! ^= 1
      const altered = writeSections({ magic: 'zkey', version: 1, sections })
      assert.equal(await isInitialKey({ key: altered, r1cs, ptau }), false, `section ${type}`)
    }
    assert.equal(await isInitialKey({ key: key.subarray(0, key.length - 1), r1cs, ptau }), false)
    assert.equal(
      await isInitialKey({ key: new Uint8Array(Buffer.concat([key, Buffer.of(0)])), r1cs, ptau }),
      false,
    )
  })

  /** A point of order {@link TORSION}, as tests of points find one: of some x + i, its y, times all else of the order. */
  function smallPoint(order: bigint): G2 {
    const { Fp2 } = bn254.fields
    const { b } = bn254.G2.Point.CURVE()
    for (let c0 = 1n; ; c0++) {
      const x = { c0, c1: 1n }
      const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b)
      if (!Fp2.eql(Fp2.pow(square, (q * q - 1n) / 2n), Fp2.ONE)) continue
      const y = Fp2.sqrt(square)
      const point = multiplyG2(
        [
          [c0, 1n],
          [y.c0, y.c1],
        ],
        order / TORSION,
      )
      if (point) return point
    }
  }
})
