/**
 * Writes circuits/lib/base8-table.circom, the constants of circuits/lib/base8-multiply.circom: computed there, they would be
 * computed again for every signature of every witness.
 *
 *   node --import tsx scripts/base8-table.ts
 */
import { writeFile } from 'node:fs/promises'
import { BASE8, multiply, type Point, SUBGROUP_ORDER } from '../src/crypto/babyjub.js'
import { FIELD_MODULUS } from '../src/field.js'

const WINDOWS = 125

const mod = (value: bigint): bigint => ((value % FIELD_MODULUS) + FIELD_MODULUS) % FIELD_MODULUS

function inverse(value: bigint): bigint {
  let [a, b, x, y] = [mod(value), FIELD_MODULUS, 1n, 0n]
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x]
  return mod(x)
}

function montgomery([x, y]: Point): Point {
  const u = mod((1n + y) * inverse(1n - y))
  return [u, mod(u * inverse(x))]
}

/** What a window adds for its signs e0, e1: u = a + b e0 e1, v = c e0 + d e1. */
function windowOf(w: number): bigint[] {
  const half = (SUBGROUP_ORDER + 1n) / 2n
  const point = multiply(BASE8, (half * 4n ** BigInt(w)) % SUBGROUP_ORDER)
  const [one, three] = [montgomery(point), montgomery(multiply(point, 3n))]
  const middle = inverse(2n)
  return [three[0] + one[0], three[0] - one[0], three[1] - one[1], three[1] + one[1]].map((value) =>
    mod(value * middle),
  )
}

/** d 4^125 H + (2^252 - 1) H for d = -3, -1, 1, 3. */
function lastWindow(): Point[] {
  const half = (SUBGROUP_ORDER + 1n) / 2n
  return [-3n, -1n, 1n, 3n].map((d) => {
    const scalar = (half * (d * 4n ** BigInt(WINDOWS) + 2n ** 252n - 1n)) % SUBGROUP_ORDER
    return multiply(BASE8, (scalar + SUBGROUP_ORDER) % SUBGROUP_ORDER)
  })
}

function arrayText(rows: readonly (readonly bigint[])[]): string {
  return rows
    .map((row) => `        [\n${row.map((value) => `            ${value}`).join(',\n')}\n        ]`)
    .join(',\n')
}

const text = `pragma circom 2.2.0;

// Written by scripts/base8-table.ts; test/circuits/lib/base8-multiply.test.ts compares it with circomlibjs.

/** For window w of Base8Multiply and H = B8 / 2: u = a + b e0 e1 and v = c e0 + d e1 of (e0 + 2 e1) 4^w H. */
function BASE8_WINDOWS() {
    return [
${arrayText(Array.from({ length: WINDOWS }, (_, w) => windowOf(w)))}
    ];
}

/** d 4^125 H + (2^252 - 1) H for d = -3, -1, 1, 3, in Edwards form. */
function BASE8_LAST_WINDOW() {
    return [
${arrayText(lastWindow())}
    ];
}
`
await writeFile(new URL('../circuits/lib/base8-table.circom', import.meta.url), text)
