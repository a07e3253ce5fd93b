import { parsePolicy } from 'soulproof/policy'
import { createVerifier } from 'soulproof/verifier'

/** Verifies on the server, which loads nothing that makes proofs. */
export default async function handler(request, response) {
  const { envelope, policyJson, roots, now, context } = JSON.parse(request.body, (_, value) =>
    typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  )
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const policy = parsePolicy(policyJson)
  const { valid, revealed } = await verifier.verify({ ...context, policy, roots: [roots], now, envelope })
  response.json({ valid, revealed })
}
