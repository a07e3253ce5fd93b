/** Runs multiplications in the test's own thread, task by task. */
import { addExtension } from '../../../src/bn254/extension.js'
import { type ArithmeticName, addField } from '../../../src/bn254/field.js'
import {
  addMsm,
  type GroupName,
  HALVES,
  LAYOUT,
  type MsmPlan,
  planMsm,
} from '../../../src/prover/engine/msm.js'
import { host } from '../../bn254/host.js'
import { type Fq2Element, mod, type Point, Q } from '../../bn254/reference.js'

/** Coordinates of points of either group. */
export type Coordinate = bigint | Fq2Element

const partsOf = (x: Coordinate): readonly bigint[] => (typeof x === 'bigint' ? [x] : x)

/** Little endian, 32 bytes. */
export function integerBytes(x: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((x >> BigInt(8 * i)) & 255n))
}

export function readInteger(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** A point as a zkey has it. */
export function zkeyBytes(point: { x: Coordinate; y: Coordinate }): Uint8Array {
  const parts = [...partsOf(point.x), ...partsOf(point.y)]
  return Uint8Array.from(parts.flatMap((x) => [...integerBytes(mod(x << 256n, Q))]))
}

export interface MsmHost {
  readonly h: ReturnType<typeof host>
  /** Loads bases, and returns their address. */
  readonly load: (group: GroupName, points: readonly { x: Coordinate; y: Coordinate }[]) => number
  /** Splits scalars, and returns the halves' address. */
  readonly split: (scalars: readonly bigint[]) => number
  readonly indexes: (values: readonly number[]) => number
  readonly run: (plan: MsmPlan, bases: number, halves: number, indexes?: number) => Point<Coordinate>
  /** Batches that met special cases so far. */
  readonly exceptions: (group: GroupName) => number
  /** Forgets all memory reserved so far. */
  readonly reset: () => void
}

export function msmHost(arithmetic: ArithmeticName): MsmHost {
  const h = host((program) => {
    const fq = addField(program, { name: 'fq', modulus: Q, arithmetic })
    addMsm(program, { fq, fq2: addExtension(program, { name: 'fq2', base: fq }) })
  })
  const call = (name: string, ...args: number[]): number =>
    (h.call[name] as (...args: number[]) => number)(...args)
  const put = (bytes: readonly Uint8Array[], length: number): number => {
    const start = h.alloc(bytes.length * length)
    for (const [i, b] of bytes.entries()) h.bytes.set(b, start + i * length)
    return start
  }
  return {
    h,
    load(group, points) {
      const { zkeyPoint, base } = LAYOUT[group]
      const source = put(points.map(zkeyBytes), zkeyPoint)
      const bases = h.alloc(points.length * base)
      if (call(`${group.toLowerCase()}_loadBases`, bases, source, points.length) !== 0)
        throw new RangeError('a coordinate is not below q')
      return bases
    },
    split(scalars) {
      const source = put(scalars.map(integerBytes), 32)
      const halves = h.alloc(scalars.length * HALVES)
      call('msm_split', halves, source, scalars.length)
      return halves
    },
    indexes(values) {
      const start = h.alloc(4 * values.length)
      const view = new DataView(h.bytes.buffer)
      for (const [i, value] of values.entries()) view.setUint32(start + 4 * i, value, true)
      return start
    },
    run(plan, bases, halves, indexes = 0) {
      const name = plan.group.toLowerCase()
      const layout = LAYOUT[plan.group]
      const scratch = h.alloc(plan.scratchLength)
      const sums = h.alloc(plan.sumsLength)
      const guard = h.alloc(16)
      h.bytes.fill(0xa5, scratch, guard + 16)
      for (const { window, start, count, output } of plan.tasks) {
        call(
          `${name}_msmTask`,
          bases + start * layout.base,
          indexes === 0 ? halves + start * HALVES : halves,
          indexes === 0 ? 0 : indexes + 4 * start,
          count,
          plan.windows,
          window,
          scratch,
          sums + output * layout.sum,
        )
      }
      const out = h.alloc(layout.result)
      const infinite = call(`${name}_msmCombine`, sums, plan.chunks, plan.windows, out)
      if (infinite === 1) return undefined
      const values = Array.from({ length: layout.result / 32 }, (_, i) =>
        readInteger(h.bytes.subarray(out + 32 * i, out + 32 * i + 32)),
      )
      return plan.group === 'G1'
        ? { x: values[0] as bigint, y: values[1] as bigint }
        : {
            x: [values[0] as bigint, values[1] as bigint],
            y: [values[2] as bigint, values[3] as bigint],
          }
    },
    exceptions: (group) =>
      (h.call as unknown as Record<string, WebAssembly.Global>)[`${group.toLowerCase()}_exceptions`]!.value,
    reset: h.reset,
  }
}

export { planMsm }
