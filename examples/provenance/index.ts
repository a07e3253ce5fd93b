/**
 * Provenance: "by an accredited photographer", said of one file and of no other. The photographer stays unnamed; the
 * agency that accredits her is shown. Beside the file travels the envelope, and whoever has both can check them.
 */
import { createHash } from 'node:crypto'
import { Registry } from 'soulproof/merkle'
import { parsePolicy } from 'soulproof/policy'
import { createProver } from 'soulproof/prover'
import { createIssuer, defineSchema, issueSbt } from 'soulproof/sbt'
import { blindHolder, createSoul } from 'soulproof/soul'
import { createVerifier } from 'soulproof/verifier'

const now = BigInt(Math.floor(Date.now() / 1000))
const [association, revoked] = [createIssuer(), new Registry({ kind: 'status' })]
const accreditation = defineSchema({
  name: 'accreditation/1',
  claims: { profession: 'string', agency: 'string' },
})
const policy = parsePolicy({
  version: 1,
  schemas: { [accreditation.name]: accreditation.claims },
  sbts: { press: { issuers: [association.id], schema: accreditation.name } },
  require: { claim: 'press.profession', eq: 'photographer' },
  reveal: ['press.agency'],
})
const roots = { issuers: { [association.id]: { status: revoked.root } } }

const photographer = createSoul()
const { holder, salt } = blindHolder({ soul: photographer })
const claims = { profession: 'photographer', agency: 'Lakeshore Press' }
const { sbt, signature } = issueSbt({
  ...{ issuer: association, schema: accreditation, holder, claims, issuedAt: now, statusId: 5 },
})
const sbts = [{ sbt, salt, anchor: { signature: signature!, status: revoked.proof(5) } }]

// The file's hash is message and scope: two proofs for one file by one Soul are seen to be one, and her files are not
// linked to each other. With one scope for all of them they would be.
const contextOf = (file: Uint8Array) => {
  const digest = `sha256:${createHash('sha256').update(file).digest('hex')}`
  return { scope: `provenance ${digest}`, message: digest }
}
const photograph = new TextEncoder().encode('the bytes of a photograph')
const retouched = photograph.with(0, photograph[0]! ^ 1)

await using prover = await createProver()
const sidecar = JSON.stringify(
  await prover.prove({ ...contextOf(photograph), policy, roots, now, soul: photographer, sbts }),
)

const verifier = await createVerifier({ allowDevelopmentKeys: true })
const check = (file: Uint8Array) =>
  verifier.verify({ ...contextOf(file), policy, roots: [roots], now, envelope: JSON.parse(sidecar) })
export const genuine = await check(photograph)
export const altered = await check(retouched)
console.log({ genuine, altered })
