/** Where a progress is shown: standard error, or anything like it. */
export interface ProgressStream {
  isTTY?: boolean | undefined
  columns?: number | undefined
  write(text: string): unknown
}

export interface StepProgress {
  step: string
  done: number
  total: number
}

export interface Progress {
  update(progress: StepProgress): void
  /** Leaves the cursor on a new line. To be called at the end, also when the work failed. */
  close(): void
}

const barWidthMax = 30
const clearLine = '\r\x1b[K'

/** A bar on a terminal; elsewhere, as in a log file, one line when a step begins. */
export function newProgress(stream: ProgressStream): Progress {
  return stream.isTTY ? newBar(stream) : newLines(stream)
}

function newLines(stream: ProgressStream): Progress {
  let current: string | undefined
  return {
    update({ step }) {
      if (step !== current) stream.write(`${step} …\n`)
      current = step
    },
    close() {},
  }
}

function newBar(stream: ProgressStream): Progress {
  let current: string | undefined
  return {
    update(progress) {
      // Some terminals say that they have 0 columns: they do not know.
      const columns = stream.columns || 80
      const next = current !== undefined && progress.step !== current
      stream.write((next ? '\n' : '') + clearLine + barLine(progress, columns))
      current = progress.step
    },
    close() {
      if (current !== undefined) stream.write('\n')
      current = undefined
    },
  }
}

/** One line that is narrower than the terminal: one that wraps could not be taken back. */
function barLine({ step, done, total }: StepProgress, columns: number): string {
  const fraction = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4)
  const room = columns - 1 - step.length - percent.length - 2
  if (room < 5) return `${percent} ${step}`.slice(0, Math.max(0, columns - 1))
  const width = Math.min(barWidthMax, room)
  const full = Math.floor(fraction * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent} ${step}`
}
