/** Policies in words, for whoever is asked to prove one. */
import { parseIssuerId } from '../sbt/issuer.js'
import { type ClaimType, isOrdered, SIGNED_BIAS } from '../sbt/schema.js'
import { requirePolicy } from './check.js'
import { claimName, leavesOf } from './formula.js'
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

/** Mean length of a year of the Gregorian calendar, in seconds. */
const YEAR = 31_556_952n
const DAY = 86_400n
/** Units below a year, greatest first. */
const UNITS: readonly (readonly [seconds: bigint, name: string])[] = [
  [DAY, 'day'],
  [3_600n, 'hour'],
  [60n, 'minute'],
  [1n, 'second'],
]

const WORDS: Readonly<Record<CompareOperator, string>> = {
  eq: 'is',
  neq: 'is not',
  lt: 'is less than',
  lte: 'is at most',
  gt: 'is more than',
  gte: 'is at least',
}
const TIME_WORDS: Readonly<Record<CompareOperator, string>> = {
  eq: 'is exactly',
  neq: 'is not exactly',
  lt: 'is before',
  lte: 'is at or before',
  gt: 'is after',
  gte: 'is at or after',
}

/**
 * Returns a policy in plain English, several lines: what must hold, which SBTs count, what the verifier learns and
 * what stays hidden. Constants that are hashed are shown as the policy's author wrote them.
 *
 * @throws {TypeError} unless it is what `parsePolicy` returns
 */
export function explainPolicy(policy: Policy): string {
  requirePolicy(policy)
  const { slots, ledgers } = policy
  return [
    'What must hold:',
    ...formulaLines(policy.require, 1),
    ...(slots.length === 0 ? [] : ['', 'SBTs that count:', ...slots.map(slotLine), ...countingLines()]),
    ...(ledgers.length === 0 ? [] : ['', 'Ledgers that are read:', ...ledgers.map(ledgerLine)]),
    ...(policy.timed === undefined ? [] : ['', 'How long it convinces:', ...timedLines(policy.timed)]),
    '',
    'What the verifier learns:',
    ...learnedLines(policy).map((line) => item(1, line)),
    '',
    'What stays hidden:',
    ...hiddenLines(policy).map((line) => item(1, line)),
  ]
    .map(showControls)
    .join('\n')
}

function timedLines({ squarings, window, beacon }: TimedRule): string[] {
  return [
    `the proof convinces whoever receives it within ${window} seconds of a beacon of ${JSON.stringify(beacon)}`,
    `after ${squarings} squarings in sequence anybody can make such a proof, so that it convinces nobody later`,
  ].map((line) => item(1, line))
}

/** Writes invisible characters, line breaks and direction marks as escapes: a policy's texts must not rearrange ours. */
function showControls(line: string): string {
  return line.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}

function item(depth: number, text: string): string {
  return `${'  '.repeat(depth)}- ${text}`
}

function formulaLines(formula: Formula, depth: number): string[] {
  const group = (title: string, parts: readonly Formula[]): string[] => [
    item(depth, title),
    ...parts.flatMap((part) => formulaLines(part, depth + 1)),
  ]
  switch (formula.kind) {
    case 'all':
      return group('all of these:', formula.of)
    case 'any':
      return group('at least one of these:', formula.of)
    case 'atLeast':
      return group(`at least ${formula.min} of these ${formula.of.length}:`, formula.of)
    case 'weighted':
      return [
        item(depth, `a total weight of at least ${formula.min} from these:`),
        ...formula.of.flatMap((part) => {
          const [first = '', ...others] = formulaLines(part.formula, depth + 1)
          return [first.replace('- ', `- [weight ${part.weight}] `), ...others]
        }),
      ]
    case 'has':
      return [item(depth, `an SBT fills ${formula.slot}`)]
    case 'compare':
      return [item(depth, compareText(formula.left, formula.operator, formula.right))]
    case 'in':
      return [item(depth, setText(formula.left, formula.member, formula.set))]
    case 'ledger': {
      const { ledger, category, field, operator, value } = formula
      const subject = field === 'count' ? 'the number' : 'the sum'
      return [
        item(depth, `${subject} of ${category} entries in ledger ${ledger} ${WORDS[operator]} ${value}`),
      ]
    }
  }
}

function compareText(left: ClaimRef, operator: CompareOperator, right: Operand): string {
  const words = left.type === 'date' ? TIME_WORDS : WORDS
  switch (right.kind) {
    case 'constant':
      return `${claimName(left)} ${words[operator]} ${right.text ?? constantText(left.type, right.value)}`
    case 'claim':
      return `${claimName(left)} ${isOrdered(left.type) ? words[operator] : sameText(operator)} ${claimName(right.claim)}`
    case 'now':
      return `${claimName(left)} is ${momentText(operator, right.offset)}`
  }
}

