/*
 * What is not the app's: an issuer, and a holder with an SBT of it. In earnest the issuer is somebody else, and the holder's
 * wallet keeps Soul and SBT.
 */

/** Makes a holder's wallet, a policy "at least 18 years, and tell me the country", and the roots that its issuer publishes. */
export function createDemo({ soulproof }) {
  const { blindHolder, createIssuer, createSoul, defineSchema, issueSbt, parsePolicy, Registry } = soulproof
  const now = BigInt(Math.floor(Date.now() / 1000))
  const [soul, issuer, status] = [createSoul(), createIssuer(), new Registry({ kind: 'status' })]
  const schema = defineSchema({ name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } })
  const { holder, salt } = blindHolder({ soul })
  const claims = { country: 'CA', birthDate: 631_152_000n }
  const { sbt, signature } = issueSbt({ issuer, schema, holder, claims, issuedAt: now, statusId: 7 })
  const policyJson = {
    version: 1,
    schemas: { 'citizenship/1': schema.claims },
    sbts: { passport: { issuers: [issuer.id], schema: 'citizenship/1' } },
    require: { claim: 'passport.birthDate', lte: { now: -568_025_136 } },
    reveal: ['passport.country'],
  }
  return {
    now,
    policyJson,
    policy: parsePolicy(policyJson),
    roots: { issuers: { [issuer.id]: { status: status.root } } },
    wallet: { soul, sbts: [{ sbt, salt, anchor: { signature, status: status.proof(7) } }] },
    context: { scope: 'example.org accounts', message: 'session 4711' },
  }
}
