/** From JSON to a checked, frozen policy. See {@link parsePolicy}. */
import { PolicyError, SchemaError } from '../errors.js'
import { FIELD_MODULUS, hashBytes, parseDecimal } from '../field.js'
import { parseIssuerId } from '../sbt/issuer.js'
import {
  type ClaimType,
  defineSchema,
  encodeClaim,
  isOrdered,
  MAX_CLAIMS,
  NAME_PATTERN,
  type Schema,
} from '../sbt/schema.js'
import { canonicalPolicy } from './canonical.js'
import { GREATEST, GREATEST_TALLY, refuseContradictions } from './contradictions.js'
import { claimName, forcedLeaves, forcesSlot, type Leaf, leavesOf, slotsOf } from './formula.js'
import {
  arrayOf,
  integerOf,
  isObject,
  type Json,
  type JsonObject,
  keyPath,
  objectOf,
  oneOf,
  readJson,
  stringOf,
} from './json.js'
import type {
  ClaimRef,
  CompareOperator,
  Formula,
  LedgerRule,
  Operand,
  Policy,
  SetSource,
  SlotRule,
  TimedRule,
} from './types.js'

/** Most slots of a policy: a slot's index has 4 bits. */
export const MAX_SLOTS = 16
/** Most pairs of a slot and one of its issuers: the leaves of an anchors snapshot. */
export const MAX_ANCHORS = 64
/** Most ledgers of a policy. */
export const MAX_LEDGERS = 16
/** Most categories of a ledger. */
export const MAX_CATEGORIES = 16
/** Most revealed claims. */
export const MAX_REVEALS = 8
/** Deepest nesting of formulas. */
export const MAX_FORMULA_DEPTH = 32
/** Greatest weight of a part of `weighted`. */
export const MAX_WEIGHT = 2 ** 32
/** Greatest distance from now, in seconds, either way. */
export const MAX_OFFSET = 2 ** 48

const COMPARISONS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'] as const
const TESTS = [...COMPARISONS, 'between', 'in', 'notIn'] as const
const HEADS = ['all', 'any', 'atLeast', 'weighted', 'has', 'claim', 'ledger', 'not'] as const

const OPPOSITE: Readonly<Record<CompareOperator, CompareOperator>> = {
  eq: 'neq',
  neq: 'eq',
  lt: 'gte',
  gte: 'lt',
  gt: 'lte',
  lte: 'gt',
}

/** What a constant of each type looks like in JSON. */
const CONSTANT: Readonly<Record<ClaimType, string>> = {
  uint: 'an integer from 0 to 2^64 - 1, as a safe number or a decimal string',
  int: 'an integer from -2^63 to 2^63 - 1, as a safe number or a decimal string',
  date: 'Unix seconds from -2^63 to 2^63 - 1, as a safe number or a decimal string, or a day YYYY-MM-DD',
  bool: 'true or false',
  string: 'a string',
  bytes: '0x and two hexadecimal digits per byte, or their hash below 2^248 as a decimal string',
  field: 'a canonical field element, as a decimal or 0x string',
}

/** What formulas may name. */
interface Names {
  readonly slots: ReadonlyMap<string, SlotRule>
  readonly ledgers: ReadonlyMap<string, LedgerRule>
}

/**
 * Reads a policy from parsed JSON, checks it and freezes it deeply.
 *
 * Refused are unknown keys, wrong types, names that nothing declares or nothing uses, and conditions that always
 * or never hold, as far as types, constants and the predicates that must hold together show it.
 *
 * @throws {PolicyError} with the path of the culprit, such as `require.all[2].atLeast`
 */
