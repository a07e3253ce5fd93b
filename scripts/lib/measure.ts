/** Of several measurements of one thing: median, least and greatest. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Summarizes at least one measurement. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}
