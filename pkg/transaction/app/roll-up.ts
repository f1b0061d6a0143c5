import { setTimeout as systemSleep } from 'node:timers/promises'
import type { Log } from '../../../internal/log/log'
import type { RollUpStore } from '../rollup'

export interface RollerLimits {
  /** Accounts that wait; those noted beyond it are left to the next sweep. */
  queueAccountsMax: number
  /** Accounts that one statement of a sweep looks at. */
  sweepAccounts: number
  /** From one such statement to the next, so that a sweep takes little from others. */
  sweepPauseMs: number
  /** From the end of a sweep to the beginning of the next. */
  sweepIntervalMs: number
  /** The same when the sweep failed. */
  sweepRetryMs: number
}

export const rollerLimits: RollerLimits = {
  queueAccountsMax: 10_000,
  sweepAccounts: 2000,
  sweepPauseMs: 50,
  sweepIntervalMs: 600_000,
  sweepRetryMs: 10_000,
}

/** Rolls accounts up in the background, one at a time. Nothing depends on it but how fast some answers come. */
export interface Roller {
  /** The account may be due. Never waits and never throws. */
  note(accountId: string): void
  /** Finishes the step that is under way, forgets the rest. */
  close(): Promise<void>
}

export interface RollerDeps {
  store: Pick<RollUpStore, 'rollUp' | 'listToRollUp'>
  log: Log
  limits?: RollerLimits
  /** Rejects when the signal aborts. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Starts at once, with a sweep: what was noted before a crash is found by its numbers. */
export function newRoller({
  store,
  log,
  limits = rollerLimits,
  sleep = (ms, signal) => systemSleep(ms, undefined, { signal, ref: false }),
}: RollerDeps): Roller {
  const closing = new AbortController()
  const { signal } = closing
  const waiting = new Set<string>()
  let working: Promise<void> | undefined

  const note = (accountId: string): void => {
    if (signal.aborted || waiting.size >= limits.queueAccountsMax) return
    waiting.add(accountId)
    working ??= work()
  }

  async function work(): Promise<void> {
    // What is noted meanwhile is met further on; an account under way is no longer in the set.
    for (const accountId of waiting) {
      waiting.delete(accountId)
      if (signal.aborted) return
      await rollUpAll(accountId).catch((err: unknown) => {
        if (!signal.aborted) log.warn({ err, accountId }, 'an account could not be rolled up')
      })
    }
    working = undefined
  }

  async function rollUpAll(accountId: string): Promise<void> {
    for (let givenUp = 0; !signal.aborted;) {
      const startedAt = performance.now()
      const outcome = await store.rollUp(accountId)
      if (outcome === 'done') return
      if (outcome === 'given up') {
        log.warn({ accountId }, 'entries were missing from what is rolled up of an account')
        // Once it is begun again right away; if that does not help, a later sweep may try.
        if (++givenUp > 1) return
      }
      // As long as the step had the account locked: whoever posts to it gets a turn.
      await sleep(performance.now() - startedAt, signal)
    }
  }

  async function sweep(): Promise<void> {
    for (let afterId = ''; !signal.aborted;) {
      const accounts = await store.listToRollUp({ afterId, limit: limits.sweepAccounts })
      const last = accounts.at(-1)
      if (!last) return
      for (const { id, isDue } of accounts) if (isDue) note(id)
      afterId = last.id
      await sleep(limits.sweepPauseMs, signal)
    }
  }

  async function keepSweeping(): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await sweep().then(
        () => limits.sweepIntervalMs,
        (err: unknown) => {
          if (!signal.aborted) log.warn({ err }, 'the sweep for accounts to roll up failed')
          return limits.sweepRetryMs
        },
      )
      await sleep(pauseMs, signal).catch(() => {})
    }
  }

  const sweeping = keepSweeping()
  return {
    note,
    async close() {
      closing.abort()
      await Promise.all([sweeping, working])
    },
  }
}
