import { Fault } from '../../../internal/fault/fault'
import { sqlStateOf } from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import type { Decision } from '../decide'
import { transactionFaults } from '../transaction'
import type { PostOptions } from './post'
import { findTransactionById, findXactStatus } from './transaction.sql.ts'

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
  return async ({ movements }, xactId) => {
    const deadline = performance.now() + outcomeTimeoutMs
    let cause: unknown
    while (performance.now() < deadline) {
      try {
        if (await isOver(lanes, xactId)) return await lookForRow(lanes, movements[0]?.id)
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
    if (sqlStateOf(error) === invalidParameterValue) return true
    throw error
  }
}

/** A group is written whole or not at all, so one of its rows speaks for all. */
async function lookForRow(lanes: Pool, transactionId: string | undefined): Promise<Outcome> {
  // Nothing but answers to keys was written: the next try finds them, or writes them.
  if (transactionId === undefined) return 'not committed'
  const row = await findTransactionById(lanes, { id: transactionId })
  return row ? 'committed' : 'not committed'
}
