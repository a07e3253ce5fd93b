/**
 * Number-theoretic transforms over the scalar field, from values on the roots of unity of order n to values on the
 * coset of their odd companions (g w^i with g^2 = w), and no permutation anywhere.
 *
 * A transform of size n is the tree of remainders of a polynomial modulo X^n - g^n = (X^(n/2) - z) (X^(n/2) + z), and
 * so on down to X - x: forward, one step takes (a, b) to (a + z b, a - z b), with one z for a whole block of the array.
 * Coefficients stand in their natural order; the value at g w^i stands at position i with its bits reversed. The
 * backward transform undoes the tree of X^n - 1, but for the factor n, which whoever uses the values takes out. That g is
 * in the factors z makes the shift to the coset free, and as all arrays that stand beside values (rows of the circuit,
 * bases of H) are permuted when a key is loaded, so is the order.
 *
 * Positions i and i + n/2 share a pair, so that the two halves of every layer but the first lie in the two lanes.
 */

import { type Field, PAIR } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, call, control, I32, i32, type Local } from '../../bn254/wasm.js'
import type { Call } from './calls.js'
import { loop } from './loop.js'

/** Greatest logarithm of a domain's size: r - 1 has this many factors of two. */
export const MAX_LOG_SIZE = 28

/** The least element that is not a square, from which snarkjs takes its roots of unity. */
const NON_RESIDUE = 5n

/** How the positions of a domain are cut: into 2^top blocks, each of 2^bottom pairs. */
export interface FftShape {
  /** The domain has 2 * 2^(top + bottom) elements. */
  readonly top: number
  readonly bottom: number
}

/** Returns the cut of a domain of 2^logSize elements, logSize >= 1: blocks and columns of about the same length. */
export function fftShape(logSize: number): FftShape {
  const top = (logSize - 1) >> 1
  return { top, bottom: logSize - 1 - top }
}

/** Bytes of the factors for a domain of 2^logSize elements, in one direction. */
export function twiddleLength(logSize: number): number {
  return 2 ** (logSize - 1) * PAIR
}

/** Reverses the lowest `bits` bits of `value`. */
export function reverseBits(value: number, bits: number): number {
  let reversed = 0
  for (let i = 0; i < bits; i++) reversed |= ((value >>> i) & 1) << (bits - 1 - i)
  return reversed >>> 0
}

/**
 * Adds the transforms over a field, of at most 2^27 elements.
 *
 * - `fft_twiddles(forward, backward, log)`: writes the factors for 2^log elements to two places;
 * - `fft_blocks_backward(x, twiddles, top, bottom, first, count)`: the backward layers within `count` blocks of the
 *   array at x, from block `first` on;
 * - `fft_columns(x, forward, backward, top, bottom, first, count)`: the other backward layers, then their forward
 *   companions, for as many columns: pairs of the same position in each block;
 * - `fft_blocks_forward(x, twiddles, top, bottom, first, count)`: the forward layers within blocks.
 *
 * Backward layers take and leave tight elements; forward ones may leave sums of two tight ones, of at most 1.45 p.
 */
