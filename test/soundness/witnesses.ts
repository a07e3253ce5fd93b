import { BASE8, multiply } from '../../src/crypto/babyjub.js'
import { DOMAIN } from '../../src/crypto/domains.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { readUint256 } from '../../src/formats/sections.js'
import { openWitness } from '../../src/formats/witness.js'
import { ledgerHandle } from '../../src/ledger/index.js'
import { Group } from '../../src/merkle/index.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { assignSbts } from '../../src/policy/evaluate.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { encodeClaims } from '../../src/sbt/schema.js'
import { createSoul } from '../../src/soul/index.js'
import { type Context, contextSignals, timedContext } from '../../src/statements/context.js'
import { type CircuitInputs, membershipInputs, prepareMembership } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { type ProfileName, Random, type RandomCase, randomCase } from '../support/random-policy.js'
import { rawPolicy } from '../support/raw-policy.js'
import { openStatement } from '../support/statement.js'
import { ALICE, BOB, CUIFEN, NOW } from '../support/world.js'
import { decode, outputsOf } from './interpreter.js'

/** What came of one wallet: evaluator, library and circuit agree unless there is a problem. */
export interface WitnessOutcome {
  readonly satisfied: boolean
  /** What was done to the wallet. */
  readonly change: string
  readonly problem?: string
}

/** The statements of which random wallets are made. */
export const WITNESS_STATEMENTS = [
  'membership',
  'policy-s',
  'policy-m',
  'policy-l',
  'policy-m-timed',
] as const
export type WitnessStatement = (typeof WITNESS_STATEMENTS)[number]

/** No member and nobody's verifier. */
const STRANGER = createSoul({ seed: new Uint8Array(32).fill(0xd0) })
const BLINDING = 987_654_321n
const P = multiply(BASE8, BLINDING)
const BEACON = 77n

/** Contexts at the edges: fields, texts, for everybody and for verifiers. */
function randomContext(random: Random): Context {
  const part = (): bigint | string => random.pick([0n, 1n, r - 1n, 2n ** 248n, '', 'vote 7', 'économie'])
  const keys = random.below(4)
  return {
    scope: part(),
    message: part(),
    ...(keys === 1 && { verifierKey: BOB.commitment }),
    ...(keys === 2 && { verifierKey2: CUIFEN.commitment }),
    ...(keys === 3 && { verifierKey: CUIFEN.commitment, verifierKey2: r - 1n }),
  }
}

/** Makes the wallet of a seed and compares. */
export async function witnessOutcome(seed: number, statement: WitnessStatement): Promise<WitnessOutcome> {
  if (statement === 'membership') return membershipOutcome(seed)
  return policyOutcome(policyCase(seed, statement), seed)
}

/** The policy and wallet of a seed. */
export function policyCase(seed: number, profile: ProfileName): RandomCase {
  return randomCase(seed, profile, { outputs: true })
}

/**
 * Asks evaluator, library and circuit whether a wallet satisfies a policy. If it does, the circuit has to have a witness
 * with the public signals that the library says and that an interpreter of the program computes. If it does not, the circuit
 * must have none for a holder who ignores the library.
 */
