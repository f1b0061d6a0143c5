import type { Executor } from '../../../internal/postgres/query'
import { giveUpTurns, takeTurns } from './transaction.sql.ts'

/**
 * Accounts that several processes post to at once. Whoever waits for a row's lock began with a snapshot
 * from before, and is refused when the row has changed meanwhile: each look is in vain then. So on
 * such accounts groups take turns before they begin, by advisory locks of their session.
 */
export interface Turns {
  /** Another process came in between on one of these. */
  note(accountIds: readonly string[]): void
  /** Asks for a turn on those of the accounts that are contended; undefined when there are none. */
  take(client: Executor, accountIds: readonly string[]): Promise<unknown> | undefined
  /** Lets the next one go. Sent behind the commit. */
  giveUp(client: Executor): Promise<void>
  /** How long a contended account had better be left to the others; undefined for all others. */
  restMs(accountId: string): number | undefined
}

interface Contention {
  untilMs: number
  /** Of late. */
  waitMs: number
}

/** For so long after it was contended an account is taken in turns. */
const contendedMs = 1000
const accountsMax = 10_000
// So many times as long as a turn took to come, but not for ever when they are stuck.
const restPerWait = 2
const restMaxMs = 10
// How much a new wait counts beside those before it.
const learning = 0.3
/** A turn is a lock in the server's memory, which holds some thousands for all sessions together. */
const turnsMax = 64

export function newTurns(nowMs: () => number = () => performance.now()): Turns {
  const contentions = new Map<string, Contention>()
  const find = (id: string): Contention | undefined => {
    const contention = contentions.get(id)
    if (!contention || contention.untilMs > nowMs()) return contention
    contentions.delete(id)
    return undefined
  }
  const learn = (ids: readonly string[], waitedMs: number): void => {
    for (const id of ids) {
      const contention = contentions.get(id)
      if (contention) contention.waitMs += learning * (waitedMs - contention.waitMs)
    }
  }
  return {
    note(accountIds) {
      if (accountIds.length > turnsMax) return
      if (contentions.size > accountsMax) contentions.clear()
      const untilMs = nowMs() + contendedMs
      for (const id of accountIds) {
        contentions.set(id, { untilMs, waitMs: contentions.get(id)?.waitMs ?? 0 })
      }
    },
    take(client, accountIds) {
      if (contentions.size === 0) return undefined
      const ids = accountIds.filter(find)
      if (ids.length === 0 || ids.length > turnsMax) return undefined
      return takeTurns(client, { ids }).then((turn) => {
        learn(ids, turn.waited_ms)
        return turn
      })
    },
    async giveUp(client) {
      await giveUpTurns(client, undefined)
    },
    restMs(accountId) {
      const contention = contentions.size === 0 ? undefined : find(accountId)
      return contention && Math.min(restPerWait * contention.waitMs, restMaxMs)
    },
  }
}

/** Whether it did not come in time. */
export async function isLate(turn: Promise<unknown> | undefined): Promise<boolean> {
  return (
    turn !== undefined &&
    turn.then(
      () => false,
      () => true,
    )
  )
}
