/**
 * From a witness to the values of A, B and C = A B on the rows of a circuit, and from their values on the coset to the
 * scalars of H.
 *
 * Values are plain residues in the arithmetic's limbs, without Montgomery's factor: only coefficients carry it, and
 * `c = mul(a, b)` then is A B / R, which the last step makes up for. Hence a witness needs no conversion, and a
 * coefficient of 1 or -1, the most frequent by far, no multiplication.
 */

import { ELEMENT, type Field, type FieldForm, INTEGER, invert, PAIR } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, call, control, I32, i32, type Local } from '../../bn254/wasm.js'
import { ArtifactError } from '../../errors.js'
import { FIELD_MODULUS } from '../../field.js'
import { readUint256, writeUint256 } from '../../formats/sections.js'
import { COEFFICIENT_LENGTH } from '../../formats/zkey.js'
import { addConversion } from './convert.js'
import { discard } from './discard.js'
import { reverseBits } from './fft.js'
import { loop } from './loop.js'

/**
 * Adds what evaluates rows:
 *
 * - `abc_values(out, integers, count)`: elements of canonical integers;
 * - `abc_coefficients(out, integers, count)`: elements, in Montgomery form, of a key's integers v = coefficient 2^512;
 * - `abc_rows(a, b, c, stream, values, coefficients, count)`: `count` pairs of rows of a {@link RowStream};
 * - `abc_join(h, distance, a, b, c, constants, count)`: scalars a b - c of pairs, as canonical integers: those of the
 *   first lanes from h on, and of the second lanes `distance` bytes further; see {@link joinConstants}.
 */
export function addAbc(program: Program, fr: Field): void {
  const { module } = program
  const [sum, term, factor, value] = [0, 1, 2, 3].map(() => program.scratch(PAIR)) as [Code, Code, Code, Code]
  const [factor2, value2] = [program.scratch(PAIR), program.scratch(PAIR)]
  const zero = i32.const(fr.rawPairOf(0n))

  addConversion(program, { name: 'abc_values', field: fr })
  // A key's v is coefficient * 2^512.
  const toCoefficient = fr.toMontgomery(invert(1n << 512n, fr.modulus))
  addConversion(program, { name: 'abc_coefficients', field: fr, factor: toCoefficient })

  // One row of each lane: units, then products. Up to three terms wait on a tight sum before it has to be reduced.
  module.func({
    name: 'abc_row',
    params: [I32, I32, I32, I32],
    results: [I32],
    exported: false,
    body: ({ params: [out, stream, values, coefficients], local }) => {
      const [units, products, waiting] = [local(I32), local(I32), local(I32)]
      const word = (i: number): Code => i32.load(stream!.get, 4 * i)
      const element = (start: Local, index: Code): Code =>
        i32.add(start.get, i32.mul(index, i32.const(ELEMENT)))
      const skip = (words: number): Code => stream!.set(i32.add(stream!.get, i32.const(4 * words)))
      const signed = (w: Code): [Code, Code] => [
        element(values!, i32.shrU(w, i32.const(1))),
        i32.and(w, i32.const(1)),
      ]
      const accumulate: Code = [
        fr.add(sum, sum, term),
        waiting.set(i32.add(waiting.get, i32.const(1))),
        control.if(i32.eq(waiting.get, i32.const(3)), [fr.reduce(sum, sum), waiting.set(i32.const(0))]),
      ]
      const load = (f: Code, v: Code, at: number): Code => [
        fr.gather(f, element(coefficients!, word(at)), element(coefficients!, word(at + 1))),
        fr.gather(v, element(values!, word(at + 2)), element(values!, word(at + 3))),
      ]
      return [
        units.set(word(0)),
        products.set(word(1)),
        skip(2),
        fr.copy(sum, zero),
        waiting.set(i32.const(0)),
        control.block(
          control.loop(
            control.brIf(1, i32.eqz(units.get)),
            fr.gatherSigned(term, ...signed(word(0)), ...signed(word(1))),
            accumulate,
            skip(2),
            units.set(i32.sub(units.get, i32.const(1))),
            control.br(0),
          ),
        ),
        control.block(
          control.loop(
            control.brIf(1, i32.ltU(products.get, i32.const(2))),
            load(factor, value, 0),
            load(factor2, value2, 4),
            // At most (0.379 * 2 * 0.26 + 0.5001) p, which is 0.7 p.
            fr.mulAdd(term, factor, value, factor2, value2),
            accumulate,
            skip(8),
            products.set(i32.sub(products.get, i32.const(2))),
            control.br(0),
          ),
        ),
        control.if(products.get, [load(factor, value, 0), fr.mul(term, factor, value), accumulate, skip(4)]),
        fr.reduce(out!.get, sum),
        stream!.get,
      ]
    },
  })
  module.func({
    name: 'abc_rows',
    params: [I32, I32, I32, I32, I32, I32, I32],
    body: ({ params: [a, b, c, stream, values, coefficients, count], local }) => {
      const i = local(I32)
      const row = (out: Local) =>
        stream!.set(call('abc_row', out.get, stream!.get, values!.get, coefficients!.get))
      return loop({
        counter: i,
        from: i32.const(0),
        to: count!.get,
        body: [
          row(a!),
          row(b!),
          fr.mul(c!.get, a!.get, b!.get),
          [a, b, c].map((p) => p!.set(i32.add(p!.get, i32.const(PAIR)))),
        ],
      })
    },
  })

  // Operands come from the forward transform, at most 1.45 p: (0.379 * (1.45^2 + 1.45) + 0.5001) p is 1.9 p.
  module.func({
    name: 'abc_join',
    params: [I32, I32, I32, I32, I32, I32, I32],
    body: ({ params: [h, distance, a, b, c, constants, count], local }) => {
      const i = local(I32)
      return loop({
        counter: i,
        from: i32.const(0),
        to: count!.get,
        body: [
          fr.mulSub(term, a!.get, b!.get, c!.get, constants!.get),
          fr.mul(term, term, i32.add(constants!.get, i32.const(PAIR))),
          fr.toIntegers(h!.get, i32.add(h!.get, distance!.get), term),
          h!.set(i32.add(h!.get, i32.const(INTEGER))),
          [a, b, c].map((p) => p!.set(i32.add(p!.get, i32.const(PAIR)))),
        ],
      })
    },
  })
}

