/** A gadget's source with one constraint dropped or weakened. */
export interface SourceMutant {
  /** Line, counted from 1. */
  readonly line: number
  readonly was: string
  readonly is: string
  readonly text: string
}

/**
 * Makes the mutants of a gadget's source: each `===` dropped, and each `<==` to something that is more than a name made a `<--`.
 * A copy of one signal to another is left alone: without it the compiler has nothing to connect, and refuses.
 */
export function sourceMutants(source: string): SourceMutant[] {
  const lines = source.split('\n')
  const mutants: SourceMutant[] = []
  let isComment = false
  lines.forEach((line, at) => {
    const code = line.replace(/\/\/.*$/, '')
    if (/^\s*\/\*/.test(code)) isComment = true
    const wasComment = isComment
    if (/\*\//.test(code)) isComment = false
    if (wasComment) return
    let is: string | undefined
    if (code.includes('===')) {
      // A dropped equality keeps the statement around it.
      is = code.replace(/[^;{}]*===[^;]*;/, ' ')
    } else if (/<==/.test(code)) {
      const right = /<==\s*(.*)$/.exec(code)?.[1] ?? ''
      const isCopy = /^[\w.[\]\s+*-]*;?\s*\}?$/.test(right) && !/[*]/.test(right.replace(/\[[^\]]*\]/g, ''))
      const isTemplate = /^[A-Z]\w*\(.*\)\(/.test(right) || right === ''
      if (!isTemplate && !(isCopy && !/[+-]/.test(right.replace(/\[[^\]]*\]/g, ''))))
        is = code.replace('<==', '<--')
    }
    if (is === undefined || is === code) return
    const text = lines.map((other, i) => (i === at ? (is as string) : other)).join('\n')
    mutants.push({ line: at + 1, was: code.trim(), is: is.trim(), text })
  })
  return mutants
}
