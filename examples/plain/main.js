import { showScreen } from './screen.js'
import * as soulproof from './soulproof/soulproof.js'
import { createDemo } from './wallet.js'

const { policy, roots, now, context, wallet } = createDemo({ soulproof })
const prover = await soulproof.createProver({ artifacts: new URL('/zkeys/', location.href) })
const verifier = await soulproof.createVerifier({ allowDevelopmentKeys: true })

showScreen(async (onProgress) => {
  const envelope = await prover.prove({ ...context, ...wallet, policy, roots, now, onProgress })
  return verifier.verify({ ...context, policy, roots: [roots], now, envelope })
})
