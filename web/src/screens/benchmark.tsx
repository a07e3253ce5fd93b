import { useMemo, useRef, useState } from 'react'
import {
  ENGINES,
  measure,
  medians,
  PHASES,
  type Plan,
  type Report,
  type Run,
  readReport,
  STATEMENTS,
} from '../model/bench.js'
import { isAbort } from '../model/proving.js'
import Chart from '../parts/chart.js'
import { Step } from '../parts/step.js'

const MOST_THREADS = Math.min(navigator.hardwareConcurrency || 1, 16)

/** Measures the library in the visitor's browser. */
export default function Benchmark() {
  const [plan, setPlan] = useState<Plan>({
    ...{ statements: ['membership', 'policy-s'], runs: 3, engines: ['soulproof'] },
    threads: [...new Set([1, MOST_THREADS])],
  })
  const [runs, setRuns] = useState<readonly Run[]>([])
  const [report, setReport] = useState<Report>()
  const [other, setOther] = useState<Report>()
  const [standing, setStanding] = useState<{ done: number; of: number }>()
  const [problem, setProblem] = useState('')
  const controller = useRef<AbortController>(undefined)

  const start = async () => {
    const own = new AbortController()
    controller.current = own
    setRuns([])
    setReport(undefined)
    setProblem('')
    setStanding({ done: 0, of: 1 })
    try {
      const measured = await measure({
        ...{ ...plan, signal: own.signal },
        onRun: (run, done, of) => {
          setRuns((before) => [...before, run])
          setStanding({ done, of })
        },
      })
      setReport({
        ...{ version: 1, at: new Date().toISOString(), userAgent: navigator.userAgent },
        ...{ cores: navigator.hardwareConcurrency, isolated: crossOriginIsolated, ...measured },
      })
    } catch (error) {
      if (!isAbort(error)) setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setStanding(undefined)
    }
  }
  const drawn = useMemo(
    () => [...medians(other ? 'here' : '', runs), ...(other ? medians('file', other.runs) : [])],
    [runs, other],
  )
  const toggle = <T,>(list: readonly T[], all: readonly T[], item: T) =>
    all.filter((one) => (one === item ? !list.includes(one) : list.includes(one)))

  return (
    <>
      <div className="opening">
        <h1>How fast is it here?</h1>
        <p>
          Your browser proves each statement several times, and verifies each proof. {MOST_THREADS} cores
          {crossOriginIsolated ? ', threads that share memory' : ', threads with a memory each'}. Medians by
          the clock.
        </p>
      </div>
      <Step title="What to measure">
        <div className="plan">
          <Choices
            legend="Statements"
            all={STATEMENTS}
            chosen={plan.statements}
            onToggle={(one) => setPlan({ ...plan, statements: toggle(plan.statements, STATEMENTS, one) })}
          />
          <Choices
            legend="Threads"
            all={[...new Set([1, MOST_THREADS])]}
            chosen={plan.threads}
            onToggle={(one) =>
              setPlan({ ...plan, threads: toggle(plan.threads, [...new Set([1, MOST_THREADS])], one) })
            }
          />
          {ENGINES.length > 1 && (
            <Choices
              legend="Engines"
              all={ENGINES}
              chosen={plan.engines}
              onToggle={(one) => setPlan({ ...plan, engines: toggle(plan.engines, ENGINES, one) })}
            />
          )}
          <label>
            Warm runs{' '}
            <select
              value={plan.runs}
              onChange={({ target }) => setPlan({ ...plan, runs: Number(target.value) })}
            >
              {[1, 3, 5, 10].map((count) => (
                <option key={count}>{count}</option>
              ))}
            </select>
          </label>
        </div>
        <div className="buttons">
          {standing ? (
            <button type="button" onClick={() => controller.current?.abort()}>
              Cancel
            </button>
          ) : (
            <button
              type="button"
              className="primary"
              onClick={start}
              disabled={[plan.statements, plan.threads, plan.engines].some(({ length }) => length === 0)}
            >
              Measure
            </button>
          )}
          <span role="status">{standing && `Proof ${standing.done} of ${standing.of} …`}</span>
        </div>
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
      </Step>
      {drawn.length > 0 && (
        <Step title="What it took">
          <Chart medians={drawn} />
          <Table runs={runs} />
        </Step>
      )}
      <Step title="Keep and compare">
        <div className="buttons">
          {report && (
            <a
              className="download"
              download={`soulproof-benchmark-${report.at.slice(0, 10)}.json`}
              href={URL.createObjectURL(
                new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }),
              )}
            >
              Download as JSON
            </a>
          )}
          <label>
            Compare with a file{' '}
            <input
              type="file"
              accept="application/json"
              onChange={async ({ target }) => {
                try {
                  const text = await target.files?.[0]?.text()
                  setOther(text === undefined ? undefined : readReport(text))
                  setProblem('')
                } catch (error) {
                  setProblem((error as Error).message)
                }
              }}
            />
          </label>
        </div>
        {other && (
          <p className="aside">
            The file: {other.at.slice(0, 10)}, {other.cores} cores, {other.userAgent}
          </p>
        )}
      </Step>
    </>
  )
}

function Choices<T extends string | number>(o: {
  legend: string
  all: readonly T[]
  chosen: readonly T[]
  onToggle(one: T): void
}) {
  return (
    <fieldset>
      <legend>{o.legend}</legend>
      {o.all.map((one) => (
        <label key={one} className="choice">
          <input type="checkbox" checked={o.chosen.includes(one)} onChange={() => o.onToggle(one)} /> {one}
        </label>
      ))}
    </fieldset>
  )
}

/** Every run, for those who want numbers. */
function Table({ runs }: { runs: readonly Run[] }) {
  if (runs.length === 0) return null
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by keys
    <section className="scroll" aria-label="All runs" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {[
              'Statement',
              'Engine',
              'Threads',
              'Run',
              ...PHASES.map((phase) => `${phase}, ms`),
              'Fetched, MB',
            ].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map(({ statement, engine, threads, run, phases, bytes }) => (
            <tr key={`${statement} ${engine} ${threads} ${run}`}>
              <th scope="row">{statement}</th>
              <td>{engine}</td>
              <td>{threads}</td>
              <td>{run === 0 ? 'first' : run}</td>
              {PHASES.map((phase) => (
                <td key={phase} className="amount">
                  {phases[phase].toFixed(phases[phase] < 10 ? 1 : 0)}
                </td>
              ))}
              <td className="amount">{bytes === 0 ? '' : (bytes / 1e6).toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
