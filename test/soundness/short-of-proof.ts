import type { Prover } from '../../src/prover/index.js'
import type { Target } from './fuzz.js'

/** A prover had nothing against what it was given. */
class Reached extends Error {
  override name = 'Reached'
}

/** Calls something with a prover that checks whatever it is given, and stops where artifacts would be loaded. */
export async function shortOfProof(prover: Prover, call: (prover: Prover) => unknown): Promise<void> {
  const onProgress = (): never => {
    throw new Reached()
  }
  const stopped = <O>(o: O): O => (typeof o === 'object' && o !== null ? { ...o, onProgress } : o)
  const short = {
    ...prover,
    prove: (o: Parameters<Prover['prove']>[0]) => prover.prove(stopped(o)),
    provePrepared: (o: Parameters<Prover['provePrepared']>[0]) => prover.provePrepared(stopped(o)),
  }
  try {
    await call(short)
  } catch (error) {
    if (!(error instanceof Reached)) throw error
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
  const { name, call } = target
  return [
    { ...target, call: (input) => call(input, prover) },
    {
      ...target,
      name: `${name}, short of the proof`,
      cost: 3,
      call: (input) => shortOfProof(prover, (short) => call(input, short)),
    },
  ]
}
