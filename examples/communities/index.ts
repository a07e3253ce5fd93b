/**
 * Nested communities: who votes in a state's poll belongs to a municipality, to the county around it, and to the state.
 * One policy asks for all three, and that they lie within each other; the proof shows none of their names.
 */
import { Registry } from 'soulproof/merkle'
import { evaluatePolicy, parsePolicy } from 'soulproof/policy'
import { createProver } from 'soulproof/prover'
import { createIssuer, defineSchema, type HeldSbt, type Issuer, issueSbt } from 'soulproof/sbt'
import { blindHolder, createSoul, type Soul } from 'soulproof/soul'
import { createVerifier } from 'soulproof/verifier'

const now = BigInt(Math.floor(Date.now() / 1000))
const residence = defineSchema({ name: 'residence/1', claims: { place: 'string', within: 'string' } })
const revoked = new Registry({ kind: 'status' })
const [state, lane, linn, eugene, albany] = Array.from({ length: 5 }, () => createIssuer()) as [
  ...[Issuer, Issuer, Issuer, Issuer, Issuer],
]

function attest(soul: Soul, issuer: Issuer, place: string, within: string): HeldSbt {
  const { holder, salt } = blindHolder({ soul })
  const claims = { place, within }
  const { sbt, signature } = issueSbt({
    issuer,
    schema: residence,
    holder,
    claims,
    issuedAt: now,
    statusId: 3,
  })
  return { sbt, salt, anchor: { signature: signature!, status: revoked.proof(3) } }
}

const issuers = (...list: Issuer[]) => ({ issuers: list.map(({ id }) => id), schema: residence.name })
const policy = parsePolicy({
  version: 1,
  schemas: { [residence.name]: residence.claims },
  sbts: { state: issuers(state), county: issuers(lane, linn), municipality: issuers(eugene, albany) },
  require: {
    all: [
      { claim: 'state.place', eq: 'Oregon' },
      { claim: 'county.within', eq: { claim: 'state.place' } },
      { claim: 'municipality.within', eq: { claim: 'county.place' } },
    ],
  },
})
const roots = {
  issuers: Object.fromEntries(
    [state, lane, linn, eugene, albany].map(({ id }) => [id, { status: revoked.root }]),
  ),
}

const voter = createSoul()
const home = attest(voter, state, 'Oregon', 'United States')
const sbts = [home, attest(voter, lane, 'Lane', 'Oregon'), attest(voter, eugene, 'Eugene', 'Lane')]
// Three genuine SBTs, of a municipality in another county.
const elsewhere = [home, sbts[1]!, attest(voter, albany, 'Albany', 'Linn')]

const context = { scope: 'Oregon, measure 110', message: 'yes' }
await using prover = await createProver()
const envelope = await prover.prove({ ...context, policy, roots, now, soul: voter, sbts })
const verifier = await createVerifier({ allowDevelopmentKeys: true })
export const vote = await verifier.verify({ ...context, policy, roots: [roots], now, envelope })
export const changed = await verifier.verify({
  ...context,
  message: 'no',
  policy,
  roots: [roots],
  now,
  envelope,
})
export const moved = evaluatePolicy({ policy, roots, now, soul: voter, sbts: elsewhere })
console.log({ vote, changed, moved: moved.reasons.map(({ reason }) => reason) })
