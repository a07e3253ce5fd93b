import * as Progress from '@radix-ui/react-progress'
import { useEffect, useRef, useState } from 'react'
import { isAbort, PHASE_WORDS, type Progress as Standing } from '../model/proving.js'

/** A task with progress that the visitor may cancel. */
export interface Task {
  readonly progress: Standing | undefined
  readonly problem: string
  run(
    work: (o: {
      signal: AbortSignal
      onProgress(phase: Standing['phase'], share: number): void
    }) => Promise<void>,
  ): Promise<void>
  cancel(): void
}

/** Runs one task at a time; it is cancelled when the screen is left. */
export function useTask(): Task {
  const [progress, setProgress] = useState<Standing>()
  const [problem, setProblem] = useState('')
  const controller = useRef<AbortController>(undefined)
  useEffect(() => () => controller.current?.abort(), [])
  return {
    progress,
    problem,
    async run(work) {
      controller.current?.abort()
      const own = new AbortController()
      controller.current = own
      setProblem('')
      setProgress({ phase: 'artifacts', share: 0 })
      try {
        await work({
          signal: own.signal,
          onProgress: (phase, share) => {
            if (!own.signal.aborted) setProgress({ phase, share })
          },
        })
      } catch (error) {
        if (!isAbort(error)) setProblem(sayError(error))
      } finally {
        if (controller.current === own) setProgress(undefined)
      }
    },
    cancel: () => controller.current?.abort(),
  }
}

/** What the visitor can do about an error. */
function sayError(error: unknown): string {
  const { name = 'Error', message = '' } = error instanceof Error ? error : {}
  if (name === 'ArtifactError' || error instanceof TypeError) {
    return `Something that proving needs could not be fetched: ${message}. Look at the connection, then try again.`
  }
  if (name === 'EngineError')
    return `The prover stopped: ${message}. Close other tabs if memory is short, then try again.`
  if (name === 'StatementError') return `These SBTs do not satisfy the question: ${message}`
  return `${name}: ${message}`
}

const SPAN = { artifacts: [0, 0.35], witness: [0.35, 0.45], proof: [0.45, 1], done: [1, 1] } as const

/** How far a proof is, and the button that stops it. */
export function Proving({ task }: { task: Task }) {
  const { progress, problem, cancel } = task
  if (progress === undefined) {
    return problem === '' ? null : (
      <p className="problem" role="alert">
        {problem}
      </p>
    )
  }
  const [from, to] = SPAN[progress.phase]
  const value = Math.round(100 * (from + (to - from) * progress.share))
  return (
    <div className="proving">
      <Progress.Root className="progress" value={value} aria-label="Progress of the proof">
        <Progress.Indicator className="progress-done" style={{ transform: `scaleX(${value / 100})` }} />
      </Progress.Root>
      <p role="status">{PHASE_WORDS[progress.phase]} …</p>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  )
}
