/*
 * Two-sample statistics: can transcripts of two kinds be told apart? All of it is small and in the clear, so that what a
 * test says can be checked by reading.
 */

/** What a comparison of two samples found. */
export interface Finding {
  /** Probability of a difference at least this large if there is none. */
  readonly p: number
  readonly statistic: number
  readonly degrees: number
}

/**
 * Compares the bits of two samples of numbers: a chi-square of the 2 x 2 table of each bit (kind against value) that is not
 * constant. Two questions are asked, and the better answer counts at half its weight (Bonferroni): are all bits together
 * too different (their sum has one degree of freedom per bit), or is a single one?
 */
export function compareBits(a: readonly bigint[], b: readonly bigint[], width: number): Finding {
  let statistic = 0
  let greatest = 0
  let degrees = 0
  for (let bit = 0; bit < width; bit++) {
    const ones = (sample: readonly bigint[]): number =>
      sample.reduce((sum, value) => sum + Number((value >> BigInt(bit)) & 1n), 0)
    const [x, y] = [ones(a), ones(b)]
    const total = a.length + b.length
    if (x + y === 0 || x + y === total) continue
    let ofBit = 0
    const expected = (size: number, count: number): number => (size * count) / total
    for (const [observed, size] of [
      [x, a.length],
      [y, b.length],
    ] as const) {
      const one = expected(size, x + y)
      const zero = expected(size, total - x - y)
      ofBit += (observed - one) ** 2 / one + (size - observed - zero) ** 2 / zero
    }
    statistic += ofBit
    greatest = Math.max(greatest, ofBit)
    degrees++
  }
  // A chi-square of one degree of freedom is the square of a normal variable.
  const single = degrees * 2 * normalTail(Math.sqrt(greatest))
  const p = Math.min(1, 2 * Math.min(chiSquareTail(statistic, degrees), single))
  return { p, statistic, degrees }
}

/** Probability that a chi-square variable exceeds x, by the approximation of Wilson and Hilferty (1931). */
export function chiSquareTail(x: number, degrees: number): number {
  if (degrees === 0) return 1
  const variance = 2 / (9 * degrees)
  return normalTail((Math.cbrt(x / degrees) - (1 - variance)) / Math.sqrt(variance))
}

/** Probability that a standard normal variable exceeds z; Abramowitz and Stegun 26.2.17, error below 7.5e-8. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z)
  const t = 1 / (1 + 0.2316419 * z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const polynomial = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429]
  return density * polynomial.reduceRight((sum, factor) => (sum + factor) * t, 0)
}

/** How well the classifier does on samples it was not trained on. */
export interface Score {
  /** Share of right answers, 0..1. */
  readonly accuracy: number
  readonly samples: number
  /** Probability of doing as well by tossing coins. */
  readonly p: number
}

/**
 * Trains two classifiers on every other row of features to tell a from b, and asks them about the rest: a logistic
 * regression, and a threshold on the best single feature. The better answer counts at half its weight (Bonferroni).
 *
 * Rows alternate between the kinds, so that the drift of a machine is no feature. With one half for each purpose the
 * number of right answers is binomial if there is nothing to learn; of folds that share rows it would not be.
 */
export function classify(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): Score {
  const pairs = Array.from({ length: Math.min(a.length, b.length) }, (_, i) => [
    { row: a[i]!, label: 0 },
    { row: b[i]!, label: 1 },
  ])
  const known = pairs.filter((_, i) => i % 2 === 0).flat()
  const asked = pairs.filter((_, i) => i % 2 === 1).flat()
  const scores = [trainRegression(known), trainThreshold(known)].map(
    (model) => asked.filter(({ row, label }) => (model(row) > 0 ? 1 : 0) === label).length,
  )
  const right = Math.max(...scores)
  return {
    accuracy: right / asked.length,
    samples: asked.length,
    p: Math.min(1, 2 * binomialTail(right, asked.length)),
  }
}

/** Probability of at least `right` heads among `tosses` of a fair coin. */
export function binomialTail(right: number, tosses: number): number {
  let tail = 0
  // In logarithms: of a thousand tosses there are more outcomes than doubles reach.
  let logarithm = -tosses * Math.LN2
  for (let heads = tosses; heads >= right; heads--) {
    tail += Math.exp(logarithm)
    logarithm += Math.log(heads / (tosses - heads + 1))
  }
  return tail
}

type Labelled = readonly { readonly row: readonly number[]; readonly label: number }[]
type Model = (row: readonly number[]) => number

/** The feature and the threshold, in the middle between two rows, that get the most rows right. */
function trainThreshold(rows: Labelled): Model {
  let best = { right: -1, feature: 0, at: 0, sign: 1 }
  for (let feature = 0; feature < rows[0]!.row.length; feature++) {
    const sorted = rows.map(({ row, label }) => ({ value: row[feature]!, label }))
    sorted.sort((x, y) => x.value - y.value)
    // Right answers if all above the threshold are of kind b: all of b, at first, and none of a.
    let right = sorted.filter(({ label }) => label === 1).length
    for (const [i, { value, label }] of sorted.entries()) {
      right += label === 0 ? 1 : -1
      const next = sorted[i + 1]?.value ?? value + 1
      if (next === value) continue
      for (const [count, sign] of [
        [right, 1],
        [rows.length - right, -1],
      ] as const) {
        if (count > best.right) best = { right: count, feature, at: (value + next) / 2, sign }
      }
    }
  }
  return (row) => best.sign * (row[best.feature]! - best.at)
}

/** Standardised features, quadratic terms too (a variance tells as well as a mean), L2 penalty, plain gradient descent. */
function trainRegression(rows: Labelled): Model {
  const width = rows[0]!.row.length
  const mean = Array.from({ length: width }, (_, k) => average(rows.map(({ row }) => row[k]!)))
  const spread = mean.map(
    (center, k) => Math.sqrt(average(rows.map(({ row }) => (row[k]! - center) ** 2))) || 1,
  )
  const expand = (row: readonly number[]): number[] => {
    // An outlier says no more than that it is one.
    const scaled = row.map((value, k) => Math.max(-4, Math.min(4, (value - mean[k]!) / spread[k]!)))
    return [1, ...scaled, ...scaled.map((value) => value * value - 1)]
  }
  const inputs = rows.map(({ row, label }) => ({ x: expand(row), label }))
  const weights = Array.from({ length: 2 * width + 1 }, () => 0)
  const score = (x: readonly number[]): number => x.reduce((sum, value, k) => sum + value * weights[k]!, 0)
  for (let step = 0; step < 300; step++) {
    const gradient = weights.map((weight) => 0.02 * weight)
    for (const { x, label } of inputs) {
      const error = 1 / (1 + Math.exp(-score(x))) - label
      for (const [k, value] of x.entries()) gradient[k]! += (error * value) / inputs.length
    }
    for (const k of weights.keys()) weights[k]! -= 0.3 * gradient[k]!
  }
  return (row) => score(expand(row))
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