export function parsePolicy(json: unknown): Policy {
  const root = objectOf(readJson(json), '', {
    required: ['version', 'require'],
    optional: ['schemas', 'sbts', 'ledgers', 'reveal', 'discloseHandle', 'nullifier', 'timed'],
  })
  if (root.get('version') !== 1) throw new PolicyError('version', 'must be 1')
  const schemas = parseSchemas(root.get('schemas'))
  const slots = parseSlots(root.get('sbts'), schemas)
  const ledgers = parseLedgers(root.get('ledgers'))
  const names = { slots: byName(slots), ledgers: byName(ledgers) }
  const require = parseFormula(root.get('require'), 'require', names, 1)
  refuseContradictions(require)
  const reveal = parseReveal(root.get('reveal'), names, require)
  const discloseHandle = parseDisclosedLedger(root.get('discloseHandle'), names)
  const nullifier = parseNullifier(root.get('nullifier'), names, require, reveal)
  const timed = parseTimed(root.get('timed'))
  refuseUnused(schemas, slots, ledgers, require, discloseHandle)
  const policy: Omit<Policy, 'canonical'> = {
    version: 1,
    slots,
    ledgers,
    require,
    reveal,
    ...(discloseHandle === undefined ? {} : { discloseHandle }),
    ...(nullifier === undefined ? {} : { nullifier }),
    ...(timed === undefined ? {} : { timed }),
  }
  return deepFreeze({ ...policy, canonical: canonicalPolicy(policy) })
}

/** Bits of the modulus of a timed policy. */
const MODULUS_BITS = 2048

function parseTimed(json: Json | undefined): TimedRule | undefined {
  if (json === undefined) return undefined
  const fields = objectOf(json, 'timed', {
    required: ['squarings', 'window', 'beacon'],
    optional: ['modulus'],
  })
  const beacon = stringOf(fields.get('beacon'), 'timed.beacon')
  if (beacon.length === 0 || beacon.length > 256)
    throw new PolicyError('timed.beacon', 'must have 1 to 256 characters')
  return {
    squarings: integerOf(fields.get('squarings'), 'timed.squarings', 1, 2 ** 48),
    window: integerOf(fields.get('window'), 'timed.window', 1, 2 ** 32 - 1),
    beacon,
    ...(fields.has('modulus') ? { modulus: parseModulus(fields.get('modulus')) } : {}),
  }
}

function parseModulus(json: Json | undefined): bigint {
  const text = stringOf(json, 'timed.modulus')
  const modulus = /^[1-9][0-9]{600,620}$/.test(text) ? BigInt(text) : 0n
  if (modulus.toString(2).length !== MODULUS_BITS || modulus % 2n === 0n) {
    throw new PolicyError(
      'timed.modulus',
      `must be an odd number of ${MODULUS_BITS} bits as a decimal string`,
    )
  }
  return modulus
}

function parseSchemas(json: Json | undefined): ReadonlyMap<string, Schema> {
  const schemas = new Map<string, Schema>()
  for (const [name, claims, path] of namedParts(json, 'schemas')) {
    if (!isObject(claims)) throw new PolicyError(path, 'must be an object of claim types')
    if (claims.size > MAX_CLAIMS) throw new PolicyError(path, `must have at most ${MAX_CLAIMS} claims`)
    // Names are checked before they become keys of a plain object.
    for (const claim of claims.keys()) checkName(claim, keyPath(path, claim))
    try {
      schemas.set(
        name,
        defineSchema({ name, claims: Object.fromEntries(claims) as Record<string, ClaimType> }),
      )
    } catch (cause) {
      if (!(cause instanceof SchemaError)) throw cause
      const at = cause.path.startsWith('claims.') ? keyPath(path, cause.path.slice('claims.'.length)) : path
      throw new PolicyError(at, cause.message.slice(cause.path.length + 2), { cause })
    }
  }
  return schemas
}

