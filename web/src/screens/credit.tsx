import { type ReactNode, useMemo, useState } from 'react'
import type { LedgerProof } from 'soulproof/ledger'
import type { Roots } from 'soulproof/policy'
import {
  type Answer,
  borrow,
  CATEGORIES,
  NAMES,
  openingOf,
  type Person,
  PRINCIPAL,
  record,
  rootsNow,
  type Stage,
  setStage,
  tellLandlord,
} from '../model/credit.js'
import { Short } from '../parts/bar.js'
import { Explanation } from '../parts/explanation.js'
import { Proving, type Task, useTask } from '../parts/proving.js'
import { Step } from '../parts/step.js'
import { ProofFacts } from '../parts/verdict.js'

/** What happened so far. */
interface Told {
  /** Number of scenes that are over. */
  readonly scene: number
  /** Ana's number, once she disclosed it. */
  readonly handle?: bigint
  /** Ana's place and the ledger's root before the default. */
  readonly before?: { readonly opening: LedgerProof; readonly roots: Roots }
  readonly answers: Readonly<Record<string, Answer>>
  readonly loan?: Awaited<ReturnType<typeof borrow>>
}

/** The credit story, scene by scene, beside its ledger. */
export default function Credit() {
  const stage = useMemo(setStage, [])
  const [told, setTold] = useState<Told>({ scene: 0, answers: {} })
  const task = useTask()
  /** Somebody tells the landlord; only an answer leads on to the next scene. */
  const tell = (o: { key: string; person: Person; next: number; place?: Told['before'] }) =>
    task.run(async (hooks) => {
      const { key, person, next, place } = o
      const answer = await tellLandlord(stage, { person, ...place, ...hooks })
      setTold((now) => ({
        ...now,
        scene: Math.max(next, now.scene),
        answers: { ...now.answers, [key]: answer },
      }))
    })
  const on = (scene: number, more: Partial<Told> = {}) =>
    setTold((now) => ({ ...now, ...more, scene: Math.max(scene, now.scene) }))
  const { scene, handle, answers } = told
  const share = { answers, task }

  return (
    <>
      <div className="opening">
        <h1>A default that nobody can leave out.</h1>
        <p>
          Ana borrows without collateral. That works only if what she owes is part of every later proof, even
          if she would rather not mention it. The ledger is public; who is who in it is not.
        </p>
      </div>
      <div className="sides story">
        <div>
          <Scene number={1} title={`Ana borrows ${PRINCIPAL} euros`}>
            <p>
              She proves that she is a citizen of Canada, and discloses one number: her place in the credit
              ledger, which she cannot choose. The lender may write there from now on.
            </p>
            <Act
              {...share}
              label="Prove and borrow"
              done={told.loan !== undefined}
              onClick={() =>
                task.run(async (hooks) => {
                  const loan = await borrow(stage, hooks)
                  on(1, { handle: loan.handle, loan })
                })
              }
            />
            {told.loan && (
              <>
                <p className="can">
                  The lender learned: “a citizen of Canada, who is <Short value={told.loan.handle} /> in the
                  ledger”. Not her name.
                </p>
                <ProofFacts made={told.loan.made} />
              </>
            )}
          </Scene>
          {scene >= 1 && (
            <Scene number={2} title="A landlord asks: is anything unpaid?">
              <p>
                She proves that it is not. He learns no lender, no number, and not whether she ever borrowed.
              </p>
              <Act
                {...share}
                label="Tell the landlord"
                done={answers['clean'] !== undefined}
                onClick={() => tell({ key: 'clean', person: 'ana', next: 2 })}
              />
              <Said answer={answers['clean']} who="ana" />
              <Explanation policy={stage.standing} />
            </Scene>
          )}
          {scene >= 2 && (
            <Scene number={3} title="She does not repay">
              <p>The lender writes it down. Nobody asks her, and she need not be there.</p>
              <Act
                {...share}
                label="The term passes"
                done={scene >= 3}
                onClick={() => {
                  const before = { opening: openingOf(stage, 'ana'), roots: rootsNow(stage) }
                  record(stage, handle as bigint, 'default')
                  on(3, { before })
                }}
              />
            </Scene>
          )}
          {scene >= 3 && (
            <Scene number={4} title="She asks the landlord again">
              <p>Now there is nothing true to prove. Try what a clever cheat would try:</p>
              <div className="buttons">
                <button type="button" onClick={() => tell({ key: 'honest', person: 'ana', next: 4 })}>
                  Just prove it
                </button>
                <button
                  type="button"
                  onClick={() =>
                    tell({ key: 'old', person: 'ana', next: 4, ...(told.before && { place: told.before }) })
                  }
                >
                  Use yesterday’s ledger
                </button>
                <button
                  type="button"
                  onClick={() =>
                    tell({
                      key: 'other',
                      person: 'ana',
                      next: 4,
                      place: { opening: openingOf(stage, 'ben'), roots: rootsNow(stage) },
                    })
                  }
                >
                  Show Ben’s empty place
                </button>
              </div>
              <Said answer={answers['honest']} who="ana" prefix="Just prove it" />
              <Said answer={answers['old']} who="ana" prefix="Yesterday’s ledger" />
              <Said answer={answers['other']} who="ana" prefix="Ben’s place" />
            </Scene>
          )}
          {scene >= 4 && (
            <Scene number={5} title="Ben never borrowed">
              <p>He has no entry, and proves just that: the gap in which his number would lie.</p>
              <Act
                {...share}
                label="Ben tells the landlord"
                done={answers['ben'] !== undefined}
                onClick={() => tell({ key: 'ben', person: 'ben', next: 5 })}
              />
              <Said answer={answers['ben']} who="ben" />
            </Scene>
          )}
          {scene >= 5 && (
            <Scene number={6} title="Ana repays">
              <p>That is an entry too. The ledger keeps that it happened; the sum is zero again.</p>
              <Act
                {...share}
                label="Repay, and tell the landlord"
                done={answers['cured'] !== undefined}
                onClick={() => {
                  if (scene < 6) record(stage, handle as bigint, 'cure')
                  on(6)
                  return tell({ key: 'cured', person: 'ana', next: 6 })
                }}
              />
              <Said answer={answers['cured']} who="ana" />
            </Scene>
          )}
          <Proving task={task} />
        </div>
        <LedgerTable stage={stage} handle={handle} />
      </div>
    </>
  )
}

