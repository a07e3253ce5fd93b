import { ArtifactError, StatementError } from '../errors.js'
import { assertField, FIELD_MODULUS } from '../field.js'
import { readUint256, writeUint256 } from '../formats/sections.js'
import { wrapWitness } from '../formats/witness.js'

/** Values of one input signal: a field element, or an array (of arrays …) of them. */
export type InputValue = bigint | readonly InputValue[]

/** Input signals of a circuit by name, every value canonical. */
export type Inputs = Readonly<Record<string, InputValue>>

// What a circom 2 witness generator exports (circom, code_producers/src/wasm_elements).
interface Generator {
  readonly memory: WebAssembly.Memory
  readonly init: (sanityCheck: number) => void
  readonly getFieldNumLen32: () => number
  readonly getRawPrime: () => void
  readonly getSharedRWMemoryStart: () => number
  readonly getInputSize: () => number
  readonly getInputSignalSize: (hashHigh: number, hashLow: number) => number
  readonly setInputSignal: (hashHigh: number, hashLow: number, index: number) => void
  readonly getWitnessSize: () => number
  readonly getWitness: (index: number) => void
  readonly getMessageChar: () => number
}

interface Instance {
  readonly generator: Generator
  readonly messages: string[]
  /** Its memory before the first witness. */
  readonly pristine: Uint8Array
}

const EXPORTS = [
  'init',
  'getFieldNumLen32',
  'getRawPrime',
  'getSharedRWMemoryStart',
  'getInputSize',
  'getInputSignalSize',
  'setInputSignal',
  'getWitnessSize',
  'getWitness',
  'getMessageChar',
] as const

const ASSERT_FAILED = 4

const REASONS: Readonly<Record<number, string>> = {
  1: 'the circuit has no such input',
  2: 'too many inputs are set',
  3: 'an input is set twice',
  [ASSERT_FAILED]: 'a constraint of the circuit does not hold',
  5: 'the witness generator is out of memory',
  6: 'an input has too many values',
}

class GeneratorException extends Error {
  readonly code: number
  constructor(code: number) {
    super(REASONS[code] ?? 'the witness generator failed')
    this.code = code
  }
}

// These caches live as long as their key: a generator's bytes, then its module. One instance serves many
// witnesses, because each has a memory of its own.
const modules = new WeakMap<Uint8Array, Promise<WebAssembly.Module>>()
const instances = new WeakMap<WebAssembly.Module, Instance>()
const memories = new WeakMap<WebAssembly.Module, Uint8Array>()

/**
 * Computes the witness of a circuit and returns it as the bytes of a `.wtns` file.
 *
 * The bytes of `wasm` must not change between calls: the compiled module is reused.
 *
 * @param o.wasm   the circuit's witness generator, as circom 2 writes it
 * @param o.inputs all input signals
 * @throws {TypeError} if an input is not a bigint or an array of them
 * @throws {RangeError} if an input is not canonical
 * @throws {ArtifactError} if `wasm` is not a witness generator over the BN254 scalar field, or crashes
 * @throws {StatementError} if an input is unknown, missing or has another shape, or if the inputs do not
 *   satisfy the circuit; its reasons name template and line and never a value
 */
export async function calculateWitness(o: {
  wasm: Uint8Array | WebAssembly.Module
  inputs: Inputs
}): Promise<Uint8Array> {
  const inputs = Object.entries(o.inputs).map(([name, value]) => [name, flatten(value, name)] as const)
  const module = await compile(o.wasm)
  const instance = instances.get(module) ?? (await instantiate(module))
  // Taken out while in use: an instance that threw is not trusted again.
  instances.delete(module)
  try {
    const witness = run(instance, inputs)
    instances.set(module, instance)
    return witness
  } finally {
    forget(instance)
  }
}

/** Leaves nothing of a witness in the generator's memory: every signal is in it, the Soul's secret among them. */
function forget({ generator, pristine }: Instance): void {
  const memory = new Uint8Array(generator.memory.buffer)
  memory.set(pristine)
  memory.fill(0, pristine.length)
}

function flatten(value: InputValue, label: string): bigint[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => flatten(item, `${label}[${i}]`))
  assertField(value, label)
  return [value]
}

