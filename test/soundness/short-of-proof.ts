import { SoulproofError } from '../../src/errors.js'
import type { Prover } from '../../src/prover/index.js'
import type { Target } from './fuzz.js'

/** A prover had nothing against what it was given. */
class Reached extends SoulproofError {
  override name = 'Reached'
}

/** Returns a prover that checks whatever it is given, and stops where artifacts would be loaded. */
export function shortOfProof(prover: Prover): Prover {
  const onProgress = (): never => {
    throw new Reached('everything is well-formed')
  }
  const stopped = <O>(o: O): O => (typeof o === 'object' && o !== null ? { ...o, onProgress } : o)
  return {
    ...prover,
    prove: (o) => prover.prove(stopped(o)),
    provePrepared: (o) => prover.provePrepared(stopped(o)),
  }
}

/**
 * Returns an entry point that proves as two targets: with the prover, which takes long, and short of the proof, so that its
 * arguments are tried many times more often.
 */
export function provingTargets<T extends Omit<Target, 'call'>>(
  target: T & { readonly call: (input: unknown, prover: Prover) => unknown },
  prover: Prover,
): (T & Target)[] {
  const short = shortOfProof(prover)
  return [
    { ...target, call: (input) => target.call(input, prover) },
    {
      ...target,
      name: `${target.name}, short of the proof`,
      cost: 3,
      call: (input) => target.call(input, short),
    },
  ]
}
