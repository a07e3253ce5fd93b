import { assertUint, parseDecimal } from '../field.js'
import { CLOCK_BITS } from '../statements/signals.js'

/** Reads a time option, Unix seconds; without it the machine's clock. */
export function readTime(value: string | undefined, label: string): bigint {
  if (value === undefined) return BigInt(Math.floor(Date.now() / 1000))
  const time = parseDecimal(value, label)
  assertUint(time, CLOCK_BITS, label)
  return time
}

/** Reads an option that is a non-negative safe integer. */
export function readInteger(value: string, label: string): number {
  return Number(parseDecimal(value, label, BigInt(Number.MAX_SAFE_INTEGER)))
}

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}
