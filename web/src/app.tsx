import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react'
import { FRAGMENT } from './model/link.js'
import { EXAMPLES, type Question } from './model/question.js'
import { firstHolder, type Holder, type Who } from './model/wallet.js'
import { ThemeButton } from './parts/theme.js'
import { Playground } from './screens/playground.js'

const Received = lazy(() => import('./screens/received.js'))
const Designated = lazy(() => import('./screens/designated.js'))
const Credit = lazy(() => import('./screens/credit.js'))
const Benchmark = lazy(() => import('./screens/benchmark.js'))

const SCREENS = [
  ['#playground', 'Playground'],
  ['#one-verifier', 'For one pair of eyes'],
  ['#credit', 'A loan'],
  ['#benchmark', 'Benchmark'],
] as const

/** The fragment of the address, kept up to date. */
function useFragment(): string {
  const [fragment, setFragment] = useState(location.hash)
  useEffect(() => {
    const changed = () => {
      setFragment(location.hash)
      window.scrollTo(0, 0)
      document.getElementById('main')?.focus({ preventScroll: true })
    }
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return fragment
}

/** The whole page: what stays between screens, and the screen that the fragment names. */
export function App() {
  const fragment = useFragment()
  const [who, setWho] = useState<Who>('ana')
  const [holders, setHolders] = useState<Partial<Record<Who, Holder>>>({})
  const holder = holders[who]
  const [question, setQuestion] = useState<Question>((EXAMPLES[0] as (typeof EXAMPLES)[0]).question)
  const screen = SCREENS.some(([hash]) => hash === fragment) ? fragment : '#playground'
  const received = fragment.startsWith(FRAGMENT)
  const title = received ? 'A proof for you' : SCREENS.find(([hash]) => hash === screen)?.[1]
  useEffect(() => {
    document.title = `${title} · Soulproof`
  }, [title])
  const needsHolder = !received && screen === '#playground'
  useEffect(() => {
    // After the first paint: some SBTs are hashed and signed.
    if (!needsHolder || holder) return
    const timer = setTimeout(() => setHolders((all) => ({ ...all, [who]: firstHolder(who) })), 30)
    return () => clearTimeout(timer)
  }, [needsHolder, holder, who])

  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header className="top">
        <a className="mark" href="#playground">
          <span className="mark-bar" aria-hidden="true" />
          Soulproof
        </a>
        <nav aria-label="Screens">
          {SCREENS.map(([hash, name]) => (
            <a key={hash} href={hash} aria-current={!received && screen === hash ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<p className="wait">One moment …</p>}>
          {received ? (
            <Received key={fragment} fragment={fragment} />
          ) : (
            screenOf(screen, () => (
              <Playground
                {...{ who, setWho, holder, question, setQuestion }}
                setHolder={(next) => setHolders({ ...holders, [who]: next })}
              />
            ))
          )}
        </Suspense>
      </main>
      <footer className="foot">
        <p>
          Issuing, proving and verifying are real and happen in this page; nothing is sent anywhere. The
          issuers are made up and their keys are public. So is the secret of the{' '}
          <strong>development keys</strong> that proofs are made with: anybody could forge one. Unaudited; do
          not use it for anything of value.
        </p>
      </footer>
    </>
  )
}

function screenOf(screen: string, playground: () => ReactNode): ReactNode {
  switch (screen) {
    case '#one-verifier':
      return <Designated />
    case '#credit':
      return <Credit />
    case '#benchmark':
      return <Benchmark />
    default:
      return playground()
  }
}
