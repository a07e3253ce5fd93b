import { type ReactNode, useState } from 'react'
import {
  answerBob,
  BOBS_QUESTION,
  type Bob,
  createBob,
  forgeForBob,
  type Transcript,
} from '../model/exchange.js'
import { COUNTRIES } from '../model/offices.js'
import { askedOf } from '../model/question.js'
import { firstHolder, type Holder } from '../model/wallet.js'
import { Short } from '../parts/bar.js'
import { Explanation } from '../parts/explanation.js'
import { Proving, useTask } from '../parts/proving.js'
import { Step } from '../parts/step.js'
import { KeyNote } from '../parts/verdict.js'

/** Two answers on the table, in an order that the visitor does not know. */
interface Deal {
  readonly pair: readonly [Transcript, Transcript]
  readonly realAt: 0 | 1
  readonly guessed?: 0 | 1
}

const LETTERS = ['A', 'B'] as const

/** Bob and Ana, once the visitor begins. */
interface Cast {
  readonly bob: Bob
  readonly holder: Holder
}

/** A proof for one verifier, and the twin that he makes himself. */
export default function Designated() {
  const [cast, setCast] = useState<Cast>()
  const [real, setReal] = useState<Transcript>()
  const [deal, setDeal] = useState<Deal>()
  const [score, setScore] = useState({ right: 0, of: 0 })
  const [lie, setLie] = useState<Transcript>()
  const [country, setCountry] = useState('Utopia')
  const proving = useTask()
  const forging = useTask()

  const convince = () =>
    proving.run(async (hooks) => {
      const people = cast ?? { bob: await createBob(), holder: firstHolder() }
      setCast(people)
      setReal(await answerBob(people.bob, people.holder, hooks))
      setDeal(undefined)
    })
  const dealTwins = () =>
    forging.run(async (hooks) => {
      if (!cast || !real) return
      hooks.onProgress('proof', 0)
      const fresh = await answerBob(cast.bob, cast.holder, hooks)
      const twin = await forgeForBob(cast.bob, {
        ...cast,
        country: fresh.country,
        nullifier: fresh.nullifier,
      })
      hooks.signal.throwIfAborted()
      const realAt = (crypto.getRandomValues(new Uint8Array(1))[0] as number) & 1 ? 1 : 0
      setDeal({ pair: realAt === 0 ? [fresh, twin] : [twin, fresh], realAt })
    })
  const guess = (at: 0 | 1) => {
    if (!deal) return
    setDeal({ ...deal, guessed: at })
    setScore({ right: score.right + (at === deal.realAt ? 1 : 0), of: score.of + 1 })
  }
  const makeLie = () =>
    forging.run(async (hooks) => {
      if (!cast || !real) return
      hooks.onProgress('proof', 0)
      const made = await forgeForBob(cast.bob, { ...cast, country, nullifier: real.nullifier })
      hooks.signal.throwIfAborted()
      setLie(made)
    })

  return (
    <>
      <div className="opening">
        <h1>Convince Bob, and nobody he tells.</h1>
        <p>
          An ordinary proof convinces everybody who sees it, for ever. This one convinces Bob alone: it says
          “this holds, or I am Bob”. Bob knows that he did not make it. Nobody else can know.
        </p>
      </div>
      <Step
        number={1}
        title="Ana answers Bob"
        lead={`Bob asks, for “${BOBS_QUESTION.purpose}”: over 18, and citizen of which country?`}
      >
        {proving.progress === undefined && (
          <div className="buttons">
            <button type="button" className="primary big" onClick={convince}>
              {real ? 'Answer once more' : 'Answer, for Bob’s eyes only'}
            </button>
            <p className="aside">
              Before she proves, Bob shows that he has the key. The answer is encrypted to him.
            </p>
          </div>
        )}
        <Proving task={proving} />
        {real && (
          <div className="verdict accepted">
            <p className="verdict-title">Bob is convinced.</p>
            <ul className="learned">
              <li>somebody is at least 18 years old</li>
              <li>and a citizen of {nameOf(real.country)}, as shown</li>
              <li>and he did not make this proof himself, so that somebody did who holds such a passport</li>
            </ul>
            <p className="facts">
              <KeyNote provenance={real.provenance} />
            </p>
          </div>
        )}
        <Explanation policy={askedOf(BOBS_QUESTION).policy} />
      </Step>
      {real && (
        <Step
          number={2}
          title="Now Bob makes its twin"
          lead="With his own key he can make an answer that Ana never gave. Both are put on the table, shuffled: which one is hers?"
        >
          {!deal && forging.progress === undefined && (
            <button type="button" className="primary" onClick={dealTwins}>
              Make the twin, and shuffle
            </button>
          )}
          {deal && (
            <div className="twins">
              {deal.pair.map((transcript, at) => (
                <Twin key={LETTERS[at]} letter={LETTERS[at as 0 | 1]} transcript={transcript}>
                  {deal.guessed === undefined ? (
                    <button type="button" onClick={() => guess(at as 0 | 1)}>
                      Ana made {LETTERS[at as 0 | 1]}
                    </button>
                  ) : (
                    <strong>{deal.realAt === at ? 'Ana made this one' : 'Bob made this one, alone'}</strong>
                  )}
                </Twin>
              ))}
            </div>
          )}
          <div role="status">
            {deal?.guessed !== undefined && (
              <p className="can">
                {deal.guessed === deal.realAt ? 'Right, by chance.' : 'Wrong, and no wonder.'} You have{' '}
                {score.right} of {score.of}. There is nothing in them to tell them by: whoever guesses better
                than a coin is lucky.
              </p>
            )}
          </div>
          {deal?.guessed !== undefined && forging.progress === undefined && (
            <div className="buttons">
              <button type="button" onClick={dealTwins}>
                Deal again
              </button>
            </div>
          )}
          <Proving task={forging} />
        </Step>
      )}
      {deal?.guessed !== undefined && (
        <Step
          number={3}
          title="So Bob’s copy is worth nothing"
          lead="Bob wants to tell the newspaper where Ana is from. He can make it say anything."
        >
          <div className="buttons">
            <label>
              Ana is a citizen of{' '}
              <input value={country} onChange={({ target }) => setCountry(target.value)} />
            </label>
            <button
              type="button"
              onClick={makeLie}
              disabled={country.trim() === '' || forging.progress !== undefined}
            >
              Make that proof
            </button>
          </div>
          {lie && (
            <p className="can" role="status">
              It verifies: “a citizen of {nameOf(lie.country)}, over 18”. The newspaper knows that Bob could
              do this, and so believes none of his proofs. Ana’s answer stays between them.
            </p>
          )}
        </Step>
      )}
    </>
  )
}

function Twin(o: { letter: string; transcript: Transcript; children: ReactNode }) {
  const { letter, transcript, children } = o
  const { country, nullifier, sealed, bytes, accepted } = transcript
  return (
    <article className="twin" aria-label={`Answer ${letter}`}>
      <h3>{letter}</h3>
      <dl>
        <div>
          <dt>Bob’s check</dt>
          <dd>{accepted ? 'accepted' : 'refused'}</dd>
        </div>
        <div>
          <dt>Shows</dt>
          <dd>citizen of {nameOf(country)}, over 18</dd>
        </div>
        <div>
          <dt>Known as</dt>
          <dd>
            <Short value={nullifier} />
          </dd>
        </div>
        <div>
          <dt>Came sealed</dt>
          <dd>
            {bytes.toLocaleString('en')} bytes, <code>{sealed}…</code>
          </dd>
        </div>
      </dl>
      {children}
    </article>
  )
}

function nameOf(country: string): string {
  return COUNTRIES[country] ?? country
}
