import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import {
  isConnectionError,
  sqlState,
  sqlStateOf,
  violates,
} from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { decide, touches, type Decision, type LedgerState } from '../decide'
import { transactionFaults, type NewTransaction, type Verdict } from '../transaction'
import { toColumns } from './columns'
import { newOutcomeFinder, newOutcomeUnknown } from './outcome'
import { isAccount, toLockedAccount, toStoredAnswer } from './row'
import {
  listAccountIds,
  listAnswers,
  lockAccounts,
  lockFreeAccounts,
  writeGroup,
} from './transaction.sql.ts'

export interface PostOptions {
  /** How often a group is tried that others keep from committing. */
  attemptsMax: number
  /** How long the outcome of a broken commit is looked for. */
  outcomeTimeoutMs: number
  /** The wait before another try. */
  sleep(ms: number): Promise<void>
}

/** A group on its way, with what all its tries have in common. */
interface Group {
  requests: readonly NewTransaction[]
  accountIds: string[]
  keys: string[]
  /** After a wait for locks was in vain: go on without the accounts that others hold. */
  passesHeldAccounts: boolean
}

/** `lost`: the commit's answer never came, so whether it happened has to be looked up. */
interface Attempt {
  decision: Decision
  xactId: string
  lost?: unknown
}

/**
 * Posts a group as one SERIALIZABLE transaction in two round trips: lock and look, decide, write and
 * commit. What others caused (a serialization failure, a deadlock, a key that came first elsewhere)
 * is tried again with the whole group; a broken commit is looked up before anyone is told anything.
 */
export function newGroupPoster(
  lanes: Pool,
  ids: Ids,
  options: PostOptions,
): (requests: readonly NewTransaction[]) => Promise<Verdict[]> {
  const findOutcome = newOutcomeFinder(lanes, options)

  return async (requests) => {
    const group = newGroup(requests)
    let cause: unknown
    for (let attempt = 1; attempt <= options.attemptsMax; attempt++) {
      try {
        const { decision, xactId, lost } = await lanes.withClient((client) =>
          attemptGroup(client, group, ids),
        )
        if (!lost || (await findOutcome(decision, xactId)) === 'committed') return decision.verdicts
        cause = lost
      } catch (error) {
        if (isLockTimeout(error) && !group.passesHeldAccounts) group.passesHeldAccounts = true
        else if (!isCausedByOthers(error)) throw error
        cause = error
      }
      await options.sleep(Math.random() * Math.min(2 ** attempt, 50))
    }
    throw new Fault(transactionFaults.busy, {
      detail: 'Others kept changing the same accounts. Nothing was posted; send it again.',
      cause,
    })
  }
}

function newGroup(requests: readonly NewTransaction[]): Group {
  return {
    requests,
    accountIds: [...new Set(requests.flatMap(touches))],
    keys: requests.flatMap(({ idempotency }) => (idempotency ? [idempotency.key] : [])),
    passesHeldAccounts: false,
  }
}

/** One try. When it throws, the transaction is rolled back. */
async function attemptGroup(client: Executor, group: Group, ids: Ids): Promise<Attempt> {
  try {
    const { state, now, xactId } = await lockAndLook(client, group)
    const decision = decide(group.requests, state, { now, newId: ids.next })
    return { decision, xactId, lost: await writeAndCommit(client, decision) }
  } catch (error) {
    await client.query({ text: 'rollback', values: [] }).catch(() => {})
    throw error
  }
}

/** The first round trip. */
async function lockAndLook(
  client: Executor,
  { accountIds, keys, passesHeldAccounts }: Group,
): Promise<{ state: LedgerState; now: Decision['now']; xactId: string }> {
  const lock = passesHeldAccounts ? lockFreeAccounts : lockAccounts
  const [answers, , rows, existing] = await Promise.all([
    keys.length > 0 ? listAnswers(client, { keys }) : [],
    client.query({ text: 'begin isolation level serializable', values: [] }),
    lock(client, { ids: accountIds }),
    passesHeldAccounts ? listAccountIds(client, { ids: accountIds }) : [],
  ])
  const accounts = new Map(rows.filter(isAccount).map((row) => [row.id, toLockedAccount(row)]))
  const state = {
    accounts,
    heldAccountIds: new Set(existing.map(({ id }) => id).filter((id) => !accounts.has(id))),
    answers: new Map(answers.map((row) => [row.key, toStoredAnswer(row)])),
  }
  // Of the rows the last was read when all locks were held.
  const { now, xact_id: xactId } = rows.at(-1)!
  return { state, now, xactId }
}

/** The second round trip. Answers the error that leaves it open whether the commit happened. */
async function writeAndCommit(client: Executor, decision: Decision): Promise<unknown> {
  const isEmpty = decision.movements.length === 0 && decision.remembered.length === 0
  try {
    await Promise.all([isEmpty || write(client, decision), commit(client)])
    return undefined
  } catch (error) {
    if (error instanceof Fault && error.code === transactionFaults.outcomeUnknown.code) return error
    if (isConnectionError(error instanceof Fault ? error.cause : error)) return error
    throw error
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

/** SQLSTATE classes 40 and 23: the transaction was rolled back, or a constraint was violated. */
function isRefused(error: unknown): boolean {
  return /^(?:40|23)/.test(sqlStateOf(error) ?? '')
}

/**
 * With the accounts locked, it only waits where another process holds an equal key and has not
 * committed it yet; in vain: that request is in progress.
 */
async function write(client: Executor, decision: Decision): Promise<void> {
  try {
    await writeGroup(client, toColumns(decision))
  } catch (error) {
    // Without a key it is the whole table that somebody else holds.
    if (!isLockTimeout(error) || decision.remembered.length === 0) throw error
    throw new Fault(transactionFaults.inProgress, {
      detail: 'A request with this Idempotency-Key is being carried out; send it again later.',
      retryAfterSeconds: 1,
      cause: error,
    })
  }
}

function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === sqlState.lock_not_available && !isInProgress(error)
}

function isInProgress(error: unknown): boolean {
  return error instanceof Fault && error.code === transactionFaults.inProgress.code
}

function isCausedByOthers(error: unknown): boolean {
  const state = sqlStateOf(error)
  return (
    state === sqlState.serialization_failure ||
    state === sqlState.deadlock_detected ||
    violates(error, sqlState.unique_violation, 'idempotency_pkey')
  )
}
