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
}

/** For so long after it was contended an account is taken in turns. */
const contendedMs = 1000
const accountsMax = 10_000
/** A turn is a lock in the server's memory, which holds some thousands for all sessions together. */
const turnsMax = 64

export function newTurns(nowMs: () => number = () => performance.now()): Turns {
  const until = new Map<string, number>()
  const isContended = (id: string): boolean => {
    const end = until.get(id)
    if (end === undefined) return false
    if (end > nowMs()) return true
    until.delete(id)
    return false
  }
  return {
    note(accountIds) {
      if (accountIds.length > turnsMax) return
      if (until.size > accountsMax) until.clear()
      const end = nowMs() + contendedMs
      for (const id of accountIds) until.set(id, end)
    },
    take(client, accountIds) {
      if (until.size === 0) return undefined
      const ids = accountIds.filter(isContended)
      if (ids.length === 0 || ids.length > turnsMax) return undefined
      return takeTurns(client, { ids })
    },
    async giveUp(client) {
      await giveUpTurns(client, undefined)
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