export async function policyOutcome(made: RandomCase, seed: number): Promise<WitnessOutcome> {
  const { policy, roots, fill, sets, ledgers, change } = made
  const random = new Random(seed)
  const sbts = fill.map(([, held]) => held)
  const asked = contextSignals(randomContext(random))
  const context = policy.timed ? timedContext(asked, BEACON) : asked
  const wallet = { policy, roots, now: NOW, soul: ALICE, sbts, sets, ledgers }
  // What evaluatePolicy answers by, with the SBTs that it found.
  const { assignment, reasons } = assignSbts(wallet)
  const satisfied = assignment !== undefined
  const outcome = (problem?: string): WitnessOutcome => ({
    satisfied,
    change,
    ...(problem !== undefined && { problem: `${change}: ${problem}: ${policy.canonical}` }),
  })
  const program = compilePolicy(policy)
  const statement = openStatement(program.profile.name)
  const prepare = () =>
    preparePolicy({ ...wallet, context, ...(policy.timed && { commitment: { P, blinding: BLINDING } }) })
  if (assignment === undefined) {
    if (!refuses(prepare)) return outcome('the library prepares what the evaluator refuses')
    if (reasons.length === 0) return outcome('the evaluator gives no reason')
    const { inputs } = rawPolicy({
      ...{
        policy,
        roots,
        soul: ALICE,
        sets,
        ledgers,
        fill: someFill(made, program.profile.sbts, random),
        context,
      },
      ...(policy.timed && { commitment: { P, blinding: BLINDING, truth: 1n as const } }),
    })
    const accepts = (await witnessIfAny(statement, inputs)) !== undefined
    return outcome(accepts ? 'the circuit accepts what the evaluator refuses' : undefined)
  }
  const { inputs, publicSignals } = prepare()
  const witness = await witnessIfAny(statement, inputs)
  if (witness === undefined) return outcome('the circuit refuses what the evaluator accepts')
  const found = witness.slice(1, 1 + publicSignals.length).map(String)
  if (found.join() !== publicSignals.join()) return outcome('the circuit has other public signals')
  const slots = new Map(
    [...assignment].map(([name, { sbt }]) => [
      policy.slots.find((slot) => slot.name === name)!.index,
      encodeClaims(sbt.schema, sbt.claims),
    ]),
  )
  const decoded = decode(program, sets)
  const { reveal, personal } = outputsOf(decoded, { slots, sets, now: NOW })
  const shown = policy.ledgers.find(({ name }) => name === policy.discloseHandle)
  const handle = decoded.showsHandle ? ledgerHandle({ soul: ALICE, ledgerId: shown!.id }) : 0n
  const expected = [...reveal, handle, nullifierOf({ context, personal })].map(String)
  if (found.slice(0, expected.length).join() !== expected.join()) {
    return outcome('reveals, handle or nullifier are not what the program says')
  }
  return outcome()
}

/** The nullifier by the protocol's words: a tag, the scope or the designated one, and the secret or the claim. */
function nullifierOf(o: {
  readonly context: ReturnType<typeof contextSignals>
  readonly personal: bigint | undefined
}): bigint {
  const { scope, verifierKey, verifierKey2, isTimed } = o.context
  const isDesignated = isTimed === true || verifierKey !== 0n || verifierKey2 !== 0n
  const within =
    isDesignated && !isTimed
      ? poseidon([DOMAIN.designatedScope, scope, verifierKey, verifierKey2, 0n])
      : scope
  if (o.personal !== undefined) {
    const tag = isDesignated ? DOMAIN.designatedPersonalNullifier : DOMAIN.personalNullifier
    return poseidon([tag, within, o.personal])
  }
  return poseidon([isDesignated ? DOMAIN.designatedNullifier : DOMAIN.nullifier, within, ALICE.secret])
}