export function addFft(program: Program, fr: Field): void {
  const { module } = program
  const root = rootOfUnity(fr.modulus, 2 ** MAX_LOG_SIZE)
  // Pairs of the primitive root of order 2^k, for k = 0 to 28, and of its inverse: 80 bytes each, in one table.
  const roots = rootTable(program, fr, root)
  const inverseRoots = rootTable(program, fr, power(root, fr.modulus - 2n, fr.modulus))
  const one = i32.const(fr.pairOf(1n))
  const [e0, e1, u, v] = [0, 1, 2, 3].map(() => program.scratch(PAIR)) as [Code, Code, Code, Code]
  const pairs = (count: Code): Code => i32.mul(count, i32.const(PAIR))
  const shl = (a: number, by: Code): Code => i32.shl(i32.const(a), by)
  const below = (a: Local, by: number): Code => i32.sub(a.get, i32.const(by))

  // Products of `count` pairs with one factor.
  module.func({
    name: 'fft_scale',
    params: [I32, I32, I32, I32],
    exported: false,
    body: ({ params: [out, x, count, factor], local }) => {
      const [i, end] = [local(I32), local(I32)]
      return [
        end.set(pairs(count!.get)),
        loop({
          counter: i,
          from: i32.const(0),
          to: end.get,
          step: i32.const(PAIR),
          body: fr.mul(i32.add(out!.get, i.get), i32.add(x!.get, i.get), factor!.get),
        }),
      ]
    },
  })

  // Layer l >= 1 begins at entry 2^(l-1) - 1 with g^(n / 2^(l+1)) in the lane of block 0, which is the root of order
  // 2^(l+2) forward and 1 backward. Its neighbour lane, block 2^(l-1), has that times the root of order 2^(l+1), and
  // entries from 2^k on repeat the first 2^k, times the root of order 2^(k+2).
  module.func({
    name: 'fft_table',
    params: [I32, I32, I32, I32],
    exported: false,
    body: ({ params: [out, log, table, coset], local }) => {
      const [layer, k, start] = [local(I32), local(I32), local(I32)]
      const rootAt = (order: Code): Code => i32.add(table!.get, pairs(order))
      return [
        start.set(out!.get),
        loop({
          counter: layer,
          from: i32.const(1),
          to: log!.get,
          body: [
            fr.copy(u, control.select(rootAt(i32.add(layer.get, i32.const(2))), one, coset!.get)),
            fr.mul(v, u, rootAt(i32.add(layer.get, i32.const(1)))),
            // The first lane of u beside the first of v.
            fr.scatter(e0, e1, u),
            fr.scatter(e1, i32.add(e1, i32.const(fr.elementLength)), v),
            fr.gather(start.get, e0, e1),
            fr.reduce(start.get, start.get),
            loop({
              counter: k,
              from: i32.const(0),
              to: below(layer, 1),
              body: call(
                'fft_scale',
                i32.add(start.get, pairs(shl(1, k.get))),
                start.get,
                shl(1, k.get),
                rootAt(i32.add(k.get, i32.const(2))),
              ),
            }),
            start.set(i32.add(start.get, pairs(shl(1, below(layer, 1))))),
          ],
        }),
      ]
    },
  })
  module.func({
    name: 'fft_twiddles',
    params: [I32, I32, I32],
    body: ({ params: [forward, backward, log] }) => [
      call('fft_table', forward!.get, log!.get, i32.const(roots), i32.const(1)),
      call('fft_table', backward!.get, log!.get, i32.const(inverseRoots), i32.const(0)),
    ],
  })

  // Steps on `count` pairs at x and as many at y, with one factor.
  const run = (name: string, step: (x: Code, y: Code, factor: Code) => Code) =>
    module.func({
      name,
      params: [I32, I32, I32, I32],
      exported: false,
      body: ({ params: [x, y, count, factor], local }) => {
        const [i, end] = [local(I32), local(I32)]
        return [
          end.set(pairs(count!.get)),
          loop({
            counter: i,
            from: i32.const(0),
            to: end.get,
            step: i32.const(PAIR),
            body: step(i32.add(x!.get, i.get), i32.add(y!.get, i.get), factor!.get),
          }),
        ]
      },
    })
  // Factors are at most 0.81 p: products with roots below p settle there. Then |z b| <= (0.379 * 0.81 * 1.45 + 0.5001) p
  // keeps every |b| below 1.45 p.
  run('fft_run_forward', (x, y, factor) => [
    fr.mul(v, y, factor),
    fr.reduce(u, x),
    fr.add(x, u, v),
    fr.sub(y, u, v),
  ])
  run('fft_run_backward', (x, y, factor) => [
    fr.sub(u, x, y),
    fr.add(v, x, y),
    fr.reduce(x, v),
    fr.mul(y, u, factor),
  ])

  // The layer whose halves are the lanes: both lanes in both lanes first.
  const spread = (x: Code): Code => [
    fr.scatter(e0, e1, x),
    fr.gather(u, e0, e0),
    fr.gatherSigned(v, e1, i32.const(0), e1, i32.const(1)),
  ]
  const lanes = (name: string, step: (x: Code) => Code) =>
    module.func({
      name,
      params: [I32, I32],
      exported: false,
      body: ({ params: [x, count], local }) => {
        const [at, end] = [local(I32), local(I32)]
        return [
          end.set(i32.add(x!.get, pairs(count!.get))),
          loop({ counter: at, from: x!.get, to: end.get, step: i32.const(PAIR), body: step(at.get) }),
        ]
      },
    })
  lanes('fft_lanes_backward', (x) => [spread(x), fr.add(u, u, v), fr.reduce(x, u)])
  // g^(n/2) is the root of order 4.
  lanes('fft_lanes_forward', (x) => [
    spread(x),
    fr.mul(v, v, i32.const(roots + 2 * PAIR)),
    fr.reduce(u, u),
    fr.add(x, u, v),
  ])

  // Layer l in the blocks: for each of its 2^(l-1-top) nodes in a block, halves of 2^(top+bottom-l) pairs.
  const blocks = (name: string, runName: string, backward: boolean) =>
    module.func({
      name,
      params: [I32, I32, I32, I32, I32, I32],
      body: ({ params: [x, twiddles, top, bottom, first, count], local }) => {
        const [block, depth, layer, node, half] = [0, 1, 2, 3, 4].map(() => local(I32)) as [
          Local,
          Local,
          Local,
          Local,
          Local,
        ]
        const [at, factor] = [local(I32), local(I32)]
        return loop({
          counter: block,
          from: first!.get,
          to: i32.add(first!.get, count!.get),
          body: loop({
            counter: depth,
            from: i32.const(0),
            to: bottom!.get,
            body: [
              layer.set(backward ? i32.sub(below(bottom!, 1), depth.get) : depth.get),
              half.set(shl(1, i32.sub(below(bottom!, 1), layer.get))),
              at.set(i32.add(x!.get, pairs(i32.shl(block.get, bottom!.get)))),
              // Layer top + 1 + layer, node block 2^layer.
              factor.set(
                i32.add(
                  twiddles!.get,
                  pairs(
                    i32.add(
                      i32.sub(shl(1, i32.add(top!.get, layer.get)), i32.const(1)),
                      i32.shl(block.get, layer.get),
                    ),
                  ),
                ),
              ),
              loop({
                counter: node,
                from: i32.const(0),
                to: shl(1, layer.get),
                body: [
                  call(runName, at.get, i32.add(at.get, pairs(half.get)), half.get, factor.get),
                  at.set(i32.add(at.get, pairs(i32.shl(half.get, i32.const(1))))),
                  factor.set(i32.add(factor.get, i32.const(PAIR))),
                ],
              }),
            ],
          }),
        })
      },
    })
  blocks('fft_blocks_backward', 'fft_run_backward', true)
  blocks('fft_blocks_forward', 'fft_run_forward', false)

  // One layer l from 1 to top in columns: node b has 2^(top-l) rows in each half.
  module.func({
    name: 'fft_columns_layer',
    params: [I32, I32, I32, I32, I32, I32, I32],
    exported: false,
    body: ({ params: [x, twiddles, top, bottom, layer, count, backward], local }) => {
      const [node, row, at, factor, distance] = [0, 1, 2, 3, 4].map(() => local(I32)) as [
        Local,
        Local,
        Local,
        Local,
        Local,
      ]
      const other: Code = i32.add(at.get, distance.get)
      return [
        distance.set(pairs(shl(1, i32.sub(i32.add(top!.get, bottom!.get), layer!.get)))),
        factor.set(i32.add(twiddles!.get, pairs(i32.sub(shl(1, below(layer!, 1)), i32.const(1))))),
        at.set(x!.get),
        loop({
          counter: node,
          from: i32.const(0),
          to: shl(1, below(layer!, 1)),
          body: [
            loop({
              counter: row,
              from: i32.const(0),
              to: shl(1, i32.sub(top!.get, layer!.get)),
              body: [
                control.if(
                  backward!.get,
                  call('fft_run_backward', at.get, other, count!.get, factor.get),
                  call('fft_run_forward', at.get, other, count!.get, factor.get),
                ),
                at.set(i32.add(at.get, pairs(shl(1, bottom!.get)))),
              ],
            }),
            at.set(i32.add(at.get, distance.get)),
            factor.set(i32.add(factor.get, i32.const(PAIR))),
          ],
        }),
      ]
    },
  })
  module.func({
    name: 'fft_columns',
    params: [I32, I32, I32, I32, I32, I32, I32],
    body: ({ params: [x, forward, backward, top, bottom, first, count], local }) => {
      const [layer, row, at] = [local(I32), local(I32), local(I32)]
      const start: Code = i32.add(x!.get, pairs(first!.get))
      const step = (table: Local, number: Code, flag: number) =>
        call(
          'fft_columns_layer',
          start,
          table.get,
          top!.get,
          bottom!.get,
          number,
          count!.get,
          i32.const(flag),
        )
      return [
        loop({
          counter: layer,
          from: i32.const(0),
          to: top!.get,
          body: step(backward!, i32.sub(top!.get, layer.get), 1),
        }),
        at.set(start),
        loop({
          counter: row,
          from: i32.const(0),
          to: shl(1, top!.get),
          body: [
            call('fft_lanes_backward', at.get, count!.get),
            call('fft_lanes_forward', at.get, count!.get),
            at.set(i32.add(at.get, pairs(shl(1, bottom!.get)))),
          ],
        }),
        loop({
          counter: layer,
          from: i32.const(0),
          to: top!.get,
          body: step(forward!, i32.add(layer.get, i32.const(1)), 0),
        }),
      ]
    },
  })
}