function compile(wasm: Uint8Array | WebAssembly.Module): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return Promise.resolve(wasm)
  if (!(wasm instanceof Uint8Array)) throw new TypeError('wasm must be a Uint8Array or a WebAssembly.Module')
  let module = modules.get(wasm)
  if (!module) {
    module = WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>).catch((cause) => {
      throw new ArtifactError('witness generator is not valid WebAssembly', { cause })
    })
    modules.set(wasm, module)
  }
  return module
}

async function instantiate(module: WebAssembly.Module): Promise<Instance> {
  const messages: string[] = []
  let generator: Generator | undefined
  const readMessage = () => {
    let text = ''
    for (let code = generator!.getMessageChar(); code !== 0; code = generator!.getMessageChar()) {
      text += String.fromCharCode(code)
    }
    return text
  }
  const runtime = {
    exceptionHandler(code: number) {
      throw new GeneratorException(code)
    },
    printErrorMessage() {
      messages.push(readMessage())
    },
    // log() in a circuit prints values of signals, which may be secret: read and dropped.
    writeBufferMessage() {
      readMessage()
    },
    showSharedRWMemory() {},
  }
  let exports: WebAssembly.Exports
  try {
    exports = (await WebAssembly.instantiate(module, { runtime })).exports
  } catch (cause) {
    throw new ArtifactError('witness generator cannot be instantiated', { cause })
  }
  const complete = exports.memory instanceof WebAssembly.Memory && EXPORTS.every((name) => name in exports)
  if (!complete) throw new ArtifactError('witness generator lacks the exports of circom 2')
  generator = exports as unknown as Generator
  let pristine = memories.get(module)
  if (pristine === undefined) {
    pristine = new Uint8Array(generator.memory.buffer).slice()
    memories.set(module, pristine)
  }
  return { generator, messages, pristine }
}

function run(instance: Instance, inputs: readonly (readonly [string, readonly bigint[]])[]): Uint8Array {
  const { generator, messages } = instance
  messages.length = 0
  try {
    return runGenerator(generator, inputs)
  } catch (cause) {
    if (cause instanceof StatementError || cause instanceof ArtifactError) throw cause
    if (!(cause instanceof GeneratorException))
      throw new ArtifactError('witness generator crashed', { cause })
    if (cause.code === 5) throw new ArtifactError(cause.message)
    const where = messages.map((message) => message.trim()).filter((message) => message !== '')
    throw new StatementError(
      [cause.message, ...where].join('; '),
      where.map((path) => ({ path, reason: cause.message })),
    )
  }
}

function runGenerator(
  generator: Generator,
  inputs: readonly (readonly [string, readonly bigint[]])[],
): Uint8Array {
  const start = generator.getSharedRWMemoryStart()
  generator.getRawPrime()
  if (generator.getFieldNumLen32() !== 8 || readShared(generator, start) !== FIELD_MODULUS) {
    throw new ArtifactError('witness generator is not over the BN254 scalar field')
  }
  const hashed = inputs.map(([name, values]) => ({ name, values, hash: fnv1a(name) }))
  let count = 0
  for (const { name, values, hash } of hashed) {
    const size = generator.getInputSignalSize(hash.high, hash.low)
    if (size <= 0) throw new StatementError(`inputs.${name} is not an input of the circuit`)
    if (size !== values.length) throw new StatementError(`inputs.${name} must have ${size} values`)
    count += size
  }
  const missing = generator.getInputSize() - count
  if (missing !== 0) throw new StatementError(`inputs lack ${missing} values`)
  generator.init(0)
  for (const { values, hash } of hashed) {
    values.forEach((value, i) => {
      writeUint256(new Uint8Array(generator.memory.buffer), start, value)
      generator.setInputSignal(hash.high, hash.low, i)
    })
  }
  const length = generator.getWitnessSize()
  const witness = new Uint32Array(8 * length)
  // Reading does not grow the memory, so that one view serves all values.
  const value = new Uint32Array(generator.memory.buffer, start, 8)
  for (let i = 0; i < length; i++) {
    generator.getWitness(i)
    for (let word = 0; word < 8; word++) witness[8 * i + word] = value[word] as number
  }
  const wrapped = wrapWitness(new Uint8Array(witness.buffer))
  witness.fill(0)
  return wrapped
}

function readShared(generator: Generator, start: number): bigint {
  return readUint256(new Uint8Array(generator.memory.buffer), start)
}

/** FNV-1a with 64 bits, by which circom's generators know signal names. */
function fnv1a(text: string): { high: number; low: number } {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return { high: Number(hash >> 32n), low: Number(hash & 0xffffffffn) }
}