function sameText(operator: CompareOperator): string {
  return operator === 'eq' ? 'is the same as' : 'differs from'
}

/** Words for "operator now + offset". */
function momentText(operator: CompareOperator, offset: bigint): string {
  if (offset === 0n) {
    const words = {
      eq: 'exactly now',
      neq: 'not exactly now',
      lt: 'before now',
      lte: 'now or earlier',
      gt: 'after now',
      gte: 'now or later',
    }
    return words[operator]
  }
  const past = offset < 0n
  const moment = `${durationText(past ? -offset : offset)} ${past ? 'before' : 'after'} now`
  const words = past
    ? { lt: 'more than', lte: 'at least', gt: 'less than', gte: 'at most' }
    : { lt: 'less than', lte: 'at most', gt: 'more than', gte: 'at least' }
  switch (operator) {
    case 'eq':
      return `exactly ${moment}`
    case 'neq':
      return `not exactly ${moment}`
    case 'lt':
    case 'lte':
      return past ? `${words[operator]} ${moment}` : `${words[operator]} ${moment}, or earlier`
    case 'gt':
    case 'gte':
      return past ? `${words[operator]} ${moment}, or later` : `${words[operator]} ${moment}`
  }
}

function durationText(seconds: bigint): string {
  if (seconds >= YEAR) return `${amount(seconds, YEAR, 'year')} (${decimal(seconds, DAY)} days)`
  const [unit, name] = UNITS.find(([unit]) => seconds >= unit) ?? [1n, 'second']
  const rounded = amount(seconds, unit, name)
  return seconds % unit === 0n ? rounded : `${rounded} (${amount(seconds, 1n, 'second')})`
}

function amount(seconds: bigint, unit: bigint, name: string): string {
  const number = decimal(seconds, unit)
  return `${seconds % unit === 0n ? '' : 'about '}${number} ${name}${number === '1' ? '' : 's'}`
}

/** Returns seconds / unit, rounded to one decimal place. */
function decimal(seconds: bigint, unit: bigint): string {
  const tenths = (seconds * 20n + unit) / (unit * 2n)
  return tenths % 10n === 0n ? `${tenths / 10n}` : `${tenths / 10n}.${tenths % 10n}`
}

function setText(left: ClaimRef, member: boolean, set: SetSource): string {
  const subject = `${claimName(left)} is ${member ? '' : 'not '}`
  if (set.kind === 'root') return `${subject}in the set with root ${short(`${set.root}`)}`
  const texts = set.texts ?? set.values.map((value) => constantText(left.type, value))
  // Sorted by value in the policy, which is by hash for texts.
  const shown = set.texts === undefined ? [...texts] : [...texts].sort()
  if (shown.length === 1) return `${subject}${shown[0]}`
  const rest = shown.length - 20
  const listed = shown.slice(0, 20).join(', ')
  return `${subject}one of ${listed}${rest > 0 ? ` and ${rest} more` : ''}`
}

function constantText(type: ClaimType, value: bigint): string {
  switch (type) {
    case 'uint':
      return `${value}`
    case 'int':
      return `${value - SIGNED_BIAS}`
    case 'date':
      return dateText(value - SIGNED_BIAS)
    case 'bool':
      return value === 1n ? 'true' : 'false'
    case 'string':
    case 'bytes':
      return `the ${type} with hash ${short(`${value}`)}`
    case 'field':
      return short(`${value}`)
  }
}

/** ISO 8601 in UTC within the years 0000 to 9999, else Unix seconds. */
function dateText(seconds: bigint): string {
  if (seconds < -62_167_219_200n || seconds > 253_402_300_799n) return `Unix time ${seconds}`
  const [day, time] = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).split('T')
  return `${day} ${time === '00:00:00' ? '00:00' : time} UTC`
}

function short(text: string): string {
  return text.length <= 20 ? text : `${text.slice(0, 8)}…${text.slice(-6)}`
}

function shortIssuer(id: string): string {
  const parts = parseIssuerId(id)
  if (parts.kind === 'key') return `key ${short(`${parts.publicKey[0]}`)}`
  return `contract ${short(`0x${parts.address.toString(16).padStart(40, '0')}`)} on chain ${parts.chainId}`
}