/**
 * Returns two pairs for `abc_join` that take out what has gathered: the backward transform's n from a, b and c, and
 * Montgomery's factor from c and the products. With a = n A and so on, a b / R - n c is n^2 (A B - C) / R; one more
 * multiplication by R^2 / n^2 leaves A B - C.
 */
export function joinConstants(fr: FieldForm, domainSize: number): Uint8Array {
  const { encode, join } = fr.arithmetic
  const n = BigInt(domainSize)
  const last = fr.toMontgomery(fr.toMontgomery(invert(n * n, fr.modulus)))
  const pair = (x: bigint) => join(encode(x), encode(x))
  return Uint8Array.from([...pair(fr.toMontgomery(n)), ...pair(last)])
}

/** The rows of A and B in the order in which they are evaluated. */
export interface RowStream {
  /**
   * For each pair of positions, for A and then B: the number of units and of products; for each unit, two words
   * `2 * wire + (1 if it is subtracted)`; for each product, two coefficients' and two wires' indexes. The first word of
   * two is the first lane's. A lane that has less terms is filled up with the wire that is 0.
   */
  readonly words: Uint32Array
  /** Where every 2^bottom-th pair begins, in words, and the end of all. */
  readonly starts: Uint32Array
  /** Distinct coefficients but for 1 and -1, as they stand in the key: 32 bytes each. */
  readonly coefficients: Uint8Array
}

const MATRICES = 2
const ENTRY_WORDS = COEFFICIENT_LENGTH / 4
const [ZERO, PLUS, MINUS, FIRST_PRODUCT] = [0, 1, 2, 3] as const

/**
 * Sorts the coefficients' section of a key for streaming.
 *
 * @param o.section   entries of matrix, row, wire and value * 2^512, checked by `openZkey`
 * @param o.wires     their number, which also is the index of a wire that is 0 at all times
 * @param o.logSize   logarithm of the domain's size
 * @param o.bottom    logarithm of the number of pairs in a block
 * @throws {ArtifactError} if a value is not canonical
 */
