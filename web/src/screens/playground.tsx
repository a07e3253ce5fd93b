import { useEffect, useMemo, useState } from 'react'
import { compilePolicy, evaluatePolicy } from 'soulproof/policy'
import type { Handed } from '../model/link.js'
import { publishedRoots } from '../model/offices.js'
import { freshMessage, type Made, makeProof } from '../model/proving.js'
import { type Asked, askedOf, factOf, type Question } from '../model/question.js'
import { type Finding, scopeOf, verifyHanded } from '../model/verifying.js'
import { clock, type Holder, type Who, walletOf } from '../model/wallet.js'
import { sayReason } from '../model/words.js'
import { Hidden } from '../parts/bar.js'
import { Chips } from '../parts/chips.js'
import { Composer, type Failures } from '../parts/composer.js'
import { Explanation } from '../parts/explanation.js'
import { HandOver } from '../parts/hand-over.js'
import { Picture } from '../parts/picture.js'
import { Proving, useTask } from '../parts/proving.js'
import { Step } from '../parts/step.js'
import { ProofFacts, Verdict } from '../parts/verdict.js'
import { WalletList } from '../parts/wallet.js'

/** What a wallet says to a question. */
interface Judged {
  readonly asked?: Asked
  readonly profile?: string
  readonly satisfied: boolean
  readonly failures: Failures
  /** Of the question itself, or of the wallet as a whole. */
  readonly problems: readonly string[]
}

function judge(holder: Holder, question: Question): Judged {
  try {
    const asked = askedOf(question)
    const { policy, offices, places } = asked
    const roots = publishedRoots(holder.revoked, offices)
    const { satisfied, reasons } = evaluatePolicy({ ...walletOf(holder), policy, roots, now: clock() })
    const failures = reasons.flatMap(({ path, reason }) => {
      const place = places.get(path)
      return place ? [{ place, reason }] : []
    })
    const problems = reasons.filter(({ path }) => !places.has(path)).map(({ reason }) => sayReason(reason))
    return { asked, satisfied, failures, problems, profile: compilePolicy(policy).profile.name }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { satisfied: false, failures: [], problems: [message.charAt(0).toUpperCase() + message.slice(1)] }
  }
}

const PEOPLE = [
  ['ana', 'You are Ana'],
  ['ben', 'Ben'],
  ['new', 'Somebody new'],
] as const

/** A proof that was made here, and what the asker found. */
interface Outcome {
  readonly handed: Handed
  readonly made: Made
  readonly finding: Finding
}

/** Hold, be asked, see, prove, hand over. */
export function Playground(o: {
  who: Who
  setWho(who: Who): void
  holder: Holder | undefined
  setHolder(holder: Holder): void
  question: Question
  setQuestion(question: Question): void
}) {
  const { who, setWho, holder, setHolder, question, setQuestion } = o
  const [outcome, setOutcome] = useState<Outcome>()
  const task = useTask()
  const judged = useMemo(() => holder && judge(holder, question), [holder, question])
  // What was proved is about what was asked then.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are what makes it stale
  useEffect(() => setOutcome(undefined), [holder, question])

  const prove = () =>
    task.run(async (progress) => {
      if (!holder || !judged?.asked) return
      const { policy, offices } = judged.asked
      const message = freshMessage()
      const now = clock()
      const made = await makeProof({
        ...{ ...walletOf(holder), policy, roots: publishedRoots(holder.revoked, offices), now, message },
        ...{ scope: scopeOf(question), ...progress },
      })
      const revoked = Object.fromEntries(
        Object.entries(holder.revoked).filter(([office]) => offices.includes(office)),
      )
      const handed = { question, revoked, envelope: made.envelope, message }
      setOutcome({ handed, made, finding: await verifyHanded(handed, clock()) })
    })

  return (
    <>
      <div className="opening hero">
        <div>
          <h1>Prove it without showing it.</h1>
          <p>
            You hold what others attested about you. Somebody asks. You answer with a proof: they learn that
            the answer is yes, and <Redacted>neither name nor papers</Redacted>
          </p>
        </div>
        <Emblem />
      </div>
      <div className="sides">
        <Step
          number={1}
          title="You hold"
          className="hold"
          lead="SBTs, issued to your Soul and bound to it. Choose one to change it."
        >
          <Chips label="Who you are" options={PEOPLE} value={who} onChoose={setWho} />
          {holder ? (
            <WalletList {...{ holder, setHolder }} />
          ) : (
            <p className="wait">The issuers are signing …</p>
          )}
        </Step>
        <Step number={2} title="They ask" className="ask" lead="Take an example, then change anything.">
          <Composer {...{ question, setQuestion, failures: judged?.failures ?? [] }} />
          {judged?.asked && <Explanation policy={judged.asked.policy} />}
        </Step>
      </div>
      {holder && judged?.asked && (
        <Step
          number={3}
          title="What crosses"
          lead="The same papers, through different eyes. Black is hidden."
        >
          <Picture {...{ holder, question, satisfied: judged.satisfied }} />
        </Step>
      )}
      <Step number={4} title="Prove">
        {judged?.satisfied && task.progress === undefined && (
          <div className="buttons">
            <button type="button" className="primary big" onClick={prove}>
              {outcome ? 'Prove once more' : `Prove it to ${question.asker || 'the asker'}`}
            </button>
            <p className="aside">
              Your browser computes it; your SBTs stay here. Statement <code>{judged.profile}</code>.
            </p>
          </div>
        )}
        {judged && !judged.satisfied && (
          <div className="refused" role="status">
            <p className="refused-title">There is nothing to prove: it is not so.</p>
            <ul>
              {judged.problems.map((problem) => (
                <li key={problem}>{problem}.</li>
              ))}
              {judged.failures.map(({ place: [group, at], reason }) => {
                const condition = question.groups[group]?.of[at]
                return (
                  <li key={`${group} ${at} ${reason}`}>
                    {condition && <strong>Not shown: {factOf(condition)}. </strong>}
                    {sayReason(reason)}.
                  </li>
                )
              })}
            </ul>
            <p className="aside">Only you read this. Nobody can make a proof of what is not so.</p>
          </div>
        )}
        <Proving task={task} />
        <p className="sr" role="status">
          {outcome && `Proved. What ${question.asker || 'the asker'} learned stands below.`}
        </p>
        {outcome && <ProofFacts made={outcome.made} />}
      </Step>
      {outcome && (
        <>
          <Step number={5} title={`What ${question.asker || 'the asker'} learned`}>
            <Verdict {...outcome} />
          </Step>
          <Step
            number={6}
            title="Hand it over"
            lead="The proof fits into a link. Whoever opens it checks it there, by themselves."
          >
            <HandOver handed={outcome.handed} />
          </Step>
        </>
      )}
    </>
  )
}

/** What the page is about, at a glance. */
function Emblem() {
  return (
    <div className="document emblem kind-passport" aria-hidden="true">
      <p className="emblem-title">Passport</p>
      <dl>
        {[
          ['Name', ''],
          ['Born', 'over 18'],
          ['Citizen of', ''],
        ].map(([label, note], i) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <Hidden wide={6.5 - i * 1.5} />
              {note && <span className="note">✓ {note}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function Redacted({ children }: { children: string }) {
  return (
    <span className="redacted">
      <span aria-hidden="true">{children}</span>
      <span className="sr">nothing else.</span>
    </span>
  )
}
