/** Shows on a terminal how far a long task is; nothing where stderr is a file or a pipe. */
export interface Progress {
  /** Shows what is being done and which part of the whole, 0..1, is behind. */
  report(text: string, done: number): void
  /** Removes the line. */
  end(): void
}

const WIDTH = 24
const REDRAW_MS = 200

/** Starts a progress bar on stderr. */
export function startProgress(title: string): Progress {
  const { stderr } = process
  if (!stderr.isTTY) return { report: () => undefined, end: () => undefined }
  const startedAt = performance.now()
  let text = ''
  let done = 0
  const draw = (): void => {
    const filled = Math.round(WIDTH * Math.min(1, Math.max(0, done)))
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    stderr.write(
      `\r\u001b[K${title} [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${text} ${seconds} s`,
    )
  }
  const timer = setInterval(draw, REDRAW_MS)
  timer.unref()
  return {
    report(nextText, nextDone) {
      text = nextText
      done = nextDone
      draw()
    },
    end() {
      clearInterval(timer)
      stderr.write('\r\u001b[K')
    },
  }
}

/** Runs a task under a progress bar that is removed whatever happens. */
export async function withProgress<T>(title: string, run: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = startProgress(title)
  try {
    return await run(progress)
  } finally {
    progress.end()
  }
}
