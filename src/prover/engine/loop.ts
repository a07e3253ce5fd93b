import { type Code, control, i32, type Local } from '../../bn254/wasm.js'

/** Runs `body` while `counter` goes from `from` in steps of `step` to below `to`; nothing if `from` is there already. */
export function loop(o: { counter: Local; from: Code; to: Code; step?: Code; body: Code }): Code {
  const { counter, from, to, step = i32.const(1), body } = o
  return [
    counter.set(from),
    control.block(
      control.loop(
        control.brIf(1, i32.geU(counter.get, to)),
        body,
        counter.set(i32.add(counter.get, step)),
        control.br(0),
      ),
    ),
  ]
}
