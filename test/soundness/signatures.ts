import { BASE8, multiply, SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { isSigned } from '../../src/crypto/eddsa.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { createIssuer, type Signature } from '../../src/sbt/index.js'
import { signSbt } from '../../src/sbt/issuer.js'
import { add, negate, TORSION } from '../circuits/lib/curve.js'
import { gadget } from '../circuits/lib/gadgets.js'
import { randomElements } from '../support/circuit.js'

interface Signed {
  readonly key: readonly [bigint, bigint]
  readonly message: bigint
  readonly signature: Signature
}

interface Malleation {
  readonly name: string
  readonly change: (signed: Signed, other: bigint) => Signed
  /** Whether what comes out is a valid signature for the circuit, and for the library. */
  readonly valid?: readonly [circuit: boolean, library: boolean]
}

const s = (signed: Signed, S: bigint): Signed => ({ ...signed, signature: { ...signed.signature, S } })
const R = (signed: Signed, R8: readonly [bigint, bigint]): Signed => ({
  ...signed,
  signature: { ...signed.signature, R8: [R8[0], R8[1]] },
})
const point = (of: { signature: Signature }): readonly [bigint, bigint] => of.signature.R8
const CANONICAL = 2n ** 252n
const ORDER_4 = add(TORSION, TORSION)
const ORDER_2 = add(ORDER_4, ORDER_4)
const MESSAGES = [0n, 1n, r - 1n, r - 2n, 2n ** 253n, 2n ** 248n, SUBGROUP_ORDER, SUBGROUP_ORDER - 1n]

/** Every way in which a signature can be changed; those that stay valid are other forms of the same one. */
export const MALLEATIONS: readonly Malleation[] = [
  { name: 'none', change: (one) => one, valid: [true, true] },
  // The circuit takes any s below 2^252, see circuits/lib/eddsa.circom, 4; s + l is below it for no s but the smallest.
  { name: 's + l', change: (one) => s(one, one.signature.S + SUBGROUP_ORDER) },
  { name: 's + 1', change: (one) => s(one, (one.signature.S + 1n) % SUBGROUP_ORDER) },
  { name: '-s', change: (one) => s(one, SUBGROUP_ORDER - one.signature.S) },
  { name: 's = 0', change: (one) => s(one, 0n) },
  { name: 'random s', change: (one, other) => s(one, other % SUBGROUP_ORDER) },
  { name: '-R8', change: (one) => R(one, negate(point(one))) },
  { name: 'R8 swapped', change: (one) => R(one, [point(one)[1], point(one)[0]]) },
  { name: 'R8 and a point of order 8', change: (one) => R(one, add(point(one), TORSION)) },
  { name: 'R8 and a point of order 4', change: (one) => R(one, add(point(one), ORDER_4)) },
  { name: 'R8 and the point of order 2', change: (one) => R(one, add(point(one), ORDER_2)) },
  { name: 'R8 + B8', change: (one) => R(one, add(point(one), BASE8)) },
  {
    name: 'R8 + B8 and s + 1',
    change: (one) => s(R(one, add(point(one), BASE8)), (one.signature.S + 1n) % SUBGROUP_ORDER),
  },
  { name: 'key for R8', change: (one) => R(one, one.key) },
  { name: 'R8 = identity', change: (one) => R(one, [0n, 1n]) },
  { name: 'R8 off the curve', change: (one) => R(one, [point(one)[0], (point(one)[1] + 1n) % r]) },
  { name: '-R8 and -s', change: (one) => s(R(one, negate(point(one))), SUBGROUP_ORDER - one.signature.S) },
  { name: 'another message', change: (one, other) => ({ ...one, message: other }) },
  {
    name: 'the negated key',
    change: (one) => ({ ...one, key: negate(one.key) as readonly [bigint, bigint] }),
  },
  {
    name: 'another key',
    change: (one, other) => ({ ...one, key: multiply(BASE8, (other % SUBGROUP_ORDER) + 1n) }),
  },
]

/**
 * Signs, changes the signature in each way, and asks library and circuit.
 *
 * @returns what is wrong, or undefined
 */
export async function signatureProblem(
  seed: number,
  kinds: readonly Malleation[] = MALLEATIONS,
): Promise<string | undefined> {
  const random = randomElements(`signature/${seed}`)
  const issuer = createIssuer({ secret: Buffer.from(random().toString(16).padStart(64, '0'), 'hex') })
  const message = seed % 4 === 0 ? MESSAGES[(seed / 4) % MESSAGES.length]! : random()
  const honest: Signed = { key: issuer.publicKey, message, signature: signSbt(issuer, message) }
  const eddsa = await gadget('Eddsa')
  for (const kind of kinds) {
    const changed = kind.change(honest, random())
    const [inCircuit, inLibrary] = kind.valid ?? [false, false]
    const library = isSigned(changed.key, changed.message, changed.signature)
    if (library !== inLibrary) return `seed ${seed}, ${kind.name}: the library says ${library}`
    // What does not fit has no witness at all.
    if (changed.signature.S >= CANONICAL) continue
    const { key: A, message, signature } = changed
    const circuit = (await eddsa.signal({ A, R8: signature.R8, s: signature.S, message }, 'valid')) === 1n
    // s + l below 2^252 is the same number for the circuit.
    const isSame = kind.name === 's + l'
    if (circuit !== (inCircuit || isSame)) return `seed ${seed}, ${kind.name}: the circuit says ${circuit}`
  }
  return undefined
}
