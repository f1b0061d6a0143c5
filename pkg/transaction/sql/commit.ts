import { Fault } from '../../../internal/fault/fault'
import { isConnectionError, isTimeout, sqlStateOf } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import type { Send } from './companion'
import { isOutcomeUnknown, newOutcomeUnknown } from './outcome'

/** Sends all of them and a commit in one go. Answers the error that leaves it open whether that happened. */
export async function sendAndCommit(client: Executor, sends: readonly Send[]): Promise<unknown> {
  try {
    await firstFailureOf([...sendAll(sends), commit(client)])
    return undefined
  } catch (error) {
    if (isOutcomeUnknown(error)) return error
    if (isConnectionError(error instanceof Fault ? error.cause : error)) return error
    throw error
  }
}

/**
 * All of them or the error of the first that cannot be sent, so that no commit goes out behind a part: the
 * server would know of nothing that is missing.
 */
function sendAll(sends: readonly Send[]): Promise<unknown>[] {
  const sent: Promise<unknown>[] = []
  try {
    for (const send of sends) sent.push(send())
    return sent
  } catch (error) {
    // Rolled back with the rest; what became of them is nobody's question any more.
    for (const one of sent) one.catch(() => {})
    throw error
  }
}

/**
 * Waits for all, and throws what failed first in their order: what comes behind it only says that the
 * transaction is aborted, and may be heard of earlier.
 */
async function firstFailureOf(statements: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(statements)) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}

/**
 * Whatever else goes wrong while it commits, a full disk for one, may have gone wrong after the
 * commit was written: only a refusal says for certain that it was not.
 */
async function commit(client: Executor): Promise<void> {
  const { command } = await client.query({ text: 'commit', values: [] }).catch((cause: unknown) => {
    if (isRefused(cause)) throw cause
    throw newOutcomeUnknown(cause)
  })
  // The server answers a commit with ROLLBACK, and no error, when the transaction had failed.
  if (command !== 'COMMIT') throw new Error(`commit was answered with ${command}`)
}

/**
 * A statement that is a transaction by itself: its answer is the commit's. Answers the error that leaves it open
 * whether that happened. The server gives up waiting in the statement alone: not in the commit, where it neither
 * waits for locks nor minds its time, nor lets itself be cancelled.
 */
export async function lossOf(statement: Promise<unknown>): Promise<unknown> {
  try {
    await statement
    return undefined
  } catch (error) {
    if (isRefused(error) || isTimeout(error)) throw error
    return error
  }
}

/** SQLSTATE classes 40 and 23: the transaction was rolled back, or a constraint was violated. */
function isRefused(error: unknown): boolean {
  return /^(?:40|23)/.test(sqlStateOf(error) ?? '')
}
