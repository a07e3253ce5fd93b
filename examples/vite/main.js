import * as merkle from 'soulproof/merkle'
import * as policies from 'soulproof/policy'
import { createProver } from 'soulproof/prover'
import * as sbts from 'soulproof/sbt'
import * as souls from 'soulproof/soul'
import { createVerifier } from 'soulproof/verifier'
import { showScreen } from '../screen.js'
import { createDemo } from '../wallet.js'

const demo = createDemo({ soulproof: { ...merkle, ...policies, ...sbts, ...souls } })
const { policy, roots, now, context, wallet } = demo
const prover = await createProver({ artifacts: new URL('/zkeys/', location.href) })
const verifier = await createVerifier({ allowDevelopmentKeys: true })

showScreen(async (onProgress) => {
  const envelope = await prover.prove({ ...context, ...wallet, policy, roots, now, onProgress })
  return verifier.verify({ ...context, policy, roots: [roots], now, envelope })
})