function parseSlots(json: Json | undefined, schemas: ReadonlyMap<string, Schema>): SlotRule[] {
  const parts = namedParts(json, 'sbts')
  if (parts.length > MAX_SLOTS) throw new PolicyError('sbts', `must have at most ${MAX_SLOTS} slots`)
  let anchors = 0
  const slots = parts.map(([name, rule, path]) => {
    checkName(name, path)
    const fields = objectOf(rule, path, {
      required: ['issuers', 'schema'],
      optional: ['anchor', 'revocation', 'maxAge'],
    })
    const issuers = parseIssuers(fields.get('issuers'), `${path}.issuers`)
    anchors += issuers.length
    if (anchors > MAX_ANCHORS) {
      throw new PolicyError(`${path}.issuers`, `brings the issuers of all slots to more than ${MAX_ANCHORS}`)
    }
    const schema = schemas.get(stringOf(fields.get('schema'), `${path}.schema`))
    if (schema === undefined) throw new PolicyError(`${path}.schema`, 'names no schema of the policy')
    const anchor = fields.has('anchor')
      ? oneOf(fields.get('anchor'), `${path}.anchor`, ['signed', 'registered', 'either'])
      : 'either'
    if (anchor === 'signed' && issuers.every((id) => parseIssuerId(id).kind === 'contract')) {
      throw new PolicyError(
        `${path}.anchor`,
        'cannot be signed: all issuers are contracts, which only register',
      )
    }
    const revocation = fields.has('revocation')
      ? oneOf(fields.get('revocation'), `${path}.revocation`, ['required', 'none'])
      : 'required'
    const maxAge = fields.has('maxAge')
      ? { maxAge: BigInt(integerOf(fields.get('maxAge'), `${path}.maxAge`, 1, 2 ** 32 - 1)) }
      : {}
    return { name, issuers, schema, anchor, revocation, ...maxAge }
  })
  return slots.sort(compareNames).map((slot, index) => ({ ...slot, index }))
}

function parseIssuers(json: Json | undefined, path: string): string[] {
  const issuers = arrayOf(json, path, 1, MAX_ANCHORS).map((entry, i) => {
    const id = stringOf(entry, `${path}[${i}]`)
    try {
      parseIssuerId(id)
    } catch (cause) {
      throw new PolicyError(`${path}[${i}]`, (cause as Error).message, { cause })
    }
    return id
  })
  refuseRepetition(issuers, path)
  return issuers.sort()
}

function parseLedgers(json: Json | undefined): LedgerRule[] {
  const parts = namedParts(json, 'ledgers')
  if (parts.length > MAX_LEDGERS) throw new PolicyError('ledgers', `must have at most ${MAX_LEDGERS} ledgers`)
  const ids = new Set<string>()
  const ledgers = parts.map(([name, rule, path]) => {
    checkName(name, path)
    const fields = objectOf(rule, path, { required: ['id', 'categories'] })
    const id = stringOf(fields.get('id'), `${path}.id`)
    if (id.length === 0 || id.length > 256)
      throw new PolicyError(`${path}.id`, 'must have 1 to 256 characters')
    if (ids.has(id)) throw new PolicyError(`${path}.id`, 'is the id of another ledger too')
    ids.add(id)
    const at = `${path}.categories`
    const categories = arrayOf(fields.get('categories'), at, 1, MAX_CATEGORIES).map((entry, i) => {
      const category = stringOf(entry, `${at}[${i}]`)
      checkName(category, `${at}[${i}]`)
      return category
    })
    refuseRepetition(categories, at)
    return { name, id, categories }
  })
  return ledgers.sort(compareNames)
}

