import { Fault } from '../../../internal/fault/fault'
import { sqlStateOf } from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import type { Decision } from '../decide'
import { transactionFaults } from '../transaction'
import { correct } from './move'
import type { PostOptions } from './post'
import {
  findAnswerTime,
  findXactStatus,
  isSessionThere,
  listHolds,
  listTransactionsByIds,
} from './transaction.sql.ts'

type Outcome = 'committed' | 'not committed'

/** What the server says of a database transaction; null when it is too long ago to tell. */
type Status = string | null

/**
 * A commit without an answer, by its transaction or, where that was not told, by the server's process. Null:
 * it was answered with an error, and is over.
 */
export type Sent = { xactId: string } | { pid: number | null }

export type OutcomeFinder = (decision: Decision, sent: Sent) => Promise<Outcome>

const pauseMs = 50
// An id that the server never gave out: it crashed, and the transaction with it.
const invalidParameterValue = '22023'

/**
 * Finds out whether a transaction was committed whose connection broke. Its status, or the end of its
 * session, only tells when it is over: after a crash an id whose traces were not yet on disk is given out a
 * second time, as is the number of a process. The truth is whether its rows are there. Throws
 * ledger.outcome_unknown when the time is over first.
 */
export function newOutcomeFinder(
  lanes: Pool,
  { outcomeTimeoutMs, sleep }: Pick<PostOptions, 'outcomeTimeoutMs' | 'sleep'>,
): OutcomeFinder {
  return async (decision, sent) => {
    const deadline = performance.now() + outcomeTimeoutMs
    let cause: unknown
    while (performance.now() < deadline) {
      try {
        const outcome = await lanes.withClient((client) => lookOn(client, decision, sent))
        if (outcome === 'unknown') break
        if (outcome) return outcome
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

/** Final, whatever it was that kept the outcome from being found: tried again, it could be posted twice. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof Fault && error.code === transactionFaults.outcomeUnknown.code
}

/**
 * Each statement by its own snapshot, and none that is serializable: a row that is not there yet would count as
 * read, and a standby has no such thing.
 */
async function lookOn(client: Executor, decision: Decision, sent: Sent) {
  await client.query({ text: 'begin isolation level read committed', values: [] })
  try {
    return await look(client, decision, sent)
  } finally {
    await client.query({ text: 'end', values: [] })
  }
}

/** Undefined while it is in progress. */
async function look(
  db: Executor,
  decision: Decision,
  sent: Sent,
): Promise<Outcome | 'unknown' | undefined> {
  const status = 'pid' in sent ? await findEnd(db, sent) : await findStatus(db, sent)
  const isThere = await isTraceThere(db, decision)
  // A session may go on long after its transaction, when the server has not noticed that nobody is there.
  if (status === 'in progress') return isThere ? 'committed' : undefined
  if (isThere !== undefined) return isThere ? 'committed' : 'not committed'
  return status === 'aborted' ? 'not committed' : lookForEnd(db, decision)
}

async function findEnd(db: Executor, { pid }: { pid: number | null }): Promise<Status> {
  if (pid === null) return null
  return (await isSessionThere(db, { pid })).is_there ? 'in progress' : null
}

async function findStatus(db: Executor, { xactId }: { xactId: string }): Promise<Status> {
  try {
    return (await findXactStatus(db, { xact_id: xactId })).status
  } catch (error) {
    // A Fault is a session that could not be had at all.
    if (!(error instanceof Fault) && sqlStateOf(error) === invalidParameterValue) return 'aborted'
    throw error
  }
}

/**
 * A group is written whole or not at all, so its rows tell: those that nobody changes or takes away.
 * Undefined when it wrote no such row.
 */
async function isTraceThere(db: Executor, decision: Decision): Promise<boolean | undefined> {
  const { movements, openedHolds, changedHolds, remembered, now } = decision
  if (movements.length > 0) {
    const rows = await listTransactionsByIds(db, { ids: movements.map(({ id }) => id) })
    if (rows.length > 0) correct(movements, rows)
    return rows.length > 0
  }
  const [opened] = openedHolds
  if (opened) return (await findHold(db, opened.id)) !== undefined
  // Somebody else may have answered an equal request since, though not at the same moment.
  const [answer] = remembered
  if (answer) {
    const row = await findAnswerTime(db, { key: answer.idempotency.key })
    return row?.created_at === now
  }
  // What closes a hold closes it for ever, so that the moment tells who it was.
  const closed = changedHolds.find(({ closedAt }) => closedAt !== null)
  return closed && (await findHold(db, closed.id))?.closed_at === closed.closedAt
}

/**
 * Holds were given another end, and there is nothing else to go by. Those that they have are as good as
 * given; but one that was given may have been taken by a later one.
 */
async function lookForEnd(db: Executor, { changedHolds }: Decision): Promise<Outcome | 'unknown'> {
  // Nothing at all was written: it can be decided anew.
  if (changedHolds.length === 0) return 'not committed'
  const rows = await listHolds(db, { ids: changedHolds.map(({ id }) => id) })
  const ends = new Map(rows.map((row) => [row.id, row.expires_at]))
  const isAsGiven = changedHolds.every(({ id, expiresAt }) => ends.get(id) === expiresAt)
  return isAsGiven ? 'committed' : 'unknown'
}

async function findHold(db: Executor, id: string) {
  return (await listHolds(db, { ids: [id] }))[0]
}
