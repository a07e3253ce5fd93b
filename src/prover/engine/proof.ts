/** A Groth16 proof as groups of tasks, and what is left to do with their sums. */

import { ELEMENT, INTEGER, PAIR } from '../../bn254/field.js'
import { FIELD_MODULUS } from '../../field.js'
import { readUint256 } from '../../formats/sections.js'
import type { G1Json, G2Json, Groth16Proof } from '../../groth16.js'
import { SCRATCH, type Task } from './calls.js'
import { columnCalls } from './fft.js'
import { type Area, EXTRA_SCALARS, type KeyLayout, type Sum } from './key.js'
import { HALVES, LAYOUT } from './msm.js'
import type { Group } from './pool.js'

/** Parts into which every step of the transforms is cut, at most: enough for threads to share them evenly. */
const PARTS = 16

/** Sums in the order in which they are begun: the longest first, C with H as soon as its scalars are known. */
const ORDER: readonly Sum[] = ['c', 'b2', 'a', 'b1']

/** Divides `count` things into at most {@link PARTS} runs. */
function runs(count: number): { first: number; count: number }[] {
  const length = Math.ceil(count / PARTS)
  const list: { first: number; count: number }[] = []
  for (let first = 0; first < count; first += length) {
    list.push({ first, count: Math.min(length, count - first) })
  }
  return list
}

/**
 * Returns the work of one proof, whose witness and extra scalars stand in an area already.
 *
 * Three rounds of the transforms' tasks, each of which waits for the last, lead to the scalars of H. Three sums need
 * only the witness, and fill whatever time the rounds leave.
 */
export function proofGroups(layout: KeyLayout, area: Area): Group[] {
  const { wires, logSize, shape, forward, backward, coefficients, rows, bases } = layout
  const { top, bottom } = shape
  const blockPairs = 2 ** bottom
  const halfDomain = INTEGER * 2 ** (logSize - 1)
  const polynomials = [area.a, area.b, area.c]
  const at = (start: number, block: number) => start + block * blockPairs * PAIR

  const groups: Group[] = [
    {
      name: 'rows',
      // The scalars stand in every thread's memory, and the one thread that needs elements makes them.
      together: true,
      tasks: runs(wires).map(({ first, count }) => ({
        calls: [['abc_values', area.values + first * ELEMENT, area.scalars + first * INTEGER, count]],
      })),
    },
    {
      name: 'rows',
      after: [0],
      together: true,
      tasks: runs(2 ** top).map(({ first, count }) => ({
        calls: Array.from({ length: count }, (_, i) => first + i).flatMap((block): Task['calls'] => {
          const [a, b, c] = polynomials.map((start) => at(start, block)) as [number, number, number]
          return [
            ['abc_rows', a, b, c, rows[block]!, area.values, coefficients, blockPairs],
            ...polynomials.map(
              (start) => ['fft_blocks_backward', start, backward, top, bottom, block, 1] as const,
            ),
          ]
        }),
      })),
    },
    {
      name: 'transforms',
      after: [1],
      together: true,
      tasks: polynomials.flatMap((x) =>
        runs(blockPairs).map((columns) => ({
          calls: columnCalls({ x, forward, backward, shape, ...columns }),
        })),
      ),
    },
    {
      name: 'transforms',
      after: [2],
      together: true,
      publish: true,
      tasks: runs(2 ** top).map(({ first, count }) => {
        // Both lanes' scalars, and where their halves go.
        const lanes = [first * blockPairs, first * blockPairs + 2 ** (logSize - 1)].map((position) => ({
          scalars: area.h + position * INTEGER,
          halves: area.hHalves + position * HALVES,
        }))
        const pairs = count * blockPairs
        return {
          calls: [
            ...polynomials.map(
              (start) => ['fft_blocks_forward', start, forward, top, bottom, first, count] as const,
            ),
            [
              'abc_join',
              lanes[0]!.scalars,
              halfDomain,
              ...polynomials.map((start) => at(start, first)),
              layout.joinConstants,
              pairs,
            ],
            ...lanes.map(({ scalars, halves }) => ['msm_split', halves, scalars, pairs] as const),
          ],
          outputs: lanes.map(({ halves }) => ({ address: halves, length: pairs * HALVES })),
        }
      }),
    },
    {
      name: 'scalars',
      publish: true,
      tasks: runs(wires + EXTRA_SCALARS.count).map(({ first, count }) => {
        const halves = area.halves + first * HALVES
        return {
          calls: [['msm_split', halves, area.scalars + first * INTEGER, count]],
          outputs: [{ address: halves, length: count * HALVES }],
        }
      }),
    },
  ]
  const [join, split] = [3, 4]
  const results: number[] = []
  for (const sum of ORDER) {
    const { group, points, indexes, plan } = bases[sum]
    const { base, sum: partLength, result } = LAYOUT[group]
    const name = group.toLowerCase()
    const parts = groups.push({
      name: sum,
      after: sum === 'c' ? [join, split] : [split],
      publish: true,
      tasks: plan.tasks.map(({ window, start, count, output }) => {
        const out = area.parts[sum] + output * partLength
        const [bases, list] = [points + start * base, indexes + start * 4]
        return {
          calls: [[`${name}_msmTask`, bases, area.halves, list, count, plan.windows, window, SCRATCH, out]],
          outputs: [{ address: out, length: partLength }],
        }
      }),
    })
    const combined = groups.push({
      name: sum,
      after: [parts - 1],
      // A and B of the proof are sums; C takes the others.
      publish: sum !== 'b2',
      keep: true,
      tasks: [
        {
          calls: [[`${name}_msmCombine`, area.parts[sum], plan.chunks, plan.windows, area.sums[sum]]],
          outputs: [{ address: area.sums[sum], length: result }],
        },
      ],
    })
    results.push(combined - 1)
  }
  const { a, b1, c } = area.sums
  const extra = (name: 'r' | 's'): number => area.scalars + INTEGER * (wires + EXTRA_SCALARS[name])
  groups.push({
    name: 'finish',
    after: results,
    tasks: [
      {
        calls: [['g1_finish', a, extra('s'), b1, extra('r'), c, area.proofC]],
        outputs: [{ address: area.proofC, length: LAYOUT.G1.result }],
      },
    ],
  })
  return groups
}