function parseFormula(json: Json | undefined, path: string, names: Names, depth: number): Formula {
  if (depth > MAX_FORMULA_DEPTH)
    throw new PolicyError(path, `is nested deeper than ${MAX_FORMULA_DEPTH} formulas`)
  const fields = objectOf(json, path, { optional: [...HEADS, 'of', 'min', ...TESTS] })
  const part = (entry: Json | undefined, at: string): Formula => parseFormula(entry, at, names, depth + 1)
  const parts = (key: string): Formula[] =>
    arrayOf(fields.get(key), `${path}.${key}`, 1, Number.POSITIVE_INFINITY).map((entry, i) =>
      part(entry, `${path}.${key}[${i}]`),
    )
  switch (headOf(fields, path)) {
    case 'all':
      objectOf(fields, path, { required: ['all'] })
      return { kind: 'all', of: parts('all'), path }
    case 'any':
      objectOf(fields, path, { required: ['any'] })
      return { kind: 'any', of: parts('any'), path }
    case 'atLeast': {
      objectOf(fields, path, { required: ['atLeast', 'of'] })
      const of = parts('of')
      return {
        kind: 'atLeast',
        min: integerOf(fields.get('atLeast'), `${path}.atLeast`, 1, of.length),
        of,
        path,
      }
    }
    case 'weighted': {
      objectOf(fields, path, { required: ['weighted', 'min'] })
      const at = `${path}.weighted`
      const of = arrayOf(fields.get('weighted'), at, 1, Number.POSITIVE_INFINITY).map((entry, i) => {
        if (!Array.isArray(entry) || entry.length !== 2) {
          throw new PolicyError(`${at}[${i}]`, 'must be [weight, formula]')
        }
        const weight = integerOf(entry[0], `${at}[${i}][0]`, 1, MAX_WEIGHT)
        return { weight, formula: part(entry[1], `${at}[${i}][1]`) }
      })
      const sum = of.reduce((total, { weight }) => total + weight, 0)
      return { kind: 'weighted', min: integerOf(fields.get('min'), `${path}.min`, 1, sum), of, path }
    }
    case 'has':
      objectOf(fields, path, { required: ['has'] })
      return { kind: 'has', slot: slotOf(fields.get('has'), `${path}.has`, names).name, path }
    case 'not':
      objectOf(fields, path, { required: ['not'] })
      return parseNegated(fields.get('not'), `${path}.not`, names)
    case 'claim':
      return parseClaimPredicate(fields, path, names, false)
    case 'ledger':
      return parseLedgerPredicate(fields, path, names, false)
  }
}

function headOf(fields: JsonObject, path: string): (typeof HEADS)[number] {
  const [head, ...others] = HEADS.filter((key) => fields.has(key))
  if (head === undefined || others.length > 0) {
    throw new PolicyError(path, `must have exactly one of ${HEADS.join(', ')}`)
  }
  return head
}

/** Reads the predicate behind `not` as its opposite: no bit of an opening is ever negated. */
function parseNegated(json: Json | undefined, path: string, names: Names): Formula {
  const fields = objectOf(json, path, { optional: [...HEADS, 'of', 'min', ...TESTS] })
  const head = headOf(fields, path)
  if (head === 'claim') return parseClaimPredicate(fields, path, names, true)
  if (head === 'ledger') return parseLedgerPredicate(fields, path, names, true)
  if (head === 'has') {
    throw new PolicyError(
      path,
      'has cannot be negated: a holder cannot prove the absence of an SBT; use a ledger, whose entries are forced',
    )
  }
  throw new PolicyError(path, 'must be a predicate on a claim or a ledger; move not inwards')
}

function testOf(fields: JsonObject, path: string, subject: 'claim' | 'ledger'): (typeof TESTS)[number] {
  objectOf(fields, path, { required: [subject], optional: TESTS })
  const [test, ...others] = TESTS.filter((key) => fields.has(key))
  if (test === undefined || others.length > 0) {
    throw new PolicyError(path, `must have exactly one of ${TESTS.join(', ')}`)
  }
  return test
}

