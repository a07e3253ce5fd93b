/** The last additions of a proof, in G1. */
import type { Curve } from '../../bn254/curve.js'
import { type Field, INTEGER } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, control, I32, i32, type Local } from '../../bn254/wasm.js'

/** Bits of a scalar: both fields' orders are below 2^254. */
const SCALAR_BITS = 254

/**
 * Adds `g1_finish(a, s, b, r, c, out)`: writes s A + r B + C, of affine points of canonical coordinates, zeros for
 * infinity, and canonical scalars, all of them little endian.
 *
 * Both products in the two lanes, bit by bit: whatever the scalars, the same steps in the same order.
 */
export function addFinish(program: Program, o: { fq: Field; curve: Curve }): void {
  const { fq, curve } = o
  const E = fq.elementLength
  const P = fq.pairLength
  const point = 4 * E
  const [sum, next] = [program.scratch(curve.pairLength), program.scratch(curve.pairLength)]
  const [pointA, pointB] = [program.scratch(point), program.scratch(point)]
  const spare = program.scratch(INTEGER)
  const none = i32.const(program.constant(new Uint8Array(point)))
  const one = i32.const(fq.pairOf(1n))
  const at = (base: Code, offset: number): Code => (offset === 0 ? base : i32.add(base, i32.const(offset)))

  program.module.func({
    name: 'g1_finish',
    params: Array(6).fill(I32),
    body: ({ params, local }) => {
      const [a, s, b, r, c, out] = params as [Local, Local, Local, Local, Local, Local]
      const [bit, word, infinite] = [local(I32), local(I32), local(I32)]
      /** The pair of points whose coordinates stand at p and q; no point of the curve has y = 0. */
      const load = (p: Local, q: Local): Code => [
        [0, 1].map((i) => [
          fq.encode(at(next, i * P), at(p.get, i * INTEGER), at(q.get, i * INTEGER)),
          fq.reduce(at(next, i * P), at(next, i * P)),
        ]),
        infinite.set(fq.zeros(at(next, P))),
        // 0 where the point is infinite.
        curve.blend(at(next, 2 * P), one, next, infinite.get),
        fq.copy(at(next, 3 * P), at(next, 2 * P)),
      ]
      const bitOf = (scalar: Local): Code =>
        i32.and(i32.shrU(i32.load(i32.add(scalar.get, word.get)), bit.get), i32.const(1))
      return [
        load(a, b),
        curve.scatter(pointA, pointB, next),
        curve.clear(sum),
        bit.set(i32.const(SCALAR_BITS)),
        control.block(
          control.loop(
            control.brIf(1, i32.eqz(bit.get)),
            bit.set(i32.sub(bit.get, i32.const(1))),
            word.set(i32.shl(i32.shrU(bit.get, i32.const(5)), i32.const(2))),
            curve.double(sum, sum),
            // Shifts count modulo 32.
            curve.gather(
              next,
              control.select(pointA, none, bitOf(s)),
              control.select(pointB, none, bitOf(r)),
            ),
            curve.add(sum, sum, next),
            control.br(0),
          ),
        ),
        curve.swap(next, sum),
        curve.add(sum, sum, next),
        load(c, c),
        curve.add(sum, sum, next),
        curve.toAffine(next, at(next, P), sum),
        [0, 1].map((i) => fq.decode(at(out.get, i * INTEGER), spare, at(next, i * P))),
      ]
    },
  })
}
