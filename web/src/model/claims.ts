/* What verifiers of this playground remember: the nullifiers that they accepted, by purpose. */

const KEY = 'soulproof-playground-claims'

type Book = Readonly<Record<string, Readonly<Record<string, string>>>>

function read(): Book {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}')
  } catch {
    // No storage: a verifier without memory, within this page's life.
    return {}
  }
}

/** Whether a Soul is new here, returns with the very proof that was accepted, or comes a second time. */
export type Standing = 'new' | 'same proof' | 'again'

/**
 * Accepts a nullifier once for a scope. The proof's message tells a second look at one proof from a second proof.
 */
export function acceptOnce(o: { scope: string; nullifier: bigint; message: bigint }): Standing {
  const book = read()
  const known = book[o.scope]?.[`${o.nullifier}`]
  if (known !== undefined) return known === `${o.message}` ? 'same proof' : 'again'
  const next = { ...book, [o.scope]: { ...book[o.scope], [`${o.nullifier}`]: `${o.message}` } }
  try {
    localStorage.setItem(KEY, JSON.stringify(next))
  } catch {
    // As above.
  }
  return 'new'
}

/** Forgets everything. */
export function forgetClaims(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // Nothing to forget.
  }
}
