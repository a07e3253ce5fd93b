import { readFileSync, writeFileSync } from 'node:fs'

const FILE = new URL('differential.regressions.json', import.meta.url)

/** Seeds of what once failed. */
export interface Regressions {
  /** Of `comparePolicies`, by profile. */
  readonly policies: Readonly<Record<'policy-s' | 'policy-m' | 'policy-l', readonly number[]>>
  /** Of `witnessOutcome`, by statement. */
  readonly wallets: Readonly<
    Record<'membership' | 'policy-s' | 'policy-m' | 'policy-m-timed' | 'policy-l', readonly number[]>
  >
  readonly signatures: readonly number[]
}

export const REGRESSIONS = JSON.parse(readFileSync(FILE, 'utf8')) as Regressions

/** Adds a seed to the file, so that every run from then on tries it. */
export function storeRegression(part: keyof Regressions, kind: string | undefined, seed: number): void {
  const stored = JSON.parse(readFileSync(FILE, 'utf8'))
  const list: number[] = kind === undefined ? stored[part] : stored[part][kind]
  if (list.includes(seed)) return
  list.push(seed)
  writeFileSync(FILE, `${JSON.stringify(stored, undefined, 2)}\n`)
}
