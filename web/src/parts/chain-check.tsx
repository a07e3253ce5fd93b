import { useState } from 'react'
import type { Envelope } from 'soulproof/prover'
import type { OnChain } from '../model/chain.js'
import { Short } from './bar.js'

type State = 'idle' | 'asking' | OnChain | { readonly problem: string }

/** Has a contract on a local chain verify the proof, where a node runs. */
export function ChainCheck({ envelope }: { envelope: Envelope }) {
  const [state, setState] = useState<State>('idle')
  const [url, setUrl] = useState('http://127.0.0.1:8545')
  const ask = async () => {
    setState('asking')
    const { verifyOnChain } = await import('../model/chain.js')
    try {
      setState(await verifyOnChain(envelope, url))
    } catch (error) {
      setState({ problem: error instanceof Error ? (error.message.split('\n')[0] as string) : String(error) })
    }
  }
  return (
    <div className="check">
      <h3>Ask a contract</h3>
      <div className="buttons">
        <label>
          <span className="sr">Address of the node</span>
          <input className="address" value={url} onChange={({ target }) => setUrl(target.value)} />
        </label>
        <button type="button" onClick={ask} disabled={state === 'asking'}>
          Verify on a local chain
        </button>
      </div>
      <p className="answer" role="status">
        {state === 'asking' && 'Asking the node …'}
        {typeof state === 'object' && 'problem' in state && (
          <>
            {state.problem} Nothing is lost: start a node with <code>npx anvil</code>, then ask again. A
            contract decides just as this page does.
          </>
        )}
        {typeof state === 'object' && 'address' in state && (
          <>
            Contract <Short value={state.address} /> on chain {state.chainId}:{' '}
            {state.accepted ? 'accepted' : 'refused'}, for {state.gas.toLocaleString('en')} gas. The same
            proof under another number: {state.refusedAltered ? 'refused' : 'accepted'}.
          </>
        )}
      </p>
    </div>
  )
}
