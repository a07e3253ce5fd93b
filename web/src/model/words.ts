import { explainPolicy, type Policy } from 'soulproof/policy'
import { nameIssuers } from './offices.js'
import { SLOTS, type Slot } from './question.js'

/** A line of an explanation, with those below it. */
export interface Line {
  readonly text: string
  readonly below: readonly Line[]
}

/** A part of an explanation. */
export interface Section {
  readonly title: string
  readonly lines: readonly Line[]
}

/** What `explainPolicy` says, as a tree, with the names of this playground's issuers. */
export function explain(policy: Policy): readonly Section[] {
  return nameIssuers(explainPolicy(policy))
    .split('\n\n')
    .map((block) => {
      const [title = '', ...lines] = block.split('\n')
      return { title: title.replace(/:$/, ''), lines: nest(lines) }
    })
}

function nest(lines: readonly string[]): Line[] {
  const root: { text: string; below: Line[] }[] = []
  const open: { depth: number; below: Line[] }[] = [{ depth: -1, below: root }]
  for (const line of lines) {
    const depth = line.length - line.trimStart().length
    const node = { text: line.trim().replace(/^- /, ''), below: [] as Line[] }
    while ((open.at(-1) as { depth: number }).depth >= depth) open.pop()
    ;(open.at(-1) as { below: Line[] }).below.push(node)
    open.push({ depth, below: node.below })
  }
  return root
}

/** Puts an evaluator's reason into a sentence: paths of the policy become names of SBTs. */
export function sayReason(reason: string): string {
  const named = (Object.entries(SLOTS) as [Slot, string][]).reduce(
    (text, [slot, name]) => text.replaceAll(new RegExp(`\\b${slot}\\b(?!/)`, 'g'), name),
    reason,
  )
  return `${named.charAt(0).toUpperCase()}${named.slice(1)}`
}
