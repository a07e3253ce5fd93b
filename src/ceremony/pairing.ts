import { chooseArithmetic } from '../bn254/arithmetic.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import { createMachine } from '../verifier/machine.js'
import type { G1, G2 } from '../verifier/points.js'

/** Two points of G1 and two of G2's curve. */
export interface Ratio {
  readonly g1: readonly [G1, G1]
  readonly g2: readonly [G2, G2]
}

let checker: Promise<(ratio: Ratio) => boolean> | undefined

/**
 * Tells whether the second point of G1 is the same multiple of the first as the second of G2 is of the first, by the
 * verifier's own pairing: e(a, y) = e(b, x).
 *
 * False too if a point of G2 lies outside the subgroup.
 */
export async function sameRatio(ratio: Ratio): Promise<boolean> {
  checker ??= createChecker()
  return (await checker)(ratio)
}

async function createChecker(): Promise<(ratio: Ratio) => boolean> {
  const { run, alloc, sizes, loadG1, loadG2, view } = await createMachine({
    arithmetic: await chooseArithmetic(),
  })
  const [slot, point] = [alloc(sizes.slot), alloc(sizes.points)]
  const [f, factor] = [alloc(sizes.fq12), alloc(sizes.fq12)]
  return ({ g1: [a, b], g2: [x, y] }) => {
    // e(a, y) in one lane, e(-b, x) in the other.
    loadG1(point, a, [b[0], q - b[1]])
    loadG2(slot, y, x)
    run('pairing_setP', slot, point)
    run('pairing_miller', f, slot, 1, 0, 0)
    if (view.getInt32(slot + sizes.slotInSubgroup, true) !== 3) return false
    run('fq12_swap', factor, f)
    run('fq12_mul', f, factor, f)
    run('pairing_finish', f, f)
    return run('fq12_ones', f) === 3
  }
}
