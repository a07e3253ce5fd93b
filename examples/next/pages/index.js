import { useEffect, useState } from 'react'
import { createDemo } from '../wallet.js'

/** Rendered on the server first, where there is no wallet and nothing to prove. */
export default function Gate() {
  const [prove, setProve] = useState()
  const [bar, setBar] = useState(0)
  const [result, setResult] = useState('')
  useEffect(() => {
    openProver(setBar).then((ready) => setProve(() => ready))
  }, [])
  const onClick = async () => {
    setResult('proving')
    try {
      const { valid, revealed } = await prove()
      setResult(valid ? `an adult from ${revealed['passport.country']}` : 'not valid')
    } catch (error) {
      setResult(`${error.name}: ${error.message}`)
    }
  }
  return (
    <main>
      <h1>Are you an adult?</h1>
      <button type="button" disabled={!prove} onClick={onClick}>
        Prove it
      </button>
      <progress max="1" value={bar} aria-label="proof" />
      <output>{result}</output>
    </main>
  )
}

async function openProver(onShare) {
  const parts = await Promise.all([
    import('soulproof/merkle'),
    import('soulproof/policy'),
    import('soulproof/sbt'),
    import('soulproof/soul'),
  ])
  const { policy, policyJson, roots, now, context, wallet } = createDemo({
    soulproof: Object.assign({}, ...parts),
  })
  const { createProver } = await import('soulproof/prover')
  const prover = await createProver({ artifacts: new URL('/zkeys/', location.href) })
  const onProgress = (phase, share) => phase === 'proof' && onShare(share)
  return async () => {
    const envelope = await prover.prove({ ...context, ...wallet, policy, roots, now, onProgress })
    // In earnest the server knows policy, roots and time itself, and chose scope and message.
    const body = JSON.stringify({ envelope, policyJson, roots, now, context }, (_, value) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )
    return (await fetch('/api/verify', { method: 'POST', body })).json()
  }
}