function parseClaimPredicate(fields: JsonObject, path: string, names: Names, negated: boolean): Formula {
  const test = testOf(fields, path, 'claim')
  const left = claimOf(fields.get('claim'), `${path}.claim`, names)
  const at = `${path}.${test}`
  if (test === 'in' || test === 'notIn') {
    const member = (test === 'in') !== negated
    return { kind: 'in', left, member, set: parseSet(fields.get(test), at, left.type, member), path }
  }
  if (test !== 'eq' && test !== 'neq' && !isOrdered(left.type)) {
    throw new PolicyError(at, 'needs a claim of type uint, int or date')
  }
  const compare = (operator: CompareOperator, right: Operand, where: string): Formula => ({
    kind: 'compare',
    left,
    operator,
    right,
    path: where,
  })
  if (test === 'between') {
    const [low, high] = parseBounds(fields.get(test), at, (entry, where) =>
      parseOperand(entry, where, left, names),
    )
    if (low.kind === 'constant' && high.kind === 'constant') refuseReversed(low.value, high.value, at)
    if (low.kind === 'now' && high.kind === 'now') refuseReversed(low.offset, high.offset, at)
    const halves = ([...betweenOperators(negated)] as const)
      .map((operator, i) => ({ operator, right: i === 0 ? low : high, where: `${at}[${i}]` }))
      .filter(
        ({ right }, i) => right.kind !== 'constant' || right.value !== (i === 0 ? 0n : GREATEST[left.type]),
      )
      .map(({ operator, right, where }) => compare(operator, right, where))
    return joinHalves(halves, negated, path, at)
  }
  const operator = negated ? OPPOSITE[test] : test
  const right = parseOperand(fields.get(test), at, left, names)
  if (right.kind === 'constant') refuseTrivial(operator, right.value, GREATEST[left.type], at)
  return compare(operator, right, path)
}

function parseLedgerPredicate(fields: JsonObject, path: string, names: Names, negated: boolean): Formula {
  const test = testOf(fields, path, 'ledger')
  const subject = ledgerFieldOf(fields.get('ledger'), `${path}.ledger`, names)
  const at = `${path}.${test}`
  const compare = (operator: CompareOperator, value: bigint, where: string): Formula => ({
    kind: 'ledger',
    ...subject,
    operator,
    value,
    path: where,
  })
  if (test === 'in' || test === 'notIn') {
    const member = (test === 'in') !== negated
    const values = arrayOf(fields.get(test), at, 1, Number.POSITIVE_INFINITY).map((entry, i) =>
      parseConstant(entry, `${at}[${i}]`, 'uint'),
    )
    refuseRepetition(values, at)
    const of = values.map((value, i) => compare(member ? 'eq' : 'neq', value, `${at}[${i}]`))
    return { kind: member ? 'any' : 'all', of, path }
  }
  if (test === 'between') {
    const [low, high] = parseBounds(fields.get(test), at, (entry, where) =>
      parseConstant(entry, where, 'uint'),
    )
    refuseReversed(low, high, at)
    const [lower, upper] = betweenOperators(negated)
    const halves = [
      ...(low === 0n ? [] : [compare(lower, low, `${at}[0]`)]),
      ...(high === GREATEST_TALLY ? [] : [compare(upper, high, `${at}[1]`)]),
    ]
    return joinHalves(halves, negated, path, at)
  }
  const operator = negated ? OPPOSITE[test] : test
  const value = parseConstant(fields.get(test), at, 'uint')
  refuseTrivial(operator, value, GREATEST_TALLY, at)
  return compare(operator, value, path)
}

function betweenOperators(negated: boolean): readonly [CompareOperator, CompareOperator] {
  return negated ? ['lt', 'gt'] : ['gte', 'lte']
}

function parseBounds<T>(
  json: Json | undefined,
  path: string,
  read: (entry: Json | undefined, path: string) => T,
): [T, T] {
  if (!Array.isArray(json) || json.length !== 2) throw new PolicyError(path, 'must be [low, high]')
  return [read(json[0], `${path}[0]`), read(json[1], `${path}[1]`)]
}

/** Joins what is left of a `between`; a bound at the end of the type's range has been left out. */
function joinHalves(halves: readonly Formula[], negated: boolean, path: string, at: string): Formula {
  const [only] = halves
  if (only === undefined) throw new PolicyError(at, negated ? 'leaves no value' : 'holds for every value')
  return halves.length === 1 ? { ...only, path } : { kind: negated ? 'any' : 'all', of: halves, path }
}

