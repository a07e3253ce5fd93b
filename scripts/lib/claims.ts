import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '../../src/cache.js'
import { Group } from '../../src/merkle/index.js'
import type { Envelope, Prover } from '../../src/prover/index.js'
import { createSoul, type Soul } from '../../src/soul/index.js'
import { MEMBERSHIP_SIGNALS } from '../../src/statements/signals.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'

/*
 * Claims for tests of load: real membership proofs of Souls that follow from a text, each bound to a recipient. They cost
 * a fraction of a second each and are kept outside the clone, by the key that they are made for.
 */

/** The scope within which each Soul claims once. */
export const CLAIM_SCOPE = 'soulproof claims check'

/** A proof, and what it is bound to. */
export interface PreparedClaim {
  readonly message: string
  readonly envelope: Envelope
}

/** Souls and the group of all of them; they are made when they are asked for, which takes a while for thousands. */
export interface Claimants {
  readonly count: number
  readonly souls: () => readonly Soul[]
  readonly group: () => Group
}

const SEED = 'soulproof claimant'
const ROUNDS = ['recipient', 'other recipient'] as const
/** Proofs under way at once. */
const IN_FLIGHT = 3

/** Returns so many Souls and their group. */
export function claimants(count: number): Claimants {
  let souls: readonly Soul[] | undefined
  let group: Group | undefined
  const all = (): readonly Soul[] => {
    souls ??= Array.from({ length: count }, (_, i) =>
      createSoul({ seed: createHash('sha256').update(`${SEED} ${i}`).digest() }),
    )
    return souls
  }
  return {
    count,
    souls: all,
    group() {
      group ??= new Group(all().map(({ commitment }) => commitment))
      return group
    },
  }
}

/** The root of the group that claims were proved for. */
export function rootOf(claims: readonly PreparedClaim[]): bigint {
  return BigInt(claims[0]?.envelope.publicSignals[MEMBERSHIP_SIGNALS.indexOf('root')] ?? 0)
}

/**
 * Reads the claims of all members from the cache, and second claims of the first `doubles` members for another recipient,
 * and makes those that are missing.
 *
 * @param o.most  how many to make at most; what is there is returned
 * @param o.pause asked before each proof; true stops making more
 */
export async function preparedClaims(o: {
  readonly members: Claimants
  readonly doubles: number
  readonly createProver: () => Promise<Prover>
  readonly most?: number
  readonly pause?: () => boolean
  readonly onMade?: (made: number, missing: number) => void
}): Promise<{ firsts: PreparedClaim[]; doubles: PreparedClaim[]; missing: number }> {
  const { members, most = Number.POSITIVE_INFINITY, pause = () => false, onMade } = o
  const file = cacheFile(members.count)
  const known = readClaims(file)
  // The doubles first: whoever stops in the middle has some of both.
  const wanted = [1, 0].flatMap((round) =>
    Array.from({ length: round === 0 ? members.count : o.doubles }, (_, i) => ({
      ...{ i, message: `${ROUNDS[round]} ${i}` },
    })),
  )
  const missing = wanted.filter(({ message }) => !known.has(message))
  let made = 0
  if (missing.length > 0 && most > 0) {
    const [souls, group] = [members.souls(), members.group()]
    const prover = await o.createProver()
    const queue = missing.slice(0, most).values()
    const work = async (): Promise<void> => {
      for (const { i, message } of queue) {
        if (pause()) break
        const envelope = await prover.prove({
          ...{ statement: 'membership', scope: CLAIM_SCOPE, message },
          ...{ soul: souls[i]!, group: group.proof(i) },
        })
        appendFileSync(file, `${JSON.stringify({ message, envelope })}\n`)
        known.set(message, envelope)
        made++
        onMade?.(made, missing.length)
      }
    }
    try {
      // While threads prove one, the next one's inputs and witness are made.
      await Promise.all(Array.from({ length: IN_FLIGHT }, work))
    } finally {
      await prover.dispose()
    }
  }
  const ofRound = (round: number, count: number): PreparedClaim[] =>
    Array.from({ length: count }, (_, i) => `${ROUNDS[round]} ${i}`).flatMap((message) => {
      const envelope = known.get(message)
      return envelope === undefined ? [] : [{ message, envelope }]
    })
  return {
    firsts: ofRound(0, members.count),
    doubles: ofRound(1, o.doubles),
    missing: missing.length - made,
  }
}

function cacheFile(count: number): string {
  const folder = join(cacheFolder({ env: process.env, home: homedir() }), 'claims')
  mkdirSync(folder, { recursive: true })
  const content = JSON.stringify([VERIFICATION_KEYS['membership']?.hash, CLAIM_SCOPE, SEED, count])
  return join(folder, `${createHash('sha256').update(content).digest('hex')}.jsonl`)
}

/** A line that a killed run left half written is left out. */
function readClaims(file: string): Map<string, Envelope> {
  const claims = new Map<string, Envelope>()
  if (!existsSync(file)) return claims
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    try {
      const { message, envelope } = JSON.parse(line) as PreparedClaim
      claims.set(message, envelope)
    } catch {}
  }
  return claims
}
