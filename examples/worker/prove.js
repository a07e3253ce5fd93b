import * as merkle from 'soulproof/merkle'
import * as policies from 'soulproof/policy'
import { createProver } from 'soulproof/prover'
import * as sbts from 'soulproof/sbt'
import * as souls from 'soulproof/soul'
import { createVerifier } from 'soulproof/verifier'
import { createDemo } from '../wallet.js'

const demo = createDemo({ soulproof: { ...merkle, ...policies, ...sbts, ...souls } })
const { policy, roots, now, context, wallet } = demo
const onProgress = (phase, share) => postMessage({ phase, share })

addEventListener('message', async () => {
  try {
    // Its threads are workers of this worker.
    const prover = await createProver({ artifacts: new URL('/zkeys/', location.origin) })
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const envelope = await prover.prove({ ...context, ...wallet, policy, roots, now, onProgress })
    const result = await verifier.verify({ ...context, policy, roots: [roots], now, envelope })
    await prover.dispose()
    postMessage({ result })
  } catch (error) {
    postMessage({ error })
  }
})