function refuseReversed(low: bigint, high: bigint, path: string): void {
  if (low > high) throw new PolicyError(path, 'leaves no value: the first bound is above the second')
}

/** Refuses comparisons that hold for all values from 0 to `greatest`, or for none. */
function refuseTrivial(operator: CompareOperator, value: bigint, greatest: bigint, path: string): void {
  if ((operator === 'lt' && value === 0n) || (operator === 'gt' && value === greatest)) {
    throw new PolicyError(path, 'leaves no value')
  }
  if ((operator === 'gte' && value === 0n) || (operator === 'lte' && value === greatest)) {
    throw new PolicyError(path, 'holds for every value; use has')
  }
}

function parseOperand(json: Json | undefined, path: string, left: ClaimRef, names: Names): Operand {
  if (!isObject(json)) {
    const value = parseConstant(json, path, left.type)
    const text = textOf(json, left.type)
    return { kind: 'constant', value, ...(text === undefined ? {} : { text }) }
  }
  if (json.has('now')) {
    objectOf(json, path, { required: ['now'] })
    if (!isOrdered(left.type)) throw new PolicyError(`${path}.now`, 'needs a claim of type uint, int or date')
    return { kind: 'now', offset: BigInt(integerOf(json.get('now'), `${path}.now`, -MAX_OFFSET, MAX_OFFSET)) }
  }
  objectOf(json, path, { required: ['claim'] })
  const claim = claimOf(json.get('claim'), `${path}.claim`, names)
  if (claim.type !== left.type) throw new PolicyError(`${path}.claim`, `must be a claim of type ${left.type}`)
  if (isSameClaim(claim, left)) throw new PolicyError(`${path}.claim`, 'compares a claim with itself')
  return { kind: 'claim', claim }
}

function parseSet(json: Json | undefined, path: string, type: ClaimType, member: boolean): SetSource {
  if (isObject(json)) {
    objectOf(json, path, { required: ['set'] })
    const at = `${path}.set`
    try {
      const root = parseDecimal(json.get('set'), 'set')
      if (root === 0n) throw new RangeError('set must not be 0')
      return { kind: 'root', root }
    } catch (cause) {
      throw new PolicyError(at, 'must be the root of a set as a canonical decimal string', { cause })
    }
  }
  const entries = arrayOf(json, path, 1, Number.POSITIVE_INFINITY).map((entry, i) => ({
    value: parseConstant(entry, `${path}[${i}]`, type),
    text: textOf(entry, type),
  }))
  refuseRepetition(
    entries.map(({ value }) => value),
    path,
  )
  if (type === 'bool' && entries.length === 2) {
    throw new PolicyError(path, member ? 'holds for every value; use has' : 'leaves no value')
  }
  entries.sort((a, b) => (a.value < b.value ? -1 : 1))
  const values = entries.map(({ value }) => value)
  return isHashed(type)
    ? { kind: 'list', values, texts: entries.map(({ value, text }) => text ?? `hash ${value}`) }
    : { kind: 'list', values }
}

function isHashed(type: ClaimType): boolean {
  return type === 'string' || type === 'bytes'
}

/** Returns how a constant was written, if its encoding is a hash. */
function textOf(json: Json | undefined, type: ClaimType): string | undefined {
  if (typeof json !== 'string') return undefined
  if (type === 'string') return JSON.stringify(json)
  return type === 'bytes' && json.startsWith('0x') ? json.toLowerCase() : undefined
}

/** Reads a constant as the field element that stands for it in a claim of the type. */
function parseConstant(json: Json | undefined, path: string, type: ClaimType): bigint {
  try {
    switch (type) {
      case 'uint':
      case 'int':
        return encodeClaim(type, readInteger(json), path)
      case 'date':
        return encodeClaim(type, readDay(json) ?? readInteger(json), path)
      case 'bool':
      case 'string':
        return encodeClaim(type, json, path)
      case 'bytes':
        return readBytes(json)
      case 'field':
        return encodeClaim(type, readElement(json), path)
    }
  } catch (cause) {
    throw new PolicyError(path, `must be ${CONSTANT[type]}`, { cause })
  }
}

