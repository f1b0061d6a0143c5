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
import type { Decision } from '../decide'
import type { GroupWatch } from '../group-watch'
import type { LedgerAnswer, LedgerRequest } from '../instruction'
import { transactionFaults } from '../transaction'
import { writeBeside, type Companions, type Send } from './companion'
import { toChangedHoldColumns, toColumns, toLateEntryColumns, toOpenedHoldColumns } from './columns'
import { decideKnowingAll, lockAndLook, newGroup, type Group, type Look } from './look'
import { newOutcomeFinder, newOutcomeUnknown } from './outcome'
import { newTurns, type Turns } from './turn'
import {
  closeExpiredHolds,
  insertHolds,
  insertLateEntries,
  updateHolds,
  writeGroup,
} from './transaction.sql.ts'

export interface PostOptions {
  /** How often a group is tried that others keep from committing. */
  attemptsMax: number
  /** How long the outcome of a broken commit is looked for. */
  outcomeTimeoutMs: number
  /**
   * Told of an account each time it has some hundreds of entries more, for whoever rolls them up. Must
   * not throw: it is called behind the commit, which would be taken for failed.
   */
  onManyEntries?(accountId: string): void
  /** Not behind a pooler that hands a session to another client between two statements. */
  takesTurns?: boolean
  /** What can be paid for in the commit that pays, by kind. */
  companions?: Companions
  watch?: GroupWatch | undefined
  /** The wait before another try. */
  sleep(ms: number): Promise<void>
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
): (requests: readonly LedgerRequest[]) => Promise<LedgerAnswer[]> {
  const findOutcome = newOutcomeFinder(lanes, options)
  const turns = options.takesTurns ? newTurns() : undefined
  const { companions = {} } = options

  return (requests) => watched(newGroup(requests), options.watch, post)

  async function post(group: Group): Promise<LedgerAnswer[]> {
    let cause: unknown
    for (let attempt = 1; attempt <= options.attemptsMax; attempt++) {
      group.attempts = attempt
      const hadTurns = group.takesTurns
      try {
        const { decision, xactId, lost } = await lanes.withClient((client) =>
          attemptGroup(client, group, { ids, turns, companions }),
        )
        if (!lost || (await findOutcome(decision, xactId)) === 'committed') {
          tellOfMany(decision, options.onManyEntries)
          return decision.answers
        }
        cause = lost
      } catch (error) {
        if (isLockTimeout(error) && !group.passesHeldAccounts) {
          // It was the turn or an account; without turns it is tried for the account once more.
          group.passesHeldAccounts = !hadTurns || group.takesTurns
          group.takesTurns = false
        } else if (!isCausedByOthers(error)) throw error
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

async function watched(
  group: Group,
  watch: GroupWatch | undefined,
  post: (group: Group) => Promise<LedgerAnswer[]>,
): Promise<LedgerAnswer[]> {
  const end = watch?.begin(group.requests)
  const ended = () => ({ accounts: group.accountIds.length, attempts: group.attempts })
  try {
    const answers = await post(group)
    end?.(ended())
    return answers
  } catch (error) {
    end?.({ ...ended(), error })
    throw error
  }
}

const manyEntries = 512n

function tellOfMany({ movements }: Decision, tell = (_accountId: string) => {}): void {
  for (const { accountId, entryNo, counterpartyId, counterpartyEntryNo } of movements) {
    if (entryNo % manyEntries === 0n) tell(accountId)
    if (counterpartyEntryNo !== null && counterpartyEntryNo % manyEntries === 0n) {
      tell(counterpartyId!)
    }
  }
}

/** One try. When it throws, the transaction is rolled back. */
async function attemptGroup(
  client: Executor,
  group: Group,
  { ids, turns, companions }: { ids: Ids; turns: Turns | undefined; companions: Companions },
): Promise<Attempt> {
  // Not awaited: what comes next is sent right behind it.
  const turn = group.takesTurns ? turns?.take(client, group.accountIds) : undefined
  const late = turn?.then(
    () => false,
    () => true,
  )
  try {
    const { xactId, xactNo, ...look } = await lockInTurn(client, group, { turns, turn, companions })
    const decision = await decideKnowingAll(client, group, look, ids)
    const written = writeAndCommit(client, decision, { xactNo, companions })
    if (await turn) turns?.giveUp(client).catch(() => {})
    return { decision, xactId, lost: await written }
  } catch (error) {
    // Sent together, so that no turn outlives the transaction.
    await Promise.allSettled([
      client.query({ text: 'rollback', values: [] }),
      turn && turns?.giveUp(client),
    ])
    group.takesTurns &&= !(await late)
    throw error
  }
}

interface Locking {
  turns: Turns | undefined
  turn: Promise<boolean> | undefined
  companions: Companions
}

/** When another process came in between, it may again: from then on both take turns for a while. */
async function lockInTurn(
  client: Executor,
  group: Group,
  { turns, turn, companions }: Locking,
): Promise<Look> {
  try {
    const [look] = await Promise.all([lockAndLook(client, group, companions), turn])
    return look
  } catch (error) {
    if (sqlStateOf(error) === sqlState.serialization_failure) turns?.note(group.accountIds)
    throw error
  }
}

/** The second round trip. Answers the error that leaves it open whether the commit happened. */
async function writeAndCommit(
  client: Executor,
  decision: Decision,
  { xactNo, companions }: { xactNo: bigint; companions: Companions },
): Promise<unknown> {
  try {
    const written = sendAll([
      ...write(client, decision, xactNo),
      // Behind the transactions, which its rows may refer to.
      ...writeBeside(client, decision, companions),
    ])
    await firstFailureOf([...written, commit(client)])
    return undefined
  } catch (error) {
    if (error instanceof Fault && error.code === transactionFaults.outcomeUnknown.code) return error
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

/** The statements that write what was decided; what there is nothing of is left out. */
function write(client: Executor, decision: Decision, xactNo: bigint): Send[] {
  const { openedHolds, changedHolds, lateEntries, accounts, remembered } = decision
  const expiredIds = accounts.flatMap((account) => account.expiredHoldIds)
  return [
    openedHolds.length > 0 && (() => insertHolds(client, toOpenedHoldColumns(openedHolds))),
    changedHolds.length > 0 && (() => updateHolds(client, toChangedHoldColumns(changedHolds))),
    expiredIds.length > 0 && (() => closeExpiredHolds(client, { ids: expiredIds })),
    lateEntries.length > 0 && (() => insertLateEntries(client, toLateEntryColumns(lateEntries))),
    accounts.length + remembered.length > 0 && (() => writeRows(client, decision, xactNo)),
  ].filter((statement) => statement !== false)
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
function writeRows(client: Executor, decision: Decision, xactNo: bigint): Promise<unknown> {
  return writeGroup(client, toColumns(decision, xactNo)).catch((error: unknown) => {
    // Without a key it is the whole table that somebody else holds.
    if (!isLockTimeout(error) || decision.remembered.length === 0) throw error
    throw new Fault(transactionFaults.inProgress, {
      detail: 'A request with this Idempotency-Key is being carried out; send it again later.',
      retryAfterSeconds: 1,
      cause: error,
    })
  })
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
