/** Montgomery multiplication of integers in 32 bytes, with R = 2^256, as circom's and ffjavascript's arithmetic has it. */
import { type Code, I32, I64, i64, type Local, type ModuleBuilder } from './wasm.js'

const LIMBS = 9
const BITS = 29n
const MASK = (1n << BITS) - 1n
/** Nine rounds of 29 bits would be 261: the last one takes what is left of 256. */
const LAST = 256n - 8n * BITS

/**
 * Adds `name(x, y, out)`, or `name(x, out)` for a square: x y / 2^256 modulo a prime, canonical.
 *
 * Operands are canonical, little endian, aligned to nothing.
 *
 * @param o.name    name of the function
 * @param o.modulus an odd prime below 2^255
 * @param o.square  whether it takes one operand
 */
export function addIntegerMultiplication(
  module: ModuleBuilder,
  o: { name: string; modulus: bigint; square: boolean },
): void {
  const { name, modulus, square } = o
  const p = Array.from({ length: LIMBS }, (_, i) => (modulus >> (BITS * BigInt(i))) & MASK)
  let inverse = 1n
  for (let bits = 1; bits < 29; bits *= 2) inverse = BigInt.asUintN(29, inverse * (2n - modulus * inverse))
  const n0 = BigInt.asUintN(29, -inverse)
  module.func({
    name,
    params: square ? [I32, I32] : [I32, I32, I32],
    body: ({ params, local }) => {
      const [x, y, out] = (square ? [params[0], params[0], params[1]] : params) as [Local, Local, Local]
      const integers = (count: number): Local[] => Array.from({ length: count }, () => local(I64))
      const [a, b, q] = [integers(LIMBS), square ? [] : integers(LIMBS), local(I64)]
      // Nine accumulators take turns: row i frees the one that row i + 1 needs last.
      const t = integers(LIMBS)
      const at = (k: number): Local => t[k % LIMBS] as Local
      const c = i64.const
      const split = (words: Local, limbs: readonly Local[]): Code =>
        limbs.map((limb, i) => {
          const [word, shift] = [Math.floor((29 * i) / 64), BigInt((29 * i) % 64)]
          const low = i64.shrU(i64.load(words.get, 8 * word), c(shift))
          const both =
            shift > 35n && word < 3
              ? i64.or(low, i64.shl(i64.load(words.get, 8 * word + 8), c(64n - shift)))
              : low
          return limb.set(i64.and(both, c(MASK)))
        })
      const addTo = (k: number, value: Code): Code => at(k).set(i64.add(at(k).get, value))

      const rows: Code[] = []
      for (let i = 0; i < LIMBS; i++) {
        const bits = i === LIMBS - 1 ? LAST : BITS
        if (square) {
          // a_i a_i and 2 a_i a_j for j > i; the double fits beside the others.
          rows.push(addTo(2 * i, i64.mul(a[i]!.get, a[i]!.get)))
          rows.push(q.set(i64.shl(a[i]!.get, c(1n))))
          for (let j = i + 1; j < LIMBS; j++) rows.push(addTo(i + j, i64.mul(q.get, a[j]!.get)))
        } else {
          for (let j = 0; j < LIMBS; j++) rows.push(addTo(i + j, i64.mul(a[i]!.get, b[j]!.get)))
        }
        rows.push(q.set(i64.and(i64.mul(at(i).get, c(n0)), c((1n << bits) - 1n))))
        for (let j = 0; j < LIMBS; j++) rows.push(addTo(i + j, i64.mul(q.get, c(p[j] as bigint))))
        if (i < LIMBS - 1) rows.push(addTo(i + 1, i64.shrU(at(i).get, c(bits))), at(i + LIMBS).set(c(0n)))
      }
      // Accumulator 8 + k has the weight 2^(29 k - 24): the first gives its upper bits, the others move up by 5.
      const carry = q
      const result = Array.from({ length: LIMBS }, (_, k) => at(LIMBS - 1 + k))
      const normalise: Code = [
        carry.set(i64.shrU(result[0]!.get, c(LAST))),
        result.slice(1).map((limb, k) => [
          carry.set(i64.add(carry.get, i64.shl(i64.and(limb.get, c((1n << 58n) - 1n)), c(BITS - LAST)))),
          // The five bits above 58 would be lost to the shift: they belong to the limb after the next.
          a[k]!.set(i64.and(carry.get, c(MASK))),
          carry.set(
            i64.add(
              i64.shrU(carry.get, c(BITS)),
              i64.shl(i64.shrU(limb.get, c(58n)), c(58n + BITS - LAST - BITS)),
            ),
          ),
        ]),
        a[LIMBS - 1]!.set(carry.get),
      ]
      const word = (limbs: readonly Local[], i: number): Code =>
        limbs.reduce<Code>((sum, limb, k) => {
          const shift = 29 * k - 64 * i
          if (shift <= -29 || shift >= 64) return sum
          return i64.or(
            sum,
            shift < 0 ? i64.shrU(limb.get, c(BigInt(-shift))) : i64.shl(limb.get, c(BigInt(shift))),
          )
        }, c(0n))
      // Below 2 p: the difference with p, and its sign, choose.
      const less = t
      const subtract: Code = less.map((limb, k) => {
        const difference = i64.sub(a[k]!.get, c(p[k] as bigint))
        return k === 0
          ? limb.set(difference)
          : [
              limb.set(i64.add(difference, i64.shrS(less[k - 1]!.get, c(BITS)))),
              less[k - 1]!.set(i64.and(less[k - 1]!.get, c(MASK))),
            ]
      })
      const negative = i64.shrS(less[LIMBS - 1]!.get, c(63n))
      return [
        split(x, a),
        square ? [] : split(y, b),
        rows,
        normalise,
        subtract,
        q.set(negative),
        a.map((limb, k) => limb.set(i64.xor(less[k]!.get, i64.and(q.get, i64.xor(less[k]!.get, limb.get))))),
        [0, 1, 2, 3].map((i) => i64.store(out.get, word(a, i), 8 * i)),
      ]
    },
  })
}
