import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { bigIntToBytes, FIELD_MODULUS as r } from '../../src/field.js'
import { readWitness } from '../../src/formats/witness.js'
import { Group } from '../../src/merkle/index.js'
import { createSoulproofEngine } from '../../src/prover/engine/index.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { createSoul, type Soul } from '../../src/soul/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { prepareMembership } from '../../src/statements/membership.js'
import { openStatement } from '../support/statement.js'
import { ALICE } from '../support/world.js'

const CONTEXT = contextSignals({ scope: 'memory', message: 'memory' })

function inputsOf(soul: Soul): Inputs {
  return prepareMembership({ soul, group: new Group([3n, soul.commitment, 5n]), context: CONTEXT })
    .inputs as Inputs
}

/** Private values of a witness as they may lie in memory: as they are and in Montgomery's form. */
function formsOf(witness: readonly bigint[], publicSignals: number): Buffer[] {
  const secret = witness.slice(1 + publicSignals).filter((value) => value >> 200n !== 0n)
  return [...new Set(secret)]
    .slice(0, 60)
    .flatMap((value) =>
      [value, (value * 2n ** 256n) % r].map((form) => Buffer.from(bigIntToBytes(form, 32)).reverse()),
    )
}

/** How many of some values are anywhere in a memory. */
function found(memory: ArrayBufferLike, forms: readonly Buffer[]): number {
  const bytes = Buffer.from(memory as ArrayBuffer)
  return forms.filter((form) => bytes.includes(form)).length
}

describe('soundness/memory: what is left of a secret after it was used', () => {
  it('nothing of a witness in the memory of its generator, also if the circuit refuses', async () => {
    const { wasm, r1cs } = openStatement('membership')
    const memories: WebAssembly.Memory[] = []
    const { instantiate } = WebAssembly
    const seen: number[] = []
    // Looks over the shoulder of the generator: what it exports, and what it holds while it computes.
    WebAssembly.instantiate = (async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
      const instance = await instantiate(module, imports)
      const { memory, ...others } = instance.exports as Record<string, unknown> & {
        memory: WebAssembly.Memory
      }
      memories.push(memory)
      const getWitness = others['getWitness'] as (index: number) => void
      const exports = {
        ...instance.exports,
        getWitness(index: number) {
          if (index === 1)
            seen.push(found(memory.buffer, [Buffer.from(bigIntToBytes(ALICE.secret, 32)).reverse()]))
          getWitness(index)
        },
      }
      return { exports }
    }) as unknown as typeof WebAssembly.instantiate
    let witness: bigint[]
    try {
      // A copy, so that no instance of other tests serves it.
      const own = Uint8Array.from(wasm)
      const inputs = inputsOf(ALICE)
      witness = readWitness(await calculateWitness({ wasm: own, inputs }))
      await assert.rejects(calculateWitness({ wasm: own, inputs: { ...inputs, root: 5n } }), /does not hold/)
    } finally {
      WebAssembly.instantiate = instantiate
    }
    assert.deepEqual(seen, [1], 'the search finds the secret while it is there')
    const forms = formsOf(witness, r1cs.publicSignals)
    assert.ok(forms.length > 100)
    for (const memory of memories) assert.equal(found(memory.buffer, forms), 0)
  })

  it('one instance gives the same witnesses again and again', async () => {
    const { wasm } = openStatement('membership')
    const souls = [ALICE, createSoul({ seed: new Uint8Array(32).fill(1) }), ALICE]
    const witnesses = []
    for (const soul of souls) witnesses.push(await calculateWitness({ wasm, inputs: inputsOf(soul) }))
    assert.deepEqual(witnesses[0], witnesses[2])
    assert.notDeepEqual(witnesses[0], witnesses[1])
  })

  it('nothing of a witness in the memory that the threads of the engine share', async () => {
    const { wasm, r1cs } = openStatement('membership')
    const provingKey = new Uint8Array(readFileSync(new URL('../../zkeys/membership.zkey', import.meta.url)))
    // The memory belongs to the threads; witnesses get into it by a write of this one.
    const buffers = new Set<ArrayBufferLike>()
    const { set } = Uint8Array.prototype
    Uint8Array.prototype.set = function (source, offset) {
      if (this.buffer instanceof SharedArrayBuffer) buffers.add(this.buffer)
      set.call(this, source, offset)
    }
    const leftOf = (forms: readonly Buffer[]): number =>
      [...buffers].reduce((sum, buffer) => sum + found(buffer, forms), 0)
    const engine = await createSoulproofEngine({ threads: 2, shared: true })
    let during = false
    try {
      const prove = async (soul: Soul): Promise<Buffer[]> => {
        const witness = await calculateWitness({ wasm, inputs: inputsOf(soul) })
        const forms = formsOf(readWitness(witness), r1cs.publicSignals)
        const onProgress = (): void => {
          during ||= leftOf(forms.slice(0, 1)) > 0
        }
        await engine.prove({ provingKey, witness, signal: undefined, onProgress })
        return forms
      }
      const first = await prove(ALICE)
      const second = await prove(createSoul({ seed: new Uint8Array(32).fill(2) }))
      // A thread wipes after the result is there: the next proof would wait for it, and so does this.
      await new Promise((resolve) => setTimeout(resolve, 500))
      assert.ok(during, 'the search finds it while it is there')
      assert.equal(leftOf(first), 0)
      assert.equal(leftOf(second), 0)
    } finally {
      Uint8Array.prototype.set = set
      await engine.dispose()
    }
  })
})
