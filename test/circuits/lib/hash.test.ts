import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { poseidonChain } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { runCircom } from '../../../src/setup/compiler.js'
import {
  POSEIDON_CIRCUIT,
  poseidonCircuit,
  writePoseidonCircuit,
} from '../../../src/setup/poseidon-circuit.js'
import { loadCircomlibjs } from '../../crypto/circomlibjs.js'
import { randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/hash', () => {
  const random = randomElements('hash')
  const inputs = [
    Array.from({ length: 31 }, () => 0n),
    Array.from({ length: 31 }, () => r - 1n),
    Array.from({ length: 31 }, (_, i) => BigInt(i)),
    Array.from({ length: 31 }, random),
  ]

  it('Hash: is the Poseidon of circomlibjs', async () => {
    const circuit = await gadget('Hash(2..6, 16)')
    const { poseidon } = await loadCircomlibjs()
    for (const list of inputs) {
      const witness = await circuit.accept({ in: list.slice(0, 16) })
      const expected = [2, 3, 4, 5, 6, 16].map((length) => poseidon(list.slice(0, length)))
      assert.deepEqual(circuit.values(witness, 'out'), expected)
    }
  })

  it('Hash: a witness is determined by its inputs, and no wire of it can be changed', async () => {
    const circuit = await gadget('Hash(2..6, 16)')
    const list = (inputs[3] as bigint[]).slice(0, 16)
    const witness = await circuit.accept({ in: list })
    assert.deepEqual(circuit.solve({ in: list }), { witnesses: [witness], free: [] })
    assert.deepEqual(circuit.mutateAll(witness), [])
  })

  it('the constraint system of 1 to 16 inputs is that of circomlib, bit for bit', async () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '')
    await writePoseidonCircuit()
    const output = await mkdtemp(join(tmpdir(), 'soulproof-poseidon-'))
    try {
      // Without generators: circom runs out of memory when it writes theirs.
      const systems = ['circuits/lib/poseidon.circom', 'circomlib/circuits/poseidon.circom'].map(
        async (file, i) => {
          const name = `lengths${i}`
          const source = join(output, `${name}.circom`)
          await writeFile(source, lengths(file))
          const args = [relative(root, source), '--r1cs', '--O2', '-l', '.', '-l', 'node_modules']
          const { code, words } = await runCircom({
            args: [...args, '-o', relative(root, output)],
            folder: root,
          })
          assert.equal(code, 0, words)
          return readFile(join(output, `${name}.r1cs`))
        },
      )
      const [own, theirs] = await Promise.all(systems)
      assert.ok(own!.equals(theirs!))
    } finally {
      await rm(output, { recursive: true })
    }
  })

  it('circuits/lib/poseidon.circom is what this version writes', async () => {
    await writePoseidonCircuit()
    assert.equal(await readFile(POSEIDON_CIRCUIT, 'utf8'), poseidonCircuit())
  })

  it('HashChain: is poseidonChain at the edges of its blocks', async () => {
    const circuit = await gadget('HashChain(1, 15, 16, 31)')
    for (const list of inputs) {
      const tag = list[7] as bigint
      const witness = await circuit.accept({ tag, in: list })
      const expected = [1, 15, 16, 31].map((length) => poseidonChain(tag, list.slice(0, length)))
      assert.deepEqual(circuit.values(witness, 'out'), expected)
    }
  })
})

/** A circuit that hashes 1 to 16 inputs. */
function lengths(file: string): string {
  return `pragma circom 2.2.0;
include "${file}";
template Lengths() {
    signal input in[16];
    signal output out[16];
    component hash[16];
    for (var n = 1; n <= 16; n++) {
        hash[n - 1] = Poseidon(n);
        for (var i = 0; i < n; i++) hash[n - 1].inputs[i] <== in[i];
        out[n - 1] <== hash[n - 1].out;
    }
}
component main = Lengths();
`
}
