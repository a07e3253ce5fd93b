import {
  createMemoryLedger,
  type Entry,
  entryRef,
  type LedgerProof,
  ledgerHandle,
  type MemoryLedger,
} from 'soulproof/ledger'
import { evaluatePolicy, type Policy, parsePolicy, type Roots } from 'soulproof/policy'
import { createSoul } from 'soulproof/soul'
import { issuerOf, publishedRoots, schemaOf } from './offices.js'
import { freshMessage, type Made, makeProof, openVerifier, type Progress } from './proving.js'
import { clock, type Holder, issueCard, walletOf } from './wallet.js'

/* The story of a loan, on a ledger in memory: every proof, refusal and entry is real. */

const LEDGER_ID = 'soulproof playground: credit'
const [UNPAID, DEFAULTS] = [0, 1]
const LANDLORD = 'Landlord: flat 12'
const LENDER = 'Lender: small loans'

/** Euros that are lent. */
export const PRINCIPAL = 500n

/** The names of the ledger's categories. */
export const CATEGORIES = ['unpaid', 'defaults'] as const

/** Who borrows, who does not. */
export type Person = 'ana' | 'ben'

/** Names for people. */
export const NAMES: Readonly<Record<Person, string>> = { ana: 'Ana', ben: 'Ben' }

/** Everything on the stage. */
export interface Stage {
  readonly people: Readonly<Record<Person, Holder>>
  readonly ledger: MemoryLedger
  readonly eligibility: Policy
  readonly standing: Policy
}

interface Hooks {
  readonly signal: AbortSignal
  onProgress(phase: Progress['phase'], share: number): void
}

/** How the landlord answers, or why there is nothing to answer. */
export type Answer =
  | { readonly kind: 'accepted'; readonly made: Made }
  | { readonly kind: 'refused'; readonly reason: string; readonly made: Made }
  | { readonly kind: 'impossible'; readonly reasons: readonly string[] }

function citizen(name: string, birthDate: string): Holder {
  const empty: Holder = { soul: createSoul(), cards: [], revoked: {}, next: 1 }
  return issueCard(empty, 'state', { name, country: 'CA', birthDate })
}

/** Two people, Ben with the lower number in the ledger: the gap in which he would lie is then not Ana's own leaf. */
function people(): Stage['people'] {
  const ana = citizen('Ana Reyes', '1994-05-17')
  const number = ({ soul }: Holder) => ledgerHandle({ soul, ledgerId: LEDGER_ID })
  for (;;) {
    const ben = citizen('Ben Okafor', '1990-11-02')
    if (number(ben) < number(ana)) return { ana, ben }
  }
}

/** A ledger, two Souls with passports, and two policies. */
export function setStage(): Stage {
  const schema = schemaOf('passport')
  const common = {
    version: 1,
    schemas: { [schema.name]: schema.claims },
    sbts: { passport: { issuers: [issuerOf('state').id], schema: schema.name, anchor: 'signed' } },
    ledgers: { credit: { id: LEDGER_ID, categories: CATEGORIES } },
  }
  const isCitizen = { claim: 'passport.country', eq: 'CA' }
  return {
    people: people(),
    ledger: createMemoryLedger({ id: LEDGER_ID, categories: CATEGORIES }),
    eligibility: parsePolicy({ ...common, require: isCitizen, discloseHandle: 'credit' }),
    standing: parsePolicy({
      ...common,
      require: { all: [isCitizen, { ledger: 'credit.unpaid.sum', lte: 0 }] },
    }),
  }
}

/** A Soul's number in the ledger. */
export function handleFor(stage: Stage, person: Person): bigint {
  return ledgerHandle({ soul: stage.people[person].soul, ledgerId: LEDGER_ID })
}

/** What a verifier accepts now. */
export function rootsNow({ ledger }: Stage): Roots {
  const newest = ledger.roots().at(-1)
  if (newest === undefined) throw new Error('a ledger has a root')
  const { root, state } = newest
  return {
    ...publishedRoots({}, ['state']),
    ledgers: { [LEDGER_ID]: { root, queueLength: state.queueLength, at: clock() } },
  }
}

/** A Soul's place in the ledger as it is now. */
export function openingOf(stage: Stage, person: Person): LedgerProof {
  return stage.ledger.proof(handleFor(stage, person))
}

/** Ana proves that she may borrow, and discloses her number to the lender, who may write under it from now on. */
export async function borrow(stage: Stage, hooks: Hooks): Promise<{ handle: bigint; made: Made }> {
  const { eligibility: policy } = stage
  const roots = rootsNow(stage)
  const context = { scope: LENDER, message: freshMessage() }
  const made = await makeProof({
    ...walletOf(stage.people.ana),
    ...context,
    policy,
    roots,
    now: clock(),
    ...hooks,
  })
  const verifier = await openVerifier()
  const result = await verifier.verify({
    ...context,
    policy,
    roots: [roots],
    now: clock(),
    envelope: made.envelope,
  })
  if (!result.valid || result.handle === undefined) throw new Error('the lender refuses')
  return { handle: result.handle, made }
}

/** The lender writes, without asking anybody. */
export function record(stage: Stage, handle: bigint, kind: 'default' | 'cure'): void {
  const common = { handle, ref: entryRef('loan 1'), at: clock() }
  const entries: Entry[] =
    kind === 'default'
      ? [
          { ...common, category: UNPAID as number, amount: PRINCIPAL },
          { ...common, category: DEFAULTS as number, amount: PRINCIPAL },
        ]
      : [{ ...common, category: UNPAID as number, amount: -PRINCIPAL }]
  stage.ledger.append(...entries)
  stage.ledger.apply()
}

/**
 * Somebody tells the landlord that nothing is unpaid.
 *
 * @param o.opening  another place in the ledger than the own one now
 * @param o.roots    other roots than those of now
 */
export async function tellLandlord(
  stage: Stage,
  o: { readonly person: Person; readonly opening?: LedgerProof; readonly roots?: Roots } & Hooks,
): Promise<Answer> {
  const { person, opening = openingOf(stage, person), roots = rootsNow(stage), signal, onProgress } = o
  const { standing: policy, ledger } = stage
  const asked = { policy, roots, now: clock() }
  const wallet = { ...walletOf(stage.people[person]), ledgers: { [LEDGER_ID]: opening } }
  const { satisfied, reasons } = evaluatePolicy({ ...wallet, ...asked })
  if (!satisfied) return { kind: 'impossible', reasons: reasons.map(({ reason }) => reason) }
  const context = { scope: LANDLORD, message: freshMessage() }
  const made = await makeProof({ ...wallet, ...asked, ...context, signal, onProgress })
  const verifier = await openVerifier()
  const result = await verifier.verify({
    ...{ ...context, policy, roots: [rootsNow(stage), roots], now: clock(), envelope: made.envelope },
    freshness: { credit: { minQueueLength: ledger.length } },
  })
  return result.valid ? { kind: 'accepted', made } : { kind: 'refused', reason: result.reason, made }
}
