import { setTimeout as sleep } from 'node:timers/promises'
import * as sql from './check-shop.sql.ts'
import { find, type History } from './history'
import { shiftDatabaseClock, type Scene } from './nemesis'
import { onDatabase } from './server'

// The longer it fought, the more is left that comes to nothing, and each of these opens the circuit for all others.
const standstillMsMax = 60_000
const settleMsMax = 5 * standstillMsMax
// More than the clock ever jumped: what was put off while it was ahead is due.
const laterMs = 40 * 3_600_000

/**
 * Waits until nothing is under way any more: each order has ended, each reservation is what it should
 * be, each message is on its way. Answers how long that took, in milliseconds.
 */
export async function settleWork({ server, outside }: Scene, history: History): Promise<number> {
  const begunMs = performance.now()
  outside.services.setFaults({})
  await shiftDatabaseClock(server, laterMs)
  const options = { has_broker: outside.broker !== undefined }
  let last = { count: Infinity, atMs: begunMs }
  for (;;) {
    const open = await onDatabase(server.url, (client) => sql.listUnfinished(client, options))
    const nowMs = performance.now()
    const tookMs = nowMs - begunMs
    if (open.length === 0) return tookMs
    if (open.length < last.count) last = { count: open.length, atMs: nowMs }
    if (nowMs - last.atMs > standstillMsMax || tookMs > settleMsMax) {
      for (const { what, id, attempts, last_error } of open) {
        const words = `${what} ${id}, ${attempts} attempts: ${last_error}`
        find(history, 'all that was begun comes to an end', words)
      }
      return tookMs
    }
    await sleep(100)
  }
}