/**
 * Returns the calls that take some columns of an array through {@link addFft}'s middle.
 *
 * Few columns at a time, so that what is at work (2^top pairs in each) stays in the processor's cache.
 */
export function columnCalls(o: {
  readonly x: number
  readonly forward: number
  readonly backward: number
  readonly shape: FftShape
  readonly first: number
  readonly count: number
}): Call[] {
  const { x, forward, backward, shape, first, count } = o
  const width = Math.max(1, 2048 >> shape.top)
  const calls: Call[] = []
  for (let column = first; column < first + count; column += width) {
    const columns = Math.min(width, first + count - column)
    calls.push(['fft_columns', x, forward, backward, shape.top, shape.bottom, column, columns])
  }
  return calls
}

/** Returns the primitive root of unity of order `size`, a power of two of at most 2^28, that snarkjs uses. */
export function rootOfUnity(modulus: bigint, size: number): bigint {
  return power(NON_RESIDUE, (modulus - 1n) / BigInt(size), modulus)
}

function rootTable(program: Program, fr: Field, root: bigint): number {
  const { encode, join } = fr.arithmetic
  const table = new Uint8Array((MAX_LOG_SIZE + 2) * PAIR)
  // The root of order 2^29 does not exist; nothing of at most 2^27 elements asks for it.
  for (let k = MAX_LOG_SIZE, value = root; k >= 0; k--, value = (value * value) % fr.modulus) {
    const element = encode(fr.toMontgomery(value))
    table.set(join(element, element), k * PAIR)
  }
  return program.constant(table)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}
