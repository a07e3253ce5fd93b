import { useState } from 'react'
import type { ClaimValue } from 'soulproof/sbt'
import type { Handed } from '../model/link.js'
import type { Made, Provenance } from '../model/proving.js'
import { fieldOf, nounOf, type Slot } from '../model/question.js'
import { factsOf, secretsOf } from '../model/sight.js'
import { signalOf } from '../model/signals.js'
import { type Finding, verifyHanded } from '../model/verifying.js'
import { clock, showClaim } from '../model/wallet.js'
import { Hidden, Short } from './bar.js'
import { ChainCheck } from './chain-check.js'

/** What making a proof took. */
export function ProofFacts({ made }: { made: Made }) {
  const { envelope, milliseconds, bytes } = made
  return (
    <p className="facts">
      Proved in {(milliseconds / 1000).toFixed(1)} s
      {bytes > 0 && `, ${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB fetched for it`}. The proof itself has
      256 bytes
      <Dots /> <code>{envelope.statement}</code>
      <Dots /> <KeyNote provenance={made.provenance} />
    </p>
  )
}

function Dots() {
  return (
    <span className="dots" aria-hidden="true">
      ·
    </span>
  )
}

/** Where the key of a statement comes from, said plainly. */
export function KeyNote({ provenance }: { provenance: Provenance }) {
  return provenance.kind === 'development' ? (
    <span className="key development">development key: anybody could forge this</span>
  ) : (
    <span className="key ceremony">
      key of a ceremony with {provenance.contributions} contributions, transcript{' '}
      <Short value={provenance.transcript} />
    </span>
  )
}

/** A revealed claim for people, as the verifier returned it. */
function shownText(name: string, value: ClaimValue): string {
  const [slot, claim] = name.split('.') as [Slot, string]
  const field = fieldOf(slot, claim)
  if (field === undefined) return `${value}`
  const text = field.type === 'day' ? new Date(Number(value) * 1000).toISOString().slice(0, 10) : `${value}`
  return `${nounOf(slot, claim)}: ${showClaim(field, text)}`
}

/** The verifier's screen: what was learned, in words, and what was not. */
export function Verdict({ handed, finding }: { handed: Handed; finding: Finding }) {
  const { question, envelope } = handed
  const { result, standing, provenance, milliseconds } = finding
  const { asker, purpose } = question
  if (!result.valid) {
    return (
      <div className="verdict refused">
        <p className="verdict-title">Refused.</p>
        <p>
          {asker} learned nothing: <em>{result.reason}</em>.
        </p>
      </div>
    )
  }
  const at = new Date(Number(signalOf(envelope, 'now')) * 1000)
  return (
    <div className={`verdict ${standing === 'again' ? 'refused' : 'accepted'}`}>
      <p className="verdict-title">
        {standing === 'again'
          ? `Right, but already claimed: ${asker} refuses.`
          : `The proof is right: ${asker} accepts it.`}
      </p>
      <div className="verdict-columns">
        <div>
          <h3>It learned that somebody</h3>
          <ul className="learned">
            {factsOf(question).map((fact) => (
              <li key={fact}>{fact}</li>
            ))}
            {Object.entries(result.revealed).map(([name, value]) => (
              <li key={name}>showed {shownText(name, value)}</li>
            ))}
            <li>
              {standing === 'new' && `has not claimed “${purpose}” before`}
              {standing === 'same proof' && 'has shown this very proof here before'}
              {standing === 'again' && `has claimed “${purpose}” before, whoever it is`}
            </li>
          </ul>
        </div>
        <div>
          <h3>It did not learn</h3>
          <ul className="not-learned">
            {secretsOf(question).map((secret, i) => (
              <li key={secret}>
                {secret} <Hidden wide={3 + ((i * 2) % 4)} />
              </li>
            ))}
          </ul>
        </div>
      </div>
      <p className="facts">
        As of {at.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}. It knows this person
        from now on as <Short value={result.nullifier} />, at {asker} for “{purpose}” only. Checked in{' '}
        {milliseconds.toFixed(0)} ms; <KeyNote provenance={provenance} />.
      </p>
      <div className="checks">
        <Tampering handed={handed} />
        <ChainCheck envelope={envelope} />
      </div>
    </div>
  )
}

/** Things that a cheat would change. */
const LIES: readonly (readonly [string, (handed: Handed) => Handed])[] = [
  [
    'Pretend to be somebody new',
    ({ envelope, ...rest }) => ({
      ...rest,
      envelope: {
        ...envelope,
        publicSignals: envelope.publicSignals.map((text, i) =>
          text === `${signalOf(envelope, 'nullifier')}` && i > 0 ? `${BigInt(text) ^ 1n}` : text,
        ),
      },
    }),
  ],
  [
    'Use it for another purpose',
    ({ question, ...rest }) => ({
      ...rest,
      question: { ...question, purpose: `${question.purpose}, second part` },
    }),
  ],
  [
    'Use it for a harder question',
    ({ question, ...rest }) => ({
      ...rest,
      question: {
        ...question,
        groups: [
          ...question.groups,
          { need: 'all', of: [{ slot: 'account', claim: 'followers', test: 'atLeast', value: '1000000' }] },
        ],
      },
    }),
  ],
]

/** Lets the visitor alter the proof, and shows how the verifier answers. */
function Tampering({ handed }: { handed: Handed }) {
  const [answer, setAnswer] = useState<{ lie: string; text: string }>()
  return (
    <div className="check">
      <h3>Try to cheat</h3>
      <div className="buttons">
        {LIES.map(([lie, alter]) => (
          <button
            key={lie}
            type="button"
            onClick={async () => {
              const { result } = await verifyHanded(alter(handed), clock())
              setAnswer({ lie, text: result.valid ? 'Accepted.' : `Refused: ${result.reason}.` })
            }}
          >
            {lie}
          </button>
        ))}
      </div>
      <p className="answer" role="status">
        {answer?.text}
      </p>
    </div>
  )
}
