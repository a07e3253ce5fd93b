import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { readWitness } from '../../src/formats/witness.js'
import { withFastInversion } from '../../src/prover/generator.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { elements } from './engine/reference.js'

const SOURCE = `pragma circom 2.2.3;
template Quotients(N) {
  signal input dividends[N];
  signal input divisors[N];
  signal output inverses[N];
  signal output quotients[N];
  for (var i = 0; i < N; i++) {
    inverses[i] <-- divisors[i] != 0 ? 1 / divisors[i] : 0;
    quotients[i] <-- divisors[i] != 0 ? dividends[i] / divisors[i] : 0;
    quotients[i] === dividends[i] * inverses[i];
  }
}
component main = Quotients(64);
`

describe('prover: witness generators with a faster inversion', () => {
  let folder: string
  let wasm: Uint8Array
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulproof-'))
    const file = join(folder, 'quotients.circom')
    await writeFile(file, SOURCE)
    wasm = (await compileCircuit({ file, cacheDir: folder })).wasm
  })
  after(() => rm(folder, { recursive: true }))

  it('gives the same witness as circom: inverses and quotients of small, large and random values', async () => {
    const fast = withFastInversion(wasm)
    assert.notEqual(fast, wasm)
    const [original, changed] = [wasm, fast].map(
      (bytes) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>),
    )
    const edges = [0n, 1n, 2n, 3n, r - 1n, r - 2n, (r + 1n) / 2n, 2n ** 31n, 2n ** 32n, 2n ** 64n, 2n ** 253n]
    for (let round = 0; round < 20; round++) {
      const [some, others] = [elements(`dividends ${round}`, 64), elements(`divisors ${round}`, 64)]
      const inputs = {
        dividends: [...edges, ...some].slice(0, 64),
        divisors: [...(round === 0 ? edges : []), ...others].slice(0, 64),
      }
      const witness = await calculateWitness({ wasm: changed!, inputs })
      assert.deepEqual(witness, await calculateWitness({ wasm: original!, inputs }))
      const values = readWitness(witness)
      inputs.divisors.forEach((divisor, i) => {
        assert.equal((values[1 + i]! * divisor) % r, divisor === 0n ? 0n : 1n)
      })
    }
  })

  it('leaves alone what is no such generator', () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    const renamed = wasm.slice()
    const name = new TextEncoder().encode('Fr_int_inverseMod')
    for (let at = 0; at < renamed.length; at++) {
      if (name.every((byte, i) => renamed[at + i] === byte)) renamed[at] = 'X'.charCodeAt(0)
    }
    for (const bytes of [empty, empty.slice(0, 4), new Uint8Array(0), renamed, withFastInversion(renamed)]) {
      assert.equal(withFastInversion(bytes), bytes)
    }
    // Truncated anywhere: as it is, or a module of which the compiler says what is wrong.
    for (let length = 0; length < wasm.length; length += 997) {
      const bytes = wasm.slice(0, length)
      const result = withFastInversion(bytes)
      if (result !== bytes) assert.equal(WebAssembly.validate(result as Uint8Array<ArrayBuffer>), false)
    }
  })
})
