import { useEffect, useState } from 'react'
import { type Handed, unpackLink } from '../model/link.js'
import { askedOf } from '../model/question.js'
import { type Finding, verifyHanded } from '../model/verifying.js'
import { clock } from '../model/wallet.js'
import { Explanation } from '../parts/explanation.js'
import { Step } from '../parts/step.js'
import { Verdict } from '../parts/verdict.js'

type State = 'reading' | { readonly problem: string } | { readonly handed: Handed; readonly finding: Finding }

/** The other side of a link: the asker's screen. */
export default function Received({ fragment }: { fragment: string }) {
  const [state, setState] = useState<State>('reading')
  useEffect(() => {
    let current = true
    const read = async (): Promise<State> => {
      const handed = await unpackLink(fragment)
      return { handed, finding: await verifyHanded(handed, clock()) }
    }
    read().then(
      (next) => current && setState(next),
      (error: Error) => current && setState({ problem: error.message }),
    )
    return () => {
      current = false
    }
  }, [fragment])
  if (state === 'reading') return <p className="wait">Checking the proof …</p>
  if ('problem' in state) {
    return (
      <div className="opening">
        <h1>There is no proof to check.</h1>
        <p>
          {state.problem.charAt(0).toUpperCase() + state.problem.slice(1)}. Ask for it again; a copied link
          must be whole, up to its last letter.
        </p>
        <p>
          <a href="#playground">To the playground</a>
        </p>
      </div>
    )
  }
  const { handed, finding } = state
  const { asker, purpose } = handed.question
  return (
    <>
      <div className="opening">
        <p className="eyebrow">Somebody handed you a proof</p>
        <h1>You are {asker}.</h1>
        <p>
          You asked a question for “{purpose}”, and this is the answer. Your browser has just checked it by
          itself: no server was asked, and nobody who attested anything.
        </p>
      </div>
      <Step title="What you learned">
        <Verdict {...{ handed, finding }} />
        <Explanation policy={askedOf(handed.question).policy} />
      </Step>
      <p className="aside wide">
        This playground has no server, so the link carries the question and the issuers’ lists of revoked SBTs
        too. A real asker brings its own, and takes nothing but the proof from a link.{' '}
        <a href="#playground">To the playground</a>
      </p>
    </>
  )
}