export function streamRows(o: {
  section: Uint8Array
  wires: number
  logSize: number
  bottom: number
}): RowStream {
  const { section, wires, logSize, bottom } = o
  const aligned = section.byteOffset % 4 === 0 ? section : new Uint8Array(section)
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset + 4, (aligned.length - 4) / 4)
  const entries = words.length / ENTRY_WORDS
  const { kinds, coefficients } = indexCoefficients(words, entries)

  // Entries by row: counted, then placed. Row 2 i + matrix.
  const rowStart = new Uint32Array(MATRICES * 2 ** logSize + 1)
  const rowOf = (entry: number) => MATRICES * words[entry * ENTRY_WORDS + 1]! + words[entry * ENTRY_WORDS]!
  for (let entry = 0; entry < entries; entry++) rowStart[rowOf(entry) + 1]!++
  for (let row = 0; row < rowStart.length - 1; row++) rowStart[row + 1]! += rowStart[row]!
  const next = rowStart.slice()
  const sorted = new Uint32Array(entries)
  for (let entry = 0; entry < entries; entry++) sorted[next[rowOf(entry)]!++] = entry

  const pairs = 2 ** (logSize - 1)
  const stream = new Uint32Array(4 * entries + 2 * MATRICES * pairs)
  const starts = new Uint32Array(pairs / 2 ** bottom + 1)
  let at = 0
  for (let position = 0; position < pairs; position++) {
    if (position % 2 ** bottom === 0) starts[position / 2 ** bottom] = at
    const even = 2 * reverseBits(position, logSize - 1)
    for (let matrix = 0; matrix < MATRICES; matrix++) {
      let [mostUnits, mostProducts] = [0, 0]
      for (let lane = 0; lane < 2; lane++) {
        const row = MATRICES * (even + lane) + matrix
        const end = rowStart[row + 1]!
        let [units, products] = [0, 0]
        for (let term = rowStart[row]!; term < end; term++) {
          const kind = kinds[sorted[term]!]!
          if (kind >= FIRST_PRODUCT) products++
          else if (kind !== ZERO) units++
        }
        mostUnits = Math.max(mostUnits, units)
        mostProducts = Math.max(mostProducts, products)
      }
      stream[at] = mostUnits
      stream[at + 1] = mostProducts
      const [firstUnit, firstProduct] = [at + 2, at + 2 + 2 * mostUnits]
      at = firstProduct + 4 * mostProducts
      for (let lane = 0; lane < 2; lane++) {
        const row = MATRICES * (even + lane) + matrix
        const end = rowStart[row + 1]!
        let [unit, product] = [firstUnit + lane, firstProduct + lane]
        for (let term = rowStart[row]!; term < end; term++) {
          const entry = sorted[term]!
          const wire = words[entry * ENTRY_WORDS + 2]!
          const kind = kinds[entry]!
          if (kind >= FIRST_PRODUCT) {
            stream[product] = kind - FIRST_PRODUCT
            stream[product + 2] = wire
            product += 4
          } else if (kind !== ZERO) {
            stream[unit] = 2 * wire + (kind === MINUS ? 1 : 0)
            unit += 2
          }
        }
        for (; unit < firstProduct; unit += 2) stream[unit] = 2 * wires
        // Coefficients are 0 already.
        for (; product < at; product += 4) stream[product + 2] = wires
      }
    }
  }
  starts[starts.length - 1] = at
  if (aligned !== section) discard(aligned)
  for (const done of [kinds, sorted, next, rowStart]) discard(done)
  return { words: stream.subarray(0, at), starts, coefficients }
}

/** Gives equal values one number, in a table of slots by their first words. */
function indexCoefficients(
  words: Uint32Array,
  entries: number,
): { kinds: Uint32Array; coefficients: Uint8Array } {
  const fixed = new Uint8Array(3 * INTEGER)
  const factor = (1n << 512n) % FIELD_MODULUS
  writeUint256(fixed, PLUS * INTEGER, factor)
  writeUint256(fixed, MINUS * INTEGER, FIELD_MODULUS - factor)
  const kinds = new Uint32Array(entries)
  // Distinct values, eight words each, the fixed ones first.
  let values = new Uint32Array(8 * 1024)
  values.set(new Uint32Array(fixed.buffer))
  let count = FIRST_PRODUCT as number
  let slots = new Int32Array(4096).fill(-1)
  const find = (source: Uint32Array, at: number): number => {
    let hash = 0
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ source[at + i]!, 0x9e3779b1) ^ (hash >>> 15)
    for (let slot = (hash >>> 7) & (slots.length - 1); ; slot = (slot + 1) & (slots.length - 1)) {
      const index = slots[slot]!
      if (index < 0) return slot
      let i = 0
      while (i < 8 && values[8 * index + i] === source[at + i]) i++
      if (i === 8) return slot
    }
  }
  for (let i = 0; i < count; i++) slots[find(values, 8 * i)] = i
  for (let entry = 0; entry < entries; entry++) {
    const at = entry * ENTRY_WORDS + 3
    let slot = find(words, at)
    if (slots[slot]! < 0) {
      if (8 * count === values.length) {
        const grown = new Uint32Array(2 * values.length)
        grown.set(values)
        values = grown
      }
      values.set(words.subarray(at, at + 8), 8 * count)
      slots[slot] = count++
      if (2 * count > slots.length) {
        slots = new Int32Array(2 * slots.length).fill(-1)
        for (let i = 0; i < count; i++) slots[find(values, 8 * i)] = i
        slot = find(words, at)
      }
    }
    kinds[entry] = slots[slot]!
  }
  const bytes = new Uint8Array(values.buffer, 0, 8 * 4 * count)
  for (let i = FIRST_PRODUCT as number; i < count; i++) {
    if (readUint256(bytes, INTEGER * i) >= FIELD_MODULUS) {
      throw new ArtifactError('proving key has a coefficient that is not canonical')
    }
  }
  return { kinds, coefficients: bytes.slice(FIRST_PRODUCT * INTEGER) }
}
