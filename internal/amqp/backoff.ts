export interface Backoff {
  /** The first pause, and the longest. */
  msMin: number
  msMax: number
}

/**
 * The pause before the next try after that many failures, 1 at least: twice as long each time, and
 * anywhere between half of that and all of it by `chance` (0 to 1), so that many do not come at once.
 */
export function pauseMs(failures: number, { msMin, msMax }: Backoff, chance: number): number {
  const wholeMs = Math.min(msMax, msMin * 2 ** Math.min(failures - 1, 30))
  return Math.round(wholeMs * (0.5 + chance / 2))
}