/** Writes the scalars of the header's points behind a witness; r and s blind the proof. */
export function extraScalars(o: { r: bigint; s: bigint }): bigint[] {
  const { r, s } = o
  const scalars: bigint[] = []
  scalars[EXTRA_SCALARS.one] = 1n
  scalars[EXTRA_SCALARS.r] = r
  scalars[EXTRA_SCALARS.s] = s
  scalars[EXTRA_SCALARS.minusRs] = (FIELD_MODULUS - ((r * s) % FIELD_MODULUS)) % FIELD_MODULUS
  return scalars
}

/**
 * Reads the proof. A and B are the sums of their points, alpha, beta and blinding among them.
 *
 * @param o.read reads what the tasks left
 */
export function readProof(o: {
  area: Area
  read: (address: number, length: number) => Uint8Array
}): Groth16Proof {
  const { area, read } = o
  return {
    pi_a: g1Json(coordinates(read(area.sums.a, LAYOUT.G1.result))),
    pi_b: g2Json(coordinates(read(area.sums.b2, LAYOUT.G2.result))),
    pi_c: g1Json(coordinates(read(area.proofC, LAYOUT.G1.result))),
    protocol: 'groth16',
    curve: 'bn128',
  }
}

function coordinates(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / INTEGER }, (_, i) => readUint256(bytes, i * INTEGER))
}

function g1Json(c: readonly bigint[]): G1Json {
  const [x, y] = c.map(String) as [string, string]
  return c.every((value) => value === 0n) ? ['0', '1', '0'] : [x, y, '1']
}

function g2Json(c: readonly bigint[]): G2Json {
  const text = c.map(String) as [string, string, string, string]
  if (c.every((value) => value === 0n)) {
    return [
      ['0', '0'],
      ['1', '0'],
      ['0', '0'],
    ]
  }
  return [
    [text[0], text[1]],
    [text[2], text[3]],
    ['1', '0'],
  ]
}
