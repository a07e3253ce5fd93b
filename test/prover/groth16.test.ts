import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { ArtifactError, SoulproofError, StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { readR1cs } from '../../src/formats/r1cs.js'
import { readWitness, writeWitness } from '../../src/formats/witness.js'
import { loadArtifacts, loadPinned } from '../../src/prover/artifacts.js'
import { createSnarkjsEngine } from '../../src/prover/snarkjs.js'
import { sourceOf } from '../../src/prover/sources.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createDevelopmentKey } from '../../src/setup/development-key.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'
import { verifyGroth16 } from '../../src/verifier/groth16.js'

const run = promisify(execFile)

describe('prover: Groth16 by snarkjs', () => {
  let wasm: Uint8Array
  let provingKey: Uint8Array
  let witness: Uint8Array
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulproof-'))
    const circuit = await compileCircuit({ file: 'test/circuits/preimage.circom' })
    wasm = circuit.wasm
    provingKey = await createDevelopmentKey({ r1cs: readR1cs(circuit.r1cs) })
    witness = await calculateWitness({ wasm, inputs: { secret: 1n, salt: 2n, context: 3n } })
  })
  after(() => rm(folder, { recursive: true }))

  describe('engine', () => {
    it('proves with one thread and with all, one proof after the other', async () => {
      const verificationKey = await exportVerificationKey(provingKey)
      for (const options of [{}, { threads: 1 }]) {
        const engine = createSnarkjsEngine(options)
        const proofs = await Promise.all([0, 1].map(() => engine.prove({ provingKey, witness })))
        for (const { proof, publicSignals } of proofs) {
          assert.deepEqual(publicSignals.slice(1), ['2', '3'])
          assert.equal(await verifyGroth16({ verificationKey, publicSignals, proof }), true)
        }
        assert.notDeepEqual(proofs[0]!.proof, proofs[1]!.proof)
        await engine.dispose()
      }
    })

    for (const threads of ['', '1']) {
      it(`lets Node end by itself, undisposed (threads: ${threads || 'all'})`, async () => {
        const [key, wtns] = [join(folder, 'key.zkey'), join(folder, 'witness.wtns')]
        await writeFile(key, provingKey)
        await writeFile(wtns, witness)
        const script = 'test/prover/prove-without-dispose.ts'
        const args = ['--import', 'tsx', script, key, wtns, ...(threads ? [threads] : [])]
        const { stdout } = await run(process.execPath, args, { timeout: 20_000 })
        assert.deepEqual(JSON.parse(stdout).slice(1), ['2', '3'])
      })
    }

    it('refuses malformed keys and witnesses, and those of different circuits, without hanging', async () => {
      const engine = createSnarkjsEngine()
      const refuse = (change: object, error: new (message: string) => Error = ArtifactError) =>
        assert.rejects(engine.prove({ provingKey, witness, ...change }), error)
      await refuse({ provingKey: provingKey.slice(0, -1) })
      await refuse({ provingKey: provingKey.slice(0, 1000) })
      await refuse({ provingKey: new Uint8Array(0) })
      await refuse({ provingKey: witness, witness: provingKey })
      await refuse({ witness: witness.slice(0, -32) })
      await refuse({ witness: writeWitness(readWitness(witness).slice(1)) })
      await refuse({ provingKey: 'key.zkey' }, TypeError)
      const { r1cs } = await compileCircuit({ file: 'test/circuits/multiplier.circom' })
      await refuse({ provingKey: await createDevelopmentKey({ r1cs: readR1cs(r1cs) }) })
      await engine.prove({ provingKey, witness })
      await engine.dispose()
    })

    it('a forged witness gives no proof that verifies', async () => {
      const engine = createSnarkjsEngine({ threads: 1 })
      const values = readWitness(witness)
      const forged = writeWitness(values.with(1, (values[1]! + 1n) % r))
      const verificationKey = await exportVerificationKey(provingKey)
      const result = await engine.prove({ provingKey, witness: forged })
      assert.equal(await verifyGroth16({ verificationKey, ...result }), false)
      await engine.dispose()
    })

    it('stops when aborted, before and while it proves, and proves again', async () => {
      const engine = createSnarkjsEngine()
      const reason = new Error('not needed any more')
      const aborted = engine.prove({ provingKey, witness, signal: AbortSignal.abort(reason) })
      await assert.rejects(aborted, reason)
      const controller = new AbortController()
      const running = engine.prove({ provingKey, witness, signal: controller.signal })
      setTimeout(() => controller.abort(reason), 50)
      await assert.rejects(running, reason)
      await engine.prove({ provingKey, witness, signal: new AbortController().signal })
      await engine.dispose()
    })

    it('rejects what is in progress when it is disposed of, and all later proofs', async () => {
      const engine = createSnarkjsEngine()
      const running = [engine.prove({ provingKey, witness }), engine.prove({ provingKey, witness })]
      const rejections = running.map((proof) => assert.rejects(proof, SoulproofError))
      setTimeout(() => void engine.dispose(), 50)
      await Promise.all(rejections)
      await engine.dispose()
      await assert.rejects(engine.prove({ provingKey, witness }), /disposed/)
    })

    it('refuses a number of threads that is none', () => {
      for (const threads of [0, -1, 1.5, Number.NaN]) {
        assert.throws(() => createSnarkjsEngine({ threads }), RangeError)
      }
    })
  })

  describe('witness', () => {
    const secret = 123456789123456789n

    it('takes nested inputs in any order and gives the same again, from bytes or a module', async () => {
      const { wasm: product } = await compileCircuit({ file: 'test/circuits/multiplier.circom' })
      const inputs = { factors: [[3n], [5n, 7n]] }
      const first = await calculateWitness({ wasm: product, inputs })
      assert.deepEqual(readWitness(first), [1n, 105n, 3n, 5n, 7n, 15n])
      assert.deepEqual(await calculateWitness({ wasm: product, inputs }), first)
      const module = await WebAssembly.compile(product as Uint8Array<ArrayBuffer>)
      assert.deepEqual(await calculateWitness({ wasm: module, inputs }), first)
      const [a, b] = await Promise.all(
        [1n, 2n].map((x) => calculateWitness({ wasm: product, inputs: { factors: [x, x, x] } })),
      )
      assert.deepEqual([readWitness(a!)[1], readWitness(b!)[1]], [1n, 8n])
    })

    it('names what is wrong with the inputs and never shows a value', async () => {
      const good = { secret, salt: 2n, context: 3n }
      const cases: [object, new (message: string) => Error, RegExp][] = [
        [{ ...good, other: 1n }, StatementError, /inputs\.other is not an input/],
        [{ ...good, salt: [2n, 3n] }, StatementError, /inputs\.salt must have 1 values/],
        [{ secret, salt: 2n }, StatementError, /inputs lack 1 values/],
        [{ ...good, secret: secret + r }, RangeError, /secret/],
        [{ ...good, secret: -secret }, RangeError, /secret/],
        [{ ...good, secret: String(secret) }, TypeError, /secret/],
        [{ ...good, secret: Number(secret) }, TypeError, /secret/],
        [{ ...good, secret: [[secret + r]] }, RangeError, /secret\[0\]\[0\]/],
      ]
      for (const [inputs, type, message] of cases) {
        await assert.rejects(calculateWitness({ wasm, inputs: inputs as Inputs }), (error: Error) => {
          assert.ok(error instanceof type, String(error))
          assert.match(error.message, message)
          assert.doesNotMatch(error.message, /123456789/)
          return true
        })
      }
      await calculateWitness({ wasm, inputs: good })
    })

    it('names template and line of a constraint that does not hold, and works again afterwards', async () => {
      const file = join(folder, 'is-bit.circom')
      await writeFile(
        file,
        'pragma circom 2.2.3; template IsBit() { signal input bit; bit * (bit - 1) === 0; }\ncomponent main = IsBit();',
      )
      const circuit = await compileCircuit({ file, cacheDir: folder })
      await assert.rejects(
        calculateWitness({ wasm: circuit.wasm, inputs: { bit: secret } }),
        (error: Error) => {
          assert.ok(error instanceof StatementError)
          assert.match(error.message, /does not hold.*IsBit.*line/i)
          assert.doesNotMatch(error.message + JSON.stringify(error.reasons), /123456789/)
          return true
        },
      )
      const values = readWitness(await calculateWitness({ wasm: circuit.wasm, inputs: { bit: 1n } }))
      assert.deepEqual(values, [1n, 1n])
    })

    it('refuses what is no witness generator', async () => {
      const inputs = { secret }
      const refuse = (bytes: Uint8Array) =>
        assert.rejects(calculateWitness({ wasm: bytes, inputs }), ArtifactError)
      await refuse(wasm.slice(0, 1000))
      await refuse(new Uint8Array(0))
      await refuse(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
      await assert.rejects(calculateWitness({ wasm: 'x' as never, inputs }), TypeError)
    })
  })

  describe('artifacts', () => {
    // Different content for each test, because what is once verified is kept by its hash.
    const pinned = (text: string) => {
      const bytes = new TextEncoder().encode(text)
      return { bytes, pin: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') } }
    }

    const { SOULPROOF_CACHE } = process.env
    let cache: string
    beforeEach(() => {
      cache = join(folder, 'cache')
      process.env['SOULPROOF_CACHE'] = cache
    })
    after(() => {
      if (SOULPROOF_CACHE === undefined) delete process.env['SOULPROOF_CACHE']
      else process.env['SOULPROOF_CACHE'] = SOULPROOF_CACHE
    })

    it('loads from a path, a file URL and a server, and keeps what was verified', async () => {
      const server = createServer((request, response) => {
        if (request.url === '/keys/served.bin') response.end('served')
        else response.writeHead(404).end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      try {
        for (const [text, source] of [
          ['by path', folder],
          ['by URL', pathToFileURL(folder)],
          ['by URL text', `${pathToFileURL(folder).href}/`],
        ] as const) {
          const { bytes, pin } = pinned(text)
          await writeFile(join(folder, 'file.bin'), bytes)
          assert.deepEqual(
            await loadPinned({ file: 'file.bin', pin, sources: [sourceOf(source, 'source')] }),
            bytes,
          )
        }
        const { bytes, pin } = pinned('served')
        const absent = loadPinned({
          file: 'absent.bin',
          pin,
          sources: [sourceOf(`${origin}/keys`, 'server')],
        })
        await assert.rejects(absent, /absent\.bin cannot be read/)
        assert.deepEqual(
          await loadPinned({ file: 'served.bin', pin, sources: [sourceOf(`${origin}/keys`, 'server')] }),
          bytes,
        )
      } finally {
        await new Promise((resolve) => server.close(resolve))
      }
      const { pin } = pinned('served')
      assert.equal(
        (await loadPinned({ file: 'served.bin', pin, sources: [sourceOf(origin, 'server')] })).length,
        6,
      )
    })

    it('refuses by name what is missing, truncated, longer or changed, and takes it once it is right', async () => {
      const { bytes, pin } = pinned('the right content')
      const load = () => loadPinned({ file: 'key.bin', pin, sources: [sourceOf(folder, 'folder')] })
      const refuse = async (content: Uint8Array | undefined, message: RegExp) => {
        if (content) await writeFile(join(folder, 'key.bin'), content)
        await assert.rejects(load(), (error: Error) => {
          assert.ok(error instanceof ArtifactError)
          assert.match(error.message, message)
          return true
        })
      }
      await refuse(undefined, /key\.bin cannot be read/)
      await refuse(bytes.slice(0, -1), /key\.bin of folder is truncated/)
      await refuse(Uint8Array.of(...bytes, 0), /key\.bin of folder is not the one/)
      await refuse(bytes.with(3, 0), /key\.bin of folder is not the one/)
      await writeFile(join(folder, 'key.bin'), bytes)
      assert.deepEqual(await load(), bytes)
    })

    it('passes over sources that lack the file or have another, and keeps what a server sent for the next process', async () => {
      const { bytes, pin } = pinned('from the second server')
      const wrong = { name: 'wrong', remote: true, read: async () => bytes.with(0, 0) }
      const right = { name: 'right', remote: true, read: async () => bytes }
      const gone = sourceOf(join(folder, 'nowhere'), 'gone')
      const load = (sources: Parameters<typeof loadPinned>[0]['sources']) =>
        loadPinned({ file: 'key.bin', pin, sources })
      await assert.rejects(load([gone, wrong]), /key\.bin of wrong is not the one/)
      await assert.rejects(load([gone, gone]), /key\.bin cannot be read from gone or gone/)
      assert.deepEqual(await load([gone, wrong, right]), bytes)
      const kept = join(cache, 'files', pin.sha256)
      assert.deepEqual(new Uint8Array(await readFile(kept)), bytes)
      // What is verified stays in memory, hence another content for each of the next process's loads.
      const next = pinned('in the cache')
      await writeFile(join(cache, 'files', next.pin.sha256), next.bytes)
      assert.deepEqual(await loadPinned({ file: 'x', pin: next.pin, sources: [gone] }), next.bytes)
      const broken = pinned('broken in the cache')
      await writeFile(join(cache, 'files', broken.pin.sha256), broken.bytes.with(0, 0))
      const served = { ...right, read: async () => broken.bytes }
      assert.deepEqual(await loadPinned({ file: 'x', pin: broken.pin, sources: [served] }), broken.bytes)
      assert.deepEqual(new Uint8Array(await readFile(join(cache, 'files', broken.pin.sha256))), broken.bytes)
    })

    it('works without a cache that can be written', async () => {
      process.env['SOULPROOF_CACHE'] = join(folder, 'file.bin', 'below a file')
      const { bytes, pin } = pinned('not kept')
      const right = { name: 'right', remote: true, read: async () => bytes }
      assert.deepEqual(await loadPinned({ file: 'key.bin', pin, sources: [right] }), bytes)
    })

    it('refuses unknown statements, names of object members included', async () => {
      for (const statement of ['none', '', '../membership', '__proto__', 'constructor', 'toString']) {
        await assert.rejects(loadArtifacts({ statement }), ArtifactError)
      }
    })
  })
})