function Scene(o: { number: number; title: string; children: ReactNode }) {
  return (
    <Step number={o.number} title={o.title} className="scene">
      {o.children}
    </Step>
  )
}

function Act(o: { task: Task; label: string; done: boolean; onClick(): unknown }) {
  if (o.done || o.task.progress !== undefined) return null
  return (
    <button type="button" className="primary" onClick={() => o.onClick()}>
      {o.label}
    </button>
  )
}

function Said({ answer, who, prefix }: { answer: Answer | undefined; who: Person; prefix?: string }) {
  if (answer === undefined) return null
  const start = prefix ? `${prefix}: ` : ''
  if (answer.kind === 'accepted') {
    return (
      <>
        <p className="can">
          {start}The landlord accepts. He learned: “somebody, a citizen of Canada, owes nothing.” Not that it
          is {NAMES[who]}.
        </p>
        <ProofFacts made={answer.made} />
      </>
    )
  }
  return answer.kind === 'refused' ? (
    <p className="cheat">
      {start}a right proof, of a ledger without her entries. The landlord refuses it: <em>{answer.reason}</em>
      .
    </p>
  ) : (
    <p className="cheat">
      {start}no proof exists, and the prover says why before it computes anything:{' '}
      <em>{answer.reasons.join('; ')}</em>.
    </p>
  )
}

/** The queue of entries as everybody sees it. */
function LedgerTable({ stage, handle }: { stage: Stage; handle: bigint | undefined }) {
  const entries = stage.ledger.entries()
  return (
    <aside className="ledger" aria-labelledby="ledger-title">
      <h2 id="ledger-title">The ledger</h2>
      <p className="lead">What everybody sees. Numbers, no names.</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Euros</th>
          </tr>
        </thead>
        <tbody>
          {entries.length === 0 && (
            <tr>
              <td colSpan={3}>
                No entries{handle !== undefined && '. A loan that is repaid in time leaves none'}.
              </td>
            </tr>
          )}
          {entries.map((entry, i) => (
            // Entries are known by their place in the queue.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            <tr key={i}>
              <td>
                <Short value={entry.handle} />
              </td>
              <td>{CATEGORIES[entry.category]}</td>
              <td className="amount">{'amount' in entry ? `${entry.amount}`.replace('-', '−') : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="facts">
        Root <Short value={stage.ledger.roots().at(-1)?.root ?? 0n} />, after {entries.length} entries. A
        proof has to open the own place under it, or to show that there is none.
      </p>
    </aside>
  )
}
