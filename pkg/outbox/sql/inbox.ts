import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { inTransaction } from '../../../internal/postgres/transaction'
import { deleteOldInboxMessages, insertInboxMessage } from './inbox.sql.ts'

export interface Delivery {
  /** Who handles it: each consumer handles every message once. */
  consumer: string
  /** The message_id that came with it. */
  messageId: string
}

/**
 * Handles a message that may come again: notes its id and does the work in one transaction, so that both
 * are there or neither. Answers false, and does nothing, when it was handled before; of two deliveries
 * at once the second waits for what becomes of the first. Acknowledge it to the broker afterwards,
 * whatever the answer; not when this throws.
 */
export function handleOnce(
  pool: Pool,
  { consumer, messageId }: Delivery,
  work: (tx: Executor) => Promise<void>,
): Promise<boolean> {
  return inTransaction(pool, async (tx) => {
    const isNew = await insertInboxMessage(tx, { consumer, message_id: messageId })
    if (isNew === 0) return false
    await work(tx)
    return true
  })
}

/**
 * Deletes up to so many notes of messages that were handled longer ago than that and that the outbox can
 * not replay any more, the oldest first; answers how many.
 */
export function deleteOldNotes(
  db: Executor,
  { ageMs, limit }: { ageMs: number; limit: number },
): Promise<number> {
  return deleteOldInboxMessages(db, { age_ms: BigInt(ageMs), limit: BigInt(limit) })
}
