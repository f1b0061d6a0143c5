import type { Instant } from '../../../internal/clock/instant'
import type { Movement } from '../transaction'
import type { ListTransactionsByIdsRow, WriteFromRecallRow } from './transaction.sql.ts'

/** By how much accounts stood elsewhere than it was decided by, by their ids; the others stood there. */
export type Moves = ReadonlyMap<string, { balance: bigint; entryNo: bigint }>

/** What is decided by memory is dated when it is written; until then behind every other time, so that nothing is late. */
export const notYet = 'infinity' as Instant

/** All stood where it was decided by. */
export const nowhere: Moves = new Map()

export function toMoves(rows: readonly WriteFromRecallRow[]): Moves {
  const [{ id }] = rows as [WriteFromRecallRow]
  if (id === null) return nowhere
  return new Map(
    rows.map((row) => [row.id!, { balance: row.balance_moved!, entryNo: row.entry_no_moved! }]),
  )
}

/** Makes of movements that were decided by memory what was written. Their answers are about the same objects. */
export function moveTo(movements: readonly Movement[], moves: Moves, now: Instant): void {
  for (const movement of movements) {
    movement.effectiveAt = now
    movement.createdAt = now
    if (moves.size > 0) move(movement, moves)
  }
}

function move(movement: Movement, moves: Moves): void {
  const by = moves.get(movement.accountId)
  if (by) {
    movement.balanceAfter += by.balance
    movement.entryNo += by.entryNo
  }
  const other = movement.counterpartyId === null ? undefined : moves.get(movement.counterpartyId)
  if (other) {
    movement.counterpartyBalanceAfter! += other.balance
    movement.counterpartyEntryNo! += other.entryNo
  }
}

/** The same by the rows themselves, of a write whose answer never came. */
export function correct(
  movements: readonly Movement[],
  rows: readonly ListTransactionsByIdsRow[],
): void {
  const byId = new Map(rows.map((row) => [row.id, row]))
  for (const movement of movements) {
    const row = byId.get(movement.id)!
    movement.balanceAfter = row.balance_after
    movement.effectiveAt = row.effective_at
    movement.createdAt = row.created_at
  }
}
