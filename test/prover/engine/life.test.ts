import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { ArtifactError, EngineError } from '../../../src/errors.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { readUint256, writeUint256 } from '../../../src/formats/sections.js'
import { writeWitness } from '../../../src/formats/witness.js'
import { openZkey, ZKEY_SECTION } from '../../../src/formats/zkey.js'
import { createSoulproofEngine } from '../../../src/prover/engine/index.js'
import type { ProofWithSignals } from '../../../src/prover/engine/types.js'
import { createDevelopmentKey } from '../../../src/setup/development-key.js'
import { exportVerificationKey } from '../../../src/setup/verification-key.js'
import { verifyGroth16 } from '../../../src/verifier/groth16.js'
import { randomCircuit } from './random-circuit.js'

const run = promisify(execFile)

/** Tells what is sent to threads while `use` runs. */
async function watchOrders(
  tell: (worker: Worker, order: { type: string; key: number }) => void,
  use: () => Promise<unknown>,
): Promise<void> {
  const { postMessage } = Worker.prototype
  Worker.prototype.postMessage = function (...args) {
    tell(this, args[0])
    postMessage.apply(this, args)
  }
  try {
    await use()
  } finally {
    Worker.prototype.postMessage = postMessage
  }
}

describe('prover: life of the engine', () => {
  const circuit = randomCircuit({ seed: 7, logSize: 8, publicSignals: 2, privates: 5, shape: 'mixed' })
  const small = randomCircuit({ seed: 8, logSize: 3, publicSignals: 1, privates: 2, shape: 'mixed' })
  const values = circuit.witness(() => 3n)
  const witness = writeWitness(values)
  let provingKey: Uint8Array
  let smallKey: Uint8Array
  let verificationKey: Awaited<ReturnType<typeof exportVerificationKey>>
  const holds = ({ proof, publicSignals }: ProofWithSignals): Promise<boolean> =>
    verifyGroth16({ verificationKey, publicSignals, proof })

  before(async () => {
    provingKey = await createDevelopmentKey({ r1cs: circuit.r1cs })
    smallKey = await createDevelopmentKey({ r1cs: small.r1cs })
    verificationKey = await exportVerificationKey(provingKey)
  })

  for (const shared of [true, false]) {
    describe(shared ? 'shared memory' : 'a memory for each thread', () => {
      it('makes several proofs at once, with one key and with two', async () => {
        const engine = await createSoulproofEngine({ threads: 2, shared })
        const smallWitness = writeWitness(small.witness(() => 2n))
        const [others, proofs] = await Promise.all([
          Promise.all([0, 1].map(() => engine.prove({ provingKey: smallKey, witness: smallWitness }))),
          Promise.all([0, 1, 2, 3, 4].map(() => engine.prove({ provingKey, witness }))),
        ])
        for (const proof of proofs) assert.ok(await holds(proof))
        const smallVerificationKey = await exportVerificationKey(smallKey)
        for (const proof of others) {
          assert.ok(await verifyGroth16({ verificationKey: smallVerificationKey, ...proof }))
        }
        assert.equal(new Set(proofs.map(({ proof }) => proof.pi_a[0])).size, proofs.length)
        await engine.dispose()
      })

      it('stops when aborted, before and while it proves, and proves again', async () => {
        const engine = await createSoulproofEngine({ threads: 2, shared })
        const reason = new Error('not needed any more')
        const aborted = engine.prove({ provingKey, witness, signal: AbortSignal.abort(reason) })
        await assert.rejects(aborted, reason)
        await engine.prove({ provingKey, witness })
        for (const share of [0.1, 0.5, 0.9]) {
          const controller = new AbortController()
          const onProgress = (done: number): void => {
            if (done >= share) controller.abort(reason)
          }
          const running = engine.prove({ provingKey, witness, signal: controller.signal, onProgress })
          const other = engine.prove({ provingKey, witness })
          await assert.rejects(running, reason)
          assert.ok(await holds(await other))
        }
        // Aborted while it waits for memory that other proofs use.
        const controller = new AbortController()
        const busy = [0, 1].map(() => engine.prove({ provingKey, witness }))
        const waiting = engine.prove({ provingKey, witness, signal: controller.signal })
        controller.abort(reason)
        await assert.rejects(waiting, reason)
        for (const proof of busy) assert.ok(await holds(await proof))
        await engine.dispose()
      })

      it('rejects what is in progress when it is disposed of, and all later proofs', async () => {
        const engine = await createSoulproofEngine({ threads: 2, shared })
        await engine.prove({ provingKey, witness })
        const running = [0, 1, 2].map(() => engine.prove({ provingKey, witness }))
        const rejections = running.map((proof) => assert.rejects(proof, EngineError))
        await engine.dispose()
        await Promise.all(rejections)
        await engine.dispose()
        await assert.rejects(engine.prove({ provingKey, witness }), /disposed/)
        const unborn = await createSoulproofEngine({ threads: 2, shared })
        const first = assert.rejects(unborn.prove({ provingKey, witness }), EngineError)
        await unborn.dispose()
        await first
      })

      it('names a crash of a thread, and the next proof works', async () => {
        const engine = await createSoulproofEngine({ threads: 2, shared })
        const workers: Worker[] = []
        await watchOrders(
          (worker, { type }) => {
            if (type === 'start') workers.push(worker)
          },
          async () => assert.ok(await holds(await engine.prove({ provingKey, witness }))),
        )
        const running = [0, 1].map(() => engine.prove({ provingKey, witness }))
        const rejections = running.map((proof) => assert.rejects(proof, EngineError))
        await workers[0]!.terminate()
        await Promise.all(rejections)
        assert.ok(await holds(await engine.prove({ provingKey, witness })))
        await engine.dispose()
      })

      it('keeps as many keys as its memory allows, and loads again what it had to forget', async () => {
        const smallWitness = writeWitness(small.witness(() => 2n))
        const smallVerificationKey = await exportVerificationKey(smallKey)
        const provers = {
          large: async () => assert.ok(await holds(await engine.prove({ provingKey, witness }))),
          small: async () => {
            const proof = await engine.prove({ provingKey: smallKey, witness: smallWitness })
            assert.ok(await verifyGroth16({ verificationKey: smallVerificationKey, ...proof }))
          },
        }
        const orders = { open: new Set<number>(), close: new Set<number>() }
        const watch = (use: () => Promise<unknown>): Promise<void> =>
          watchOrders((_, order) => {
            if (order.type === 'open' || order.type === 'close') orders[order.type].add(order.key)
          }, use)
        let engine = await createSoulproofEngine({ threads: 2, shared, keyCacheBytes: 1 })
        await watch(async () => {
          for (const name of ['large', 'large', 'small', 'large', 'small', 'small'] as const) {
            await provers[name]()
          }
        })
        assert.equal(orders.open.size, 4)
        assert.equal(orders.close.size, 3)
        // What is in use stays, whatever it takes.
        for (let i = 0; i < 3; i++) await Promise.all([provers.large(), provers.small(), provers.large()])
        await engine.dispose()

        engine = await createSoulproofEngine({ threads: 2, shared })
        orders.open.clear()
        orders.close.clear()
        await watch(async () => {
          for (const name of ['large', 'small', 'large', 'small'] as const) await provers[name]()
        })
        assert.deepEqual([orders.open.size, orders.close.size], [2, 0])
        await engine.dispose()
      })

      it('refuses malformed keys and witnesses, and those of other circuits, by name', async () => {
        const engine = await createSoulproofEngine({ threads: 2, shared })
        const refuse = (change: object, message: RegExp, type: new (m: string) => Error = ArtifactError) =>
          assert.rejects(engine.prove({ provingKey, witness, ...change }), (error: Error) => {
            assert.ok(error instanceof type, String(error))
            assert.match(error.message, message)
            return true
          })
        const changed = (change: (key: Uint8Array, section: (type: number) => Uint8Array) => void) => {
          const copy = provingKey.slice()
          const { sections } = openZkey(copy)
          change(copy, (type) => sections.get(type)!)
          return copy
        }
        await refuse({ provingKey: provingKey.slice(0, -1) }, /truncated/)
        await refuse({ provingKey: provingKey.slice(0, 1000) }, /truncated/)
        await refuse({ provingKey: new Uint8Array(0) }, /truncated/)
        await refuse({ provingKey: witness }, /not a \.zkey file/)
        await refuse({ provingKey: 'key.zkey' }, /Uint8Array/, TypeError)
        await refuse({ provingKey: smallKey }, /different circuits/)
        await refuse({ witness: provingKey }, /not a \.wtns file/)
        await refuse({ witness: witness.slice(0, -32) }, /truncated/)
        await refuse({ witness: writeWitness(values.slice(1)) }, /different circuits/)
        const large = witness.slice()
        writeUint256(large, large.length - 32, r)
        await refuse({ witness: large }, /not canonical/)
        const wrongCurve = changed((_, section) => {
          const header = section(ZKEY_SECTION.header)
          writeUint256(header, 4, readUint256(header, 4) + 2n)
        })
        await refuse({ provingKey: wrongCurve }, /BN254/)
        for (const type of [
          ZKEY_SECTION.a,
          ZKEY_SECTION.b1,
          ZKEY_SECTION.b2,
          ZKEY_SECTION.c,
          ZKEY_SECTION.h,
        ]) {
          const length = type === ZKEY_SECTION.b2 ? 128 : 64
          // The last point that is not at infinity.
          const lastPoint = (section: Uint8Array): number => {
            for (let at = section.length - length; ; at -= length) {
              if (section.subarray(at, at + length).some((byte) => byte !== 0)) return at
            }
          }
          const offCurve = changed((_, section) => {
            const at = lastPoint(section(type))
            section(type)[at]! ^= 1
          })
          await refuse({ provingKey: offCurve }, /point that is not on its curve/)
          const tooLarge = changed((_, section) => section(type).fill(255, lastPoint(section(type)) + 32))
          await refuse({ provingKey: tooLarge }, /proving key has a point/)
        }
        const coefficient = changed((_, section) => section(ZKEY_SECTION.coefficients).fill(255, 16, 48))
        await refuse({ provingKey: coefficient }, /coefficient that is not canonical/)
        assert.ok(await holds(await engine.prove({ provingKey, witness })))
        await engine.dispose()
      })
    })
  }

  it('keeps its memory over many proofs, aborted ones among them, in a process that only waits for them', async () => {
    // `npm run check:memory -- --long` makes 1,000 of each kind.
    const args = ['--import', 'tsx', 'scripts/check/memory.ts', '--proofs', '60']
    const { stdout } = await run(process.execPath, args, { timeout: 300_000 })
    assert.match(stdout, /-?\d+ MiB more after 60 proofs with one key\n$/)
  })

  it('takes a number of threads, and no other', async () => {
    for (const threads of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(createSoulproofEngine({ threads }), RangeError)
    }
  })

  it('lets Node end by itself, undisposed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soulproof-'))
    try {
      const [key, wtns] = [join(folder, 'key.zkey'), join(folder, 'witness.wtns')]
      await writeFile(key, provingKey)
      await writeFile(wtns, witness)
      for (const engine of ['shared', 'own']) {
        const args = ['--import', 'tsx', 'test/prover/engine/prove-without-dispose.ts', key, wtns, engine]
        const { stdout } = await run(process.execPath, args, { timeout: 60_000 })
        assert.deepEqual(JSON.parse(stdout), values.slice(1, 3).map(String))
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