/** Groups with and without Alice, and paths with one thing changed. */
async function membershipOutcome(seed: number): Promise<WitnessOutcome> {
  const random = new Random(seed)
  const size = random.pick([1, 2, 3, 4, 5, 8, 9, 17, 33])
  const place = random.below(size)
  const members = Array.from({ length: size }, (_, i) =>
    i === place
      ? ALICE.commitment
      : random.pick([1n, r - 1n, 2n ** 253n, BOB.commitment, BigInt(random.below(2 ** 31)) + 2n]),
  )
  const group = new Group(members)
  for (let i = random.below(3); i > 0 && size > 2; i--) {
    const at = random.below(size)
    if (at !== place && group.members[at] !== 0n) group.remove(at)
  }
  const changes = ['sibling', 'index', 'secret', 'root', 'nullifier', 'level', 'not a member'] as const
  const change = random.chance(60) ? 'nothing' : random.pick(changes)
  const context = contextSignals(randomContext(random))
  const outcome = (satisfied: boolean, problem?: string): WitnessOutcome => ({
    satisfied,
    change,
    ...(problem !== undefined && { problem: `${change}, group of ${size}: ${problem}` }),
  })
  const statement = openStatement('membership')
  if (change === 'nothing') {
    const { inputs, publicSignals } = prepareMembership({ soul: ALICE, group, context })
    const witness = await witnessIfAny(statement, inputs)
    if (witness === undefined) return outcome(true, 'the circuit refuses a member')
    const found = witness.slice(1, 1 + publicSignals.length).map(String)
    const expected = [nullifierOf({ context, personal: undefined }), group.root].map(String)
    if (found.join() !== publicSignals.join() || found.slice(0, 2).join() !== expected.join()) {
      return outcome(true, 'the circuit has other public signals')
    }
    return outcome(true)
  }
  const { index, siblings: rows } = group.proof(place)
  const siblings = rows.map(([sibling]) => sibling as bigint)
  const level = siblings.length === 0 ? undefined : random.below(siblings.length)
  const honest = {
    signals: { ...context, nullifier: nullifierOf({ context, personal: undefined }), root: group.root },
    witness: { secret: ALICE.secret, index, siblings },
  }
  const { signals, witness } = honest
  const other = (value: bigint): bigint =>
    random.pick([(value + 1n) % r, 0n, r - 1n].filter((one) => one !== value))
  let changed: typeof honest
  if (change === 'root') changed = { ...honest, signals: { ...signals, root: other(signals.root) } }
  else if (change === 'nullifier')
    changed = { ...honest, signals: { ...signals, nullifier: other(signals.nullifier) } }
  else if (change === 'secret' || level === undefined)
    changed = { ...honest, witness: { ...witness, secret: ALICE.secret + 1n } }
  else if (change === 'sibling')
    changed = { ...honest, witness: { ...witness, siblings: siblings.with(level, other(siblings[level]!)) } }
  else if (change === 'index') changed = { ...honest, witness: { ...witness, index: index ^ (1 << level) } }
  else if (change === 'level') {
    changed = {
      ...honest,
      witness: { ...witness, index: index % 2 ** level, siblings: siblings.slice(0, level) },
    }
  } else {
    // Somebody else's place.
    if (!refuses(() => prepareMembership({ soul: STRANGER, group, context }))) {
      return outcome(false, 'the library prepares what is no member')
    }
    changed = { ...honest, witness: { ...witness, secret: STRANGER.secret } }
  }
  const accepted = await witnessIfAny(statement, membershipInputs(changed.signals, changed.witness))
  return outcome(false, accepted && 'the circuit accepts')
}

function refuses(prepare: () => unknown): boolean {
  try {
    prepare()
    return false
  } catch (error) {
    if (error instanceof StatementError) return true
    throw error
  }
}

/** The first values of the witness, which are 1 and the public signals; undefined if a constraint does not hold. */
async function witnessIfAny(
  statement: ReturnType<typeof openStatement>,
  inputs: CircuitInputs,
): Promise<bigint[] | undefined> {
  try {
    const { values } = openWitness(await calculateWitness({ wasm: statement.wasm, inputs: inputs as Inputs }))
    return Array.from({ length: 1 + statement.r1cs.publicSignals }, (_, i) => readUint256(values, 32 * i))
  } catch (error) {
    if (error instanceof StatementError && /a constraint of the circuit does not hold/.test(error.message))
      return undefined
    throw error
  }
}

/** The SBTs in their slots; of more than fit, some are left out. */
function someFill(made: RandomCase, limit: number, random: Random): RandomCase['fill'] {
  if (made.fill.length <= limit) return made.fill
  const drop = random.below(made.fill.length)
  return made.fill.filter((_, i) => i !== drop).slice(0, limit)
}
