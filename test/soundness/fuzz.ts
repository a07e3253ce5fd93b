import { SoulproofError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { Random } from '../support/random-policy.js'

/** An entry point and a valid input for it. */
export interface Target {
  readonly name: string
  /** Well-formed inputs, from which others are made. */
  readonly samples: readonly unknown[]
  /** Calls the entry point; throws {@link WrongAnswer} if what it returns is wrong. */
  readonly call: (input: unknown, sample: unknown) => unknown
  /** Longest time of one call in milliseconds. */
  readonly most?: number
  /** About how many milliseconds a call takes if it takes more than one: runs give it fewer inputs. */
  readonly cost?: number
}

/** An entry point returned what it must not. */
export class WrongAnswer extends Error {
  override name = 'WrongAnswer'
}

/** One change of an input: what stands at a path becomes something else. */
interface Change {
  readonly path: readonly (string | number)[]
  readonly make: (old: unknown) => unknown
}

/** What a run found: an entry point that failed in a way that its callers cannot expect. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly problem: string
  /** Where the input was changed, after shrinking. */
  readonly paths: readonly string[]
}

/** Messages of the engine: an argument reached code that did not expect it. */
const ENGINE =
  /Cannot (read|set|convert|mix|destructure|access)|is not (a function|iterable|a constructor|defined|an object)|undefined|Maximum call stack|Invalid (array|typed array|string) length|out of memory|The number .* cannot be converted|Reduce of empty|Invalid time|object null|circular structure/

const NASTY: readonly ((old: unknown, random: Random) => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => Number.NaN,
  () => 2 ** 53,
  () => Number.POSITIVE_INFINITY,
  () => '',
  () => '0',
  () => '-1',
  () => '0x10',
  () => ' 1',
  () => '01',
  () => r.toString(),
  () => (r - 1n).toString(),
  () => (2n ** 256n).toString(),
  () => '\ud800',
  () => '9'.repeat(5000),
  () => 0n,
  () => -1n,
  () => r - 1n,
  () => r,
  () => 2n ** 64n,
  () => 2n ** 300n,
  () => [],
  () => [[]],
  () => ({}),
  () => Object.create(null),
  () => JSON.parse('{"__proto__": {"polluted": true}}'),
  () => new Uint8Array(0),
  () => new Uint8Array(33),
  () => new Date(0),
  () => new Map(),
  () => () => 1,
  () => Symbol('s'),
  (old) => [old],
  (old) => ({ value: old }),
  (old) => (typeof old === 'bigint' ? old.toString() : typeof old === 'string' ? BigInt(old.length) : old),
  (old) =>
    typeof old === 'string' && /^\d+$/.test(old) ? (BigInt(old) + r).toString() : `${String(typeof old)}x`,
  (old) => (typeof old === 'bigint' ? old + 1n : typeof old === 'number' ? old + 1 : old),
  (old) => (Array.isArray(old) ? [...old, ...old] : old),
  (old) => (Array.isArray(old) ? old.slice(1) : old),
  (old) => (Array.isArray(old) ? [...old].reverse() : old),
  (old, random) => deep(random.below(3) === 0 ? 3000 : 40, old),
]

function deep(levels: number, core: unknown): unknown {
  let value = core
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? { all: [value] } : { not: value }
  return value
}

function pathsOf(value: unknown, path: readonly (string | number)[] = [], out: (string | number)[][] = []) {
  out.push([...path])
  if (path.length > 8 || out.length > 400) return out
  if (Array.isArray(value)) {
    for (const [i, item] of value.slice(0, 12).entries()) pathsOf(item, [...path, i], out)
  } else if (
    value !== null &&
    typeof value === 'object' &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    for (const [key, item] of Object.entries(value)) pathsOf(item, [...path, key], out)
  }
  return out
}

function changed(value: unknown, { path, make }: Change): unknown {
  if (path.length === 0) return make(value)
  const [first, ...rest] = path as [string | number, ...(string | number)[]]
  if (Array.isArray(value)) {
    const copy = [...value]
    copy[first as number] = changed(copy[first as number], { path: rest, make })
    return copy
  }
  if (value === null || typeof value !== 'object') return value
  const inner = changed((value as Record<string, unknown>)[first], { path: rest, make })
  if (inner === undefined) {
    const { [first]: _, ...others } = value as Record<string, unknown>
    return others
  }
  return { ...value, [first]: inner }
}

function changesOf(sample: unknown, random: Random): Change[] {
  if (sample instanceof Uint8Array) return byteChanges(sample, random)
  const paths = pathsOf(sample)
  return Array.from({ length: 1 + random.below(3) }, () => {
    const path = random.pick(paths)
    if (random.chance(8)) return { path: [...path, 'extra'], make: () => 1 }
    const nasty = random.pick(NASTY)
    const fork = new Random(random.below(2 ** 31))
    return { path, make: (old: unknown) => nasty(old, fork) }
  })
}

function byteChanges(sample: Uint8Array, random: Random): Change[] {
  // Headers decide most: half of the changes fall on them.
  const at = (): number => random.below(random.chance(50) ? Math.min(sample.length, 120) : sample.length)
  return Array.from({ length: 1 + random.below(3) }, () => {
    const position = at()
    const byte = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
    const length = random.below(sample.length)
    const kind = random.below(10)
    return {
      path: [],
      make: (old) => {
        const bytes = old as Uint8Array
        if (kind === 0) return bytes.slice(0, length)
        if (kind === 1) return Uint8Array.of(...bytes.subarray(0, 64), ...bytes.subarray(0, 64))
        const copy = bytes.slice()
        if (kind < 4) copy.fill(byte, position, Math.min(position + 4, copy.length))
        else copy[position] = byte
        return copy
      },
    }
  })
}

/** What is wrong with how a call ended, or undefined. */
async function problemOf(target: Target, input: unknown, sample: unknown): Promise<string | undefined> {
  const start = performance.now()
  let problem: string | undefined
  try {
    await target.call(input, sample)
  } catch (error) {
    if (!(error instanceof Error)) problem = 'throws what is no error'
    else if (error instanceof WrongAnswer) problem = error.message
    else if (
      !(error instanceof TypeError || error instanceof RangeError || error instanceof SoulproofError)
    ) {
      problem = `throws ${error.name}`
    } else if (ENGINE.test(error.message)) problem = `is not checked: ${error.message.slice(0, 120)}`
  }
  const took = performance.now() - start
  if (problem === undefined && took > (target.most ?? 3000)) problem = `takes ${Math.round(took)} ms`
  if (({} as Record<string, unknown>)['polluted'] !== undefined) problem = 'pollutes the prototype of objects'
  return problem
}

/**
 * Calls an entry point with an input made from a seed; a failure is shrunk by leaving out changes.
 */
export async function fuzzOnce(target: Target, seed: number): Promise<Finding | undefined> {
  const random = new Random(seed)
  const sample = random.pick(target.samples)
  let changes = changesOf(sample, random)
  const apply = (list: readonly Change[]): unknown => list.reduce(changed, sample)
  let problem = await problemOf(target, apply(changes), sample)
  if (problem === undefined) return undefined
  for (const change of changes) {
    const fewer = changes.filter((one) => one !== change)
    const left = fewer.length === 0 ? undefined : await problemOf(target, apply(fewer), sample)
    if (left !== undefined) [changes, problem] = [fewer, left]
  }
  return { target: target.name, seed, problem, paths: changes.map(({ path }) => path.join('.')) }
}
