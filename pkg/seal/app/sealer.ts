import type { Log } from '../../../internal/log/log'
import { startLoop, type Loop } from '../../../internal/loop/loop'
import type { SealStore } from '../seal'
import type { VerificationStore } from '../verification'

export interface SealerDeps {
  seals: SealStore
  verifications: VerificationStore
  log: Log
  limits: SealerLimits
}

export interface SealerLimits {
  /** Between two looks for transactions to seal. */
  intervalMs: number
  /** In one seal. */
  transactionsMax: number
  /** Between two checks of all balances. */
  checkIntervalMs: number
}

// Of one processor each: under load what waits to be sealed takes little from those who post, and what
// came in a burst is sealed after it.
const sealShareMax = 0.1
const checkShareMax = 0.05
const transactionsMin = 100

/**
 * Seals and verifies in the background until it is stopped. Any number of processes may do so on one
 * database: they take turns. What fails is logged and tried again.
 */
export function startSealer({ seals, verifications, log, limits }: SealerDeps): Pick<Loop, 'stop'> {
  const { intervalMs, transactionsMax, checkIntervalMs } = limits
  // After a failure fewer at a time: one that took too long is not tried again as it was.
  let size = transactionsMax
  const sealing = startLoop({
    async step() {
      const sealed = await seals.sealNext(size)
      const isFull = typeof sealed === 'object' && sealed.transactions >= size
      size = Math.min(transactionsMax, size * 2)
      return (await verifications.advance()) === 'more' || isFull
    },
    intervalMs,
    shareMax: sealShareMax,
    onError: newComplaint(log, 'transactions could not be sealed', () => {
      size = Math.max(Math.min(transactionsMin, transactionsMax), Math.floor(size / 2))
    }),
  })
  const checking = startLoop({
    async step() {
      await verifications.check()
      return false
    },
    intervalMs: checkIntervalMs,
    shareMax: checkShareMax,
    onError: newComplaint(log, 'the balances could not be verified'),
  })
  return {
    async stop() {
      await Promise.all([sealing.stop(), checking.stop()])
    },
  }
}

/** Logs the first of many failures, the second, the fourth, …: a database may be away for hours. */
function newComplaint(log: Log, message: string, also = () => {}): (error: unknown) => void {
  let failures = 0
  return (error) => {
    failures += 1
    also()
    if (Number.isInteger(Math.log2(failures))) log.warn({ err: error, failures }, message)
  }
}
