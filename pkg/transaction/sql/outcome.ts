import { Fault } from '../../../internal/fault/fault'
import { sqlStateOf } from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import type { Decision } from '../decide'
import { transactionFaults } from '../transaction'
import type { PostOptions } from './post'
import { findXactStatus, listHolds, listTransactionsByIds } from './transaction.sql.ts'

type Outcome = 'committed' | 'not committed'

const pauseMs = 50
// An id that the server never gave out: it crashed, and the transaction with it.
const invalidParameterValue = '22023'

/**
 * Finds out whether a transaction was committed whose connection broke. Its status only tells when
 * it is over: after a crash an id whose traces were not yet on disk is given out a second time. The
 * truth is whether its rows are there. Throws ledger.outcome_unknown when the time is over first.
 */
export function newOutcomeFinder(
  lanes: Pool,
  { outcomeTimeoutMs, sleep }: Pick<PostOptions, 'outcomeTimeoutMs' | 'sleep'>,
): (decision: Decision, xactId: string) => Promise<Outcome> {
  return async (decision, xactId) => {
    const deadline = performance.now() + outcomeTimeoutMs
    let cause: unknown
    while (performance.now() < deadline) {
      try {
        if (await isOver(lanes, xactId)) return await lookForTrace(lanes, decision)
      } catch (error) {
        cause = error
      }
      await sleep(pauseMs)
    }
    throw newOutcomeUnknown(cause)
  }
}

export function newOutcomeUnknown(cause: unknown): Fault {
  return new Fault(transactionFaults.outcomeUnknown, {
    detail: 'It is not known whether it was posted. Send it again with the same Idempotency-Key.',
    cause,
  })
}

async function isOver(lanes: Pool, xactId: string): Promise<boolean> {
  try {
    const { status } = await findXactStatus(lanes, { xact_id: xactId })
    return status !== 'in progress'
  } catch (error) {
    // A Fault is a session that could not be had at all.
    if (!(error instanceof Fault) && sqlStateOf(error) === invalidParameterValue) return true
    throw error
  }
}

/** A group is written whole or not at all, so one of its rows speaks for all. */
async function lookForTrace(lanes: Pool, decision: Decision): Promise<Outcome> {
  const { movements, openedHolds, changedHolds } = decision
  const [movement] = movements
  if (movement) {
    const rows = await listTransactionsByIds(lanes, { ids: [movement.id] })
    return rows.length > 0 ? 'committed' : 'not committed'
  }
  // What closes a hold closes it for ever, so that the moment tells who it was.
  const hold = openedHolds[0] ?? changedHolds.find(({ closedAt }) => closedAt !== null)
  if (hold) {
    const [row] = await listHolds(lanes, { ids: [hold.id] })
    const isOurs = row && (hold.closedAt === null || row.closed_at === hold.closedAt)
    return isOurs ? 'committed' : 'not committed'
  }
  // Nothing but answers to keys was written, or another time of expiry: the next try finds them, or
  // writes them.
  return 'not committed'
}
