import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import { newGate, type Gate } from '../../../internal/gate/gate'
import { sqlState, sqlStateOf, violates } from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { newSharedClient, type SharedClient } from '../../../internal/postgres/shared-client'
import type { LockedAccount } from '../book'
import type { Decision } from '../decide'
import type { GroupWatch } from '../group-watch'
import type { LedgerAnswer } from '../instruction'
import { transactionFaults, type TransactionStore } from '../transaction'
import { writeBeside, type Companions, type Send } from './companion'
import { sendAndCommit } from './commit'
import { toChangedHoldColumns, toColumns, toLateEntryColumns, toOpenedHoldColumns } from './columns'
import { decideKnowingAll, lockAndLook, newGroup, type Group, type Look } from './look'
import { isOutcomeUnknown, newOutcomeFinder } from './outcome'
import { postFromRecall } from './post-from-recall'
import { newRecall } from './recall'
import { isLate, newTurns, type Turns } from './turn'
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
  /**
   * Its connections are sessions of the server, as they are not behind a pooler: then it takes turns with
   * other processes, and posts by what it remembers.
   */
  ownsSessions?: boolean
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
  /** As they were found, under lock. */
  found: Iterable<LockedAccount>
  lost?: unknown
}

/** What groups that may touch the same at once have in common. */
interface Lane {
  gate: Gate
  client: SharedClient
}

/**
 * Posts a group as one SERIALIZABLE transaction: in one round trip when this process remembers the accounts
 * and they can take what was decided by that (see recall.ts), otherwise in two: lock and look, decide, write
 * and commit. What others caused (a serialization failure, a deadlock, a key that came first
 * elsewhere) is tried again with the whole group; a broken commit is looked up before anyone is told
 * anything.
 */
export function newGroupPoster(
  lanes: Pool,
  ids: Ids,
  options: PostOptions,
): Pick<TransactionStore, 'post' | 'restMs'> {
  const findOutcome = newOutcomeFinder(lanes, options)
  const turns = options.ownsSessions ? newTurns() : undefined
  const recall = options.ownsSessions ? newRecall() : undefined
  const { companions = {} } = options
  const lanesByNumber = new Map<number, Lane>()

  const post: TransactionStore['post'] = (requests, number = 0) =>
    watched(newGroup(requests), options.watch, async (group) => {
      const { gate, client } = laneOf(number)
      const decision =
        (recall &&
          (await gate.together(() =>
            postFromRecall(group, client, { recall, turns, ids, findOutcome }),
          ))) ??
        (await gate.alone(() => postUnderLock(group)))
      tellOfMany(decision, options.onManyEntries)
      return decision.answers
    })
  return { post, restMs: turns?.restMs }

  function laneOf(number: number): Lane {
    const lane = lanesByNumber.get(number) ?? { gate: newGate(), client: newSharedClient(lanes) }
    lanesByNumber.set(number, lane)
    return lane
  }

  async function postUnderLock(group: Group): Promise<Decision> {
    let cause: unknown
    for (let attempt = 1; attempt <= options.attemptsMax; attempt++) {
      group.attempts += 1
      const hadTurns = group.takesTurns
      try {
        const { decision, found, xactId, lost } = await lanes.withClient((client) =>
          attemptGroup(client, group, { ids, turns, companions }),
        )
        if (!lost || (await findOutcome(decision, { xactId })) === 'committed') {
          recall?.keep(found)
          recall?.keep(decision.accounts)
          return decision
        }
        cause = lost
      } catch (error) {
        if (isOutcomeUnknown(error)) throw error
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
  { ids, ...locking }: Omit<Locking, 'turn'> & { ids: Ids },
): Promise<Attempt> {
  const { turns, companions } = locking
  // Not awaited: what comes next is sent right behind it.
  const turn = group.takesTurns ? turns?.take(client, group.accountIds) : undefined
  const late = isLate(turn)
  try {
    const { xactId, xactNo, ...look } = await lockInTurn(client, group, { turn, ...locking })
    const decision = await decideKnowingAll(client, group, look, ids)
    // The second round trip.
    const written = sendAndCommit(client, [
      ...write(client, decision, xactNo),
      // Behind the transactions, which its rows may refer to.
      ...writeBeside(client, decision, companions),
    ])
    if (turn) turns?.giveUp(client).catch(() => {})
    return { decision, xactId, found: look.state.accounts.values(), lost: await written }
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
  turn: Promise<unknown> | undefined
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
