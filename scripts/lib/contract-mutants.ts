/** A contract's source with one small change. */
export interface ContractMutant {
  /** Line, counted from 1. */
  readonly line: number
  readonly kind: MutantKind
  readonly was: string
  readonly is: string
  readonly text: string
}

/** What is changed. */
export const MUTANT_KINDS = [
  // A check, an assignment or a call that is not there.
  'dropped',
  // `if (x)` as `if (!(x))`.
  'negated',
  // `<` as `<=` and back, `==` as `!=`.
  'border',
  // One side of `&&` or `||` that is not there.
  'half',
  // `+` as `-`, `*` as `/`, and back.
  'sign',
  // A number, one more; `true` as `false`.
  'constant',
  // A modifier that is not there.
  'access',
] as const
/** One of {@link MUTANT_KINDS}. */
export type MutantKind = (typeof MUTANT_KINDS)[number]

/** Modifiers that refuse callers. */
const MODIFIERS = ['restricted', 'onlyOwner', 'onlyInitializing', 'initializer']
const BORDERS: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '==': '!=',
  '!=': '==',
}
const SIGNS: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '+=': '-=',
  '-=': '+=',
}
/** What a statement does not begin with if leaving it out is a question: results, events, and what declares a name. */
const KEPT =
  /^(return|emit|revert|if|for|while|else|do|try|catch|assembly|break|continue|unchecked|using|import|new|abstract|contract|interface|library|struct|enum|event|error|modifier|function|constructor|mapping|pragma|u?int\d*|bytes\d*|bool|string|address)\b/

/**
 * Makes the mutants of a contract. Only code inside of functions and the heads of functions are changed: no comment, text, event,
 * error, interface or import. Some of them do not compile.
 */
export function contractMutants(
  source: string,
  kinds: readonly MutantKind[] = MUTANT_KINDS,
): ContractMutant[] {
  const code = withoutText(source)
  const inside = bodies(code)
  const mutants: ContractMutant[] = []
  const change = (kind: MutantKind, from: number, to: number, is: string): void => {
    if (!kinds.includes(kind)) return
    const text = source.slice(0, from) + is + source.slice(to)
    const line = source.slice(0, from).split('\n').length
    const [start, end] = [source.lastIndexOf('\n', from) + 1, source.indexOf('\n', to)]
    const rest = text.length - (source.length - end)
    const short = (part: string): string => part.replace(/\s+/g, ' ').trim()
    mutants.push({
      line,
      kind,
      was: short(source.slice(start, end)),
      is: short(text.slice(start, rest)),
      text,
    })
  }
  for (const [from, to] of inside) {
    const body = code.slice(from, to)
    const each = (pattern: RegExp, found: (match: RegExpExecArray, at: number) => void): void => {
      for (const match of body.matchAll(pattern)) found(match as RegExpExecArray, from + match.index)
    }
    each(/\bif\s*\(/g, (match, at) => {
      const open = at + match[0].length - 1
      const close = closing(code, open)
      const condition = source.slice(open + 1, close)
      // A single `==` is negated by the border.
      if (!/^[^&|]*[!=]=[^&|]*$/.test(condition)) change('negated', open, close + 1, `(!(${condition}))`)
      const after =
        /^\s*revert\b[^;]*;/.exec(code.slice(close + 1)) ??
        /^\s*\{\s*revert\b[^;]*;\s*\}/.exec(code.slice(close + 1))
      if (after !== null) change('dropped', at, close + 1 + after[0].length, '{}')
      for (const [start, end] of halves(code, open + 1, close)) change('half', start, end, '')
    })
    // A statement on lines of its own.
    each(/(?<=[;{}]\s*\n\s*)([a-zA-Z_$(][^;{}]*);/g, ([statement], at) => {
      if (KEPT.test(statement as string)) return
      const isAssignment = /[^=!<>]=(?![=>])/.test(statement as string)
      const isCall = /^(delete\s|[\w$.]+\()/.test(statement as string) || /\)\s*;$/.test(statement as string)
      const declares = /^[\w.]+(\[\d*\])*\s+(memory|storage|calldata|[a-zA-Z_$][\w$]*\s*=)/.test(
        statement as string,
      )
      if ((isAssignment || isCall) && !declares) change('dropped', at, at + statement.length, '{}')
    })
    each(/(?<=[\w)\]] )(<=|>=|==|!=|<|>)(?= [\w(])/g, ([operator], at) => {
      change('border', at, at + operator.length, BORDERS[operator] as string)
    })
    each(/(?<=[\w)\]] )(\+=|-=|\+|-|\*|\/)(?= [\w(])/g, ([operator], at) => {
      change('sign', at, at + operator.length, SIGNS[operator] as string)
    })
    each(/(?<![\w.$])\d+(?![\w.])/g, ([digits], at) => {
      change('constant', at, at + digits.length, `${BigInt(digits) + 1n}`)
    })
    each(/\b(true|false)\b/g, ([value], at) => {
      change('constant', at, at + value.length, value === 'true' ? 'false' : 'true')
    })
  }
  for (const match of code.matchAll(/\b(?:function|constructor)\b[^;{]*/g)) {
    for (const modifier of match[0].matchAll(new RegExp(`\\s(${MODIFIERS.join('|')})\\b`, 'g'))) {
      const at = match.index + modifier.index
      change('access', at, at + modifier[0].length, '')
    }
  }
  return mutants
}

/** The same text with spaces in the place of comments and of what stands in quotation marks. */
function withoutText(source: string): string {
  return source.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"[^"\n]*"/g, (text) => text.replace(/[^\n]/g, ' '))
}

/** Where functions' bodies begin and end. */
function bodies(code: string): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = []
  for (const match of code.matchAll(/\b(?:function|constructor|modifier)\b[^;{]*\{/g)) {
    const open = match.index + match[0].length - 1
    found.push([open + 1, closing(code, open)])
  }
  return found
}

/** Where the bracket that opens at a place is closed. */
function closing(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    if ('({['.includes(code[at] as string)) depth++
    if (')}]'.includes(code[at] as string) && --depth === 0) return at
  }
  throw new RangeError('a bracket is not closed')
}

/** The parts of a condition that can be left out, with the operator beside them: each side of `&&` and `||` that is not in brackets. */
function halves(code: string, from: number, to: number): (readonly [number, number])[] {
  const cuts: number[] = []
  let depth = 0
  for (let at = from; at < to; at++) {
    if ('([{'.includes(code[at] as string)) depth++
    else if (')]}'.includes(code[at] as string)) depth--
    else if (depth === 0 && /^(&&|\|\|)/.test(code.slice(at, at + 2))) cuts.push(at++)
  }
  return cuts.flatMap((cut, i) => {
    const [before, after] = [i === 0 ? from : (cuts[i - 1] as number) + 2, cuts[i + 1] ?? to]
    const left = i === 0 ? [[before, cut + 2] as const] : []
    return [...left, [cut, after] as const]
  })
}
