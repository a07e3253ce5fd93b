import { openStatement } from '../support/statement.js'
import { ARGUMENTS } from './arguments.js'
import { eliminatedInputs, factsOf, inputWires, prove, wireNames } from './determinism.js'

/** What is given, and what has to follow, in proofs of a holder who is none of the verifiers. */
export interface Theorem {
  readonly title: string
  readonly statement: string
  /** Names of the inputs that are given; all others may be anything. */
  readonly given: RegExp
  /** Bits of the program that are assumed to be 0. */
  readonly zero?: RegExp
  /** Bits that are assumed to be 1. */
  readonly one?: RegExp
  /** A statement without verifier keys. */
  readonly isPublic?: boolean
  /** Public signals that are then determined. */
  readonly determined: readonly string[]
}

const POLICY_PRIVATE = /^(?!(reveal|handle|nullifier|policyDigest|message)\b)/
// Where the program says whether the nullifier is that of a claim, see circuits/lib/policy.circom.
const NULLIFIER_BIT = { 'policy-s': 269, 'policy-m': 416, 'policy-m-timed': 416, 'policy-l': 602 } as const
const REVEALS = { 'policy-s': 2, 'policy-m': 2, 'policy-m-timed': 2, 'policy-l': 4 } as const
// A proof of a timed statement in time shows that truth is 1 (docs/designated.md).
const inTime = (statement: string): { one?: RegExp } =>
  statement === 'policy-m-timed' ? { one: /^truth\[0\]$/ } : {}

/** One nullifier, handle, reveal and digest. */
export const THEOREMS: readonly Theorem[] = [
  {
    title: 'one nullifier per Soul, scope and verifier keys',
    statement: 'membership',
    given: /^(secret|scope|verifierKey2?)$/,
    determined: ['nullifier'],
  },
  {
    title: 'one root per Soul and path',
    statement: 'membership',
    given: /^(secret|index|used|siblings)\b/,
    determined: ['root'],
  },
  {
    title: 'one nullifier per Soul, scope and verifier keys',
    statement: 'ledger-history',
    given: /^(secret|scope|verifierKey2?)$/,
    determined: ['nullifier'],
  },
  {
    title: 'one new root per old state, steps and place in the queue',
    statement: 'ledger-batch',
    given: /^(?!newRoot$)/,
    determined: ['newRoot'],
    isPublic: true,
  },
  ...(['policy-s', 'policy-m', 'policy-m-timed', 'policy-l'] as const).flatMap((statement): Theorem[] => [
    {
      title: 'one nullifier per Soul, scope and verifier keys, whatever the SBTs and the rest of the policy',
      statement,
      given: /^(secret|scope|verifierKey2?)$/,
      zero: new RegExp(`^program\\[${NULLIFIER_BIT[statement]}\\]$`),
      ...inTime(statement),
      determined: ['nullifier'],
    },
    {
      title: 'one digest, nullifier, handle and reveal per wallet and program',
      statement,
      given: POLICY_PRIVATE,
      ...inTime(statement),
      determined: [
        ...['policyDigest', 'nullifier', 'handle'],
        ...Array.from({ length: REVEALS[statement] }, (_, i) => `reveal[${i}]`),
      ],
    },
  ]),
]

/** Proves a theorem; returns the signals that do not follow. */
export function proveTheorem(theorem: Theorem, without?: number): string[] {
  const system = openStatement(theorem.statement)
  const { r1cs, symbols } = system
  const names = wireNames(symbols)
  const matching = (pattern: RegExp): number[] =>
    [...symbols].filter(([name]) => pattern.test(name.replace(/^main\./, ''))).map(([, wire]) => wire)
  const inputs = new Set(inputWires(system))
  const eliminated = eliminatedInputs(system)
  // The holder is not the verifier: the commitment is neither of the two keys.
  const nobody = matching(/^IsVerifier_\d+_\d+\.(first|second)$/)
  if (nobody.length !== (theorem.isPublic === true ? 0 : 2))
    throw new Error('the signals of IsVerifier have other names')
  const zero = theorem.zero ? matching(theorem.zero) : []
  const one = theorem.one ? matching(theorem.one) : []
  const proof = prove({
    facts: factsOf(r1cs),
    inputs: [
      ...matching(theorem.given).filter((wire) => inputs.has(wire)),
      ...[...eliminated].filter(([name]) => theorem.given.test(name)).map(([, bit]) => bit),
    ],
    assumed: new Map([
      ...[...nobody, ...zero].map((wire): [number, bigint] => [wire, 0n]),
      ...one.map((wire): [number, bigint] => [wire, 1n]),
    ]),
    names,
    arguments: ARGUMENTS,
    ...(without !== undefined && { without }),
  })
  return theorem.determined.filter((name) => {
    const wire = symbols.get(`main.${name}`)
    return wire === undefined || proof.unique[wire] === 0
  })
}
