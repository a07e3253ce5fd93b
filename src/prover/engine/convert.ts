import { ELEMENT, type Field, INTEGER, PAIR } from '../../bn254/field.js'
import type { Program } from '../../bn254/program.js'
import { type Code, control, I32, i32, type Local } from '../../bn254/wasm.js'
import { loop } from './loop.js'

/**
 * Adds `name(out, integers, count)`: reduced elements, 40 bytes each, of canonical integers, 32 bytes each, times a
 * factor modulo the field's prime.
 *
 * @param o.factor none for 1, which costs no multiplication
 */
export function addConversion(
  program: Program,
  o: { name: string; field: Field; factor?: bigint | undefined },
): void {
  const { name, field, factor } = o
  const pair = program.scratch(PAIR)
  // mul divides by R.
  const scale: Code =
    factor === undefined ? [] : field.mul(pair, pair, i32.const(field.rawPairOf(field.toMontgomery(factor))))
  program.module.func({
    name,
    params: [I32, I32, I32],
    body: ({ params: [out, integers, count], local }) => {
      const [i, next] = [local(I32), local(I32)]
      const at = (start: Local | undefined, index: Local, length: number): Code =>
        i32.add(start!.get, i32.mul(index.get, i32.const(length)))
      return loop({
        counter: i,
        from: i32.const(0),
        to: count!.get,
        step: i32.const(2),
        body: [
          // The last one of an odd number goes in both lanes.
          next.set(i32.add(i.get, i32.const(1))),
          next.set(control.select(next.get, i.get, i32.ltU(next.get, count!.get))),
          field.fromIntegers(pair, at(integers, i, INTEGER), at(integers, next, INTEGER)),
          scale,
          field.reduce(pair, pair),
          field.scatter(at(out, i, ELEMENT), at(out, next, ELEMENT), pair),
        ],
      })
    },
  })
}