function readInteger(json: Json | undefined): bigint {
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json)
  if (typeof json === 'string' && /^(0|-?[1-9][0-9]{0,19})$/.test(json)) return BigInt(json)
  throw new RangeError('not an integer')
}

function readDay(json: Json | undefined): bigint | undefined {
  if (typeof json !== 'string' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(json)) return undefined
  const milliseconds = Date.parse(json)
  // Date.parse may roll a 30th of February over into March.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 10) !== json) {
    throw new RangeError('not a day of the calendar')
  }
  return BigInt(milliseconds / 1000)
}

function readBytes(json: Json | undefined): bigint {
  if (typeof json === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(json)) {
    return hashBytes(
      Uint8Array.from({ length: json.length / 2 - 1 }, (_, i) =>
        Number.parseInt(json.slice(2 * i + 2, 2 * i + 4), 16),
      ),
    )
  }
  return parseDecimal(json, 'hash', 1n << 248n)
}

function readElement(json: Json | undefined): bigint {
  if (typeof json === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(json)) return BigInt(json)
  return parseDecimal(json, 'element', FIELD_MODULUS)
}

function parseReveal(json: Json | undefined, names: Names, require: Formula): ClaimRef[] {
  if (json === undefined) return []
  const reveal = arrayOf(json, 'reveal', 0, MAX_REVEALS).map((entry, i) => {
    const ref = claimOf(entry, `reveal[${i}]`, names)
    refuseUnforced(ref, `reveal[${i}]`, require)
    return ref
  })
  refuseRepetition(reveal.map(claimName), 'reveal')
  return reveal
}

function parseDisclosedLedger(json: Json | undefined, names: Names): string | undefined {
  if (json === undefined) return undefined
  const name = stringOf(json, 'discloseHandle')
  if (!names.ledgers.has(name)) throw new PolicyError('discloseHandle', 'names no ledger of the policy')
  return name
}

function parseNullifier(
  json: Json | undefined,
  names: Names,
  require: Formula,
  reveal: readonly ClaimRef[],
): ClaimRef | undefined {
  if (json === undefined) return undefined
  const path = 'nullifier.claim'
  const ref = claimOf(objectOf(json, 'nullifier', { required: ['claim'] }).get('claim'), path, names)
  refuseUnforced(ref, path, require)
  if (reveal.some((revealed) => isSameClaim(revealed, ref))) {
    throw new PolicyError(path, 'is revealed: the claim behind a nullifier has to stay secret')
  }
  if (ref.type === 'bool' || ref.type === 'date') {
    throw new PolicyError(
      path,
      `is a ${ref.type}, which anybody can guess: the claim behind a nullifier has to be a secret of high entropy`,
    )
  }
  const shown = forcedLeaves(require).find((leaf) => showsClaim(leaf, ref, reveal))
  if (shown !== undefined) {
    throw new PolicyError(
      path,
      `is shown by ${shown.path}, which holds it to listed or revealed values: the claim behind a nullifier has to stay secret`,
    )
  }
  return ref
}

/** Tells whether a predicate holds a claim to values that stand in the policy or that the proof reveals. */
function showsClaim(leaf: Leaf, ref: ClaimRef, reveal: readonly ClaimRef[]): boolean {
  if (leaf.kind === 'in') return leaf.member && leaf.set.kind === 'list' && isSameClaim(leaf.left, ref)
  if (leaf.kind !== 'compare' || leaf.operator !== 'eq') return false
  const { left, right } = leaf
  if (right.kind !== 'claim') return isSameClaim(left, ref)
  const other = isSameClaim(left, ref) ? right.claim : isSameClaim(right.claim, ref) ? left : undefined
  return other !== undefined && reveal.some((revealed) => isSameClaim(revealed, other))
}