function slotLine(slot: SlotRule): string {
  const claims = Object.entries(slot.schema.claims).map(([claim, type]) => `${claim}: ${type}`)
  const issuers = slot.issuers.map(shortIssuer)
  const by =
    issuers.length === 1
      ? `from ${issuers[0]}`
      : `from one of ${issuers.length} issuers (${issuers.join(', ')})`
  const anchor = {
    signed: 'signed by the issuer',
    registered: "in the issuer's registry",
    either: "signed by the issuer or in the issuer's registry",
  }[slot.anchor]
  const revocation =
    slot.revocation === 'required' ? 'not revoked' : 'revocation of signed SBTs is not looked at'
  const age = slot.maxAge === undefined ? [] : [`issued at most ${ageText(slot.maxAge)} ago`]
  return item(
    1,
    [
      `${slot.name}: ${JSON.stringify(slot.schema.name)} (${claims.join(', ')}) ${by}`,
      anchor,
      revocation,
      ...age,
    ].join('; '),
  )
}

function ageText(seconds: bigint): string {
  return seconds < DAY
    ? durationText(seconds)
    : `${seconds % DAY === 0n ? '' : 'about '}${decimal(seconds, DAY)} day${seconds === DAY ? '' : 's'}`
}

function countingLines(): string[] {
  return [
    '  Each is issued to the same Soul, not in the future and not expired. One SBT never fills two slots.',
  ]
}

function ledgerLine({ name, id, categories }: LedgerRule): string {
  return item(1, `${name}: ${JSON.stringify(id)} with the categories ${categories.join(', ')}`)
}

function learnedLines({ reveal, discloseHandle, nullifier }: Policy): string[] {
  return [
    'that all of the above holds for one Soul, and nothing about how beyond what follows',
    ...reveal.map((ref) => `the value of ${claimName(ref)}`),
    ...(discloseHandle === undefined
      ? []
      : [
          `the Soul's handle in ledger ${discloseHandle}, under which entries can be written without its consent`,
        ]),
    nullifier === undefined
      ? 'a nullifier of the Soul: the same in every proof for one scope, unlinkable across scopes'
      : `a nullifier of the secret claim ${claimName(nullifier)}: the same in every proof for one scope by any Soul with this claim, unlinkable across scopes`,
    ...(nullifier === undefined ? [] : [guessText(nullifier)]),
  ]
}

/** Who can tell a personal nullifier's owner: the claim's issuer always, everybody else by trying values. */
function guessText(claim: ClaimRef): string {
  const issuer = `whoever issued ${claimName(claim)} can compute this nullifier in every scope`
  switch (claim.type) {
    case 'uint':
    case 'int':
      return `${issuer}, and so can everybody who guesses its value: WARNING, the type ${claim.type} has only 2^64 values, and numbers such as serial numbers can all be tried`
    case 'string':
    case 'bytes':
      return `${issuer}, and so can everybody who guesses its value: WARNING, a name, a document's number or an address is no secret`
    default:
      return `${issuer}, and so can everybody who guesses its value`
  }
}

function hiddenLines(policy: Policy): string[] {
  const { slots, ledgers, require, reveal, discloseHandle, nullifier } = policy
  return [
    'the Soul and its identity commitment',
    ...(slots.length === 0
      ? []
      : [
          reveal.length === 0
            ? 'the values of all claims, beyond what the conditions say'
            : 'the values of all other claims, beyond what the conditions say',
          'the SBTs, their times of issue and expiry, and their places in registries',
        ]),
    ...(slots.some(({ issuers }) => issuers.length > 1) ? ['which issuer, where several are accepted'] : []),
    ...(hasChoice(require) ? ['which of the alternatives hold'] : []),
    ...(leavesOf(require).some(({ kind }) => kind === 'ledger')
      ? ["the Soul's entries in ledgers, beyond what the conditions say"]
      : []),
    ...(ledgers.length === 0
      ? []
      : [discloseHandle === undefined ? "the Soul's handles in ledgers" : 'handles in other ledgers']),
    ...(nullifier === undefined ? [] : ['the claim behind the nullifier, as long as nobody can guess it']),
  ]
}

function hasChoice(formula: Formula): boolean {
  switch (formula.kind) {
    case 'all':
      return formula.of.some(hasChoice)
    case 'any':
      return formula.of.length > 1 || formula.of.some(hasChoice)
    case 'atLeast':
      return formula.min < formula.of.length || formula.of.some(hasChoice)
    case 'weighted':
      return formula.of.length > 1 || formula.of.some((part) => hasChoice(part.formula))
    default:
      return false
  }
}
