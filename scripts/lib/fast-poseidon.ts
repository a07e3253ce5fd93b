/**
 * Takes the place of `src/crypto/poseidon.ts` in long runs, see `fast-hash.mjs`: the same hashes in WebAssembly, each computed once while it
 * is remembered. `test/bn254/poseidon.test.ts` compares the two, and every witness of a circuit does.
 */
import { createBulkPoseidon } from '../../src/bn254/poseidon.js'

const MOST = 200_000
const { hash } = createBulkPoseidon()
const known = new Map<string, bigint>()

export function poseidon(inputs: readonly bigint[]): bigint {
  const key = inputs.map((input) => input.toString(36)).join()
  let result = known.get(key)
  if (result !== undefined) return result
  result = hash(inputs)
  if (known.size >= MOST) known.clear()
  known.set(key, result)
  return result
}

export function poseidonChain(tag: bigint, inputs: readonly bigint[]): bigint {
  let state = tag
  for (let from = 0; from < inputs.length; from += 15)
    state = poseidon([state, ...inputs.slice(from, from + 15)])
  return state
}