function isSameClaim(a: ClaimRef, b: ClaimRef): boolean {
  return claimName(a) === claimName(b)
}

function refuseUnforced(ref: ClaimRef, path: string, require: Formula): void {
  if (!forcesSlot(require, ref.slot)) {
    throw new PolicyError(path, 'is a claim of a slot that can stay empty; require must force the slot')
  }
}

function refuseUnused(
  schemas: ReadonlyMap<string, Schema>,
  slots: readonly SlotRule[],
  ledgers: readonly LedgerRule[],
  require: Formula,
  discloseHandle: string | undefined,
): void {
  const leaves = leavesOf(require)
  const usedSlots = new Set(leaves.flatMap(slotsOf))
  for (const { name } of slots) {
    if (!usedSlots.has(name)) throw new PolicyError(`sbts.${name}`, 'is not used in require')
  }
  const usedSchemas = new Set(slots.map(({ schema }) => schema.name))
  for (const name of schemas.keys()) {
    if (!usedSchemas.has(name)) throw new PolicyError(keyPath('schemas', name), 'is not used by any slot')
  }
  const usedLedgers = new Set(leaves.flatMap((leaf) => (leaf.kind === 'ledger' ? [leaf.ledger] : [])))
  for (const { name } of ledgers) {
    if (!usedLedgers.has(name) && name !== discloseHandle) {
      throw new PolicyError(`ledgers.${name}`, 'is used neither in require nor in discloseHandle')
    }
  }
}

function slotOf(json: Json | undefined, path: string, names: Names): SlotRule {
  const slot = names.slots.get(stringOf(json, path))
  if (slot === undefined) throw new PolicyError(path, 'names no slot of the policy')
  return slot
}

function claimOf(json: Json | undefined, path: string, names: Names): ClaimRef {
  const [slotName, claim, ...rest] = stringOf(json, path).split('.')
  if (claim === undefined || rest.length > 0) throw new PolicyError(path, 'must be <slot>.<claim>')
  const slot = slotOf(slotName, path, names)
  const position = Object.keys(slot.schema.claims).indexOf(claim)
  const type = slot.schema.claims[claim]
  if (position < 0 || type === undefined) throw new PolicyError(path, "names no claim of the slot's schema")
  return { slot: slot.name, claim, position, type }
}

function ledgerFieldOf(
  json: Json | undefined,
  path: string,
  names: Names,
): { ledger: string; category: string; position: number; field: 'count' | 'sum' } {
  const [name = '', category = '', field, ...rest] = stringOf(json, path).split('.')
  if ((field !== 'count' && field !== 'sum') || rest.length > 0) {
    throw new PolicyError(path, 'must be <ledger>.<category>.count or .sum')
  }
  const ledger = names.ledgers.get(name)
  if (ledger === undefined) throw new PolicyError(path, 'names no ledger of the policy')
  const position = ledger.categories.indexOf(category)
  if (position < 0) throw new PolicyError(path, 'names no category of the ledger')
  return { ledger: ledger.name, category, position, field }
}

function namedParts(json: Json | undefined, path: string): [name: string, part: Json, path: string][] {
  if (json === undefined) return []
  if (!isObject(json)) throw new PolicyError(path, 'must be an object')
  return [...json].map(([name, part]) => [name, part, keyPath(path, name)])
}

function checkName(name: string, path: string): void {
  if (!NAME_PATTERN.test(name)) {
    throw new PolicyError(path, 'must be named by a letter, then at most 63 letters, digits, _ or -')
  }
}

function refuseRepetition(values: readonly unknown[], path: string): void {
  const seen = new Set<unknown>()
  values.forEach((value, i) => {
    if (seen.has(value)) throw new PolicyError(`${path}[${i}]`, 'repeats an earlier entry')
    seen.add(value)
  })
}

function byName<T extends { readonly name: string }>(parts: readonly T[]): ReadonlyMap<string, T> {
  return new Map(parts.map((part) => [part.name, part]))
}

function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
