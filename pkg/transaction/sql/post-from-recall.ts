import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import { isBreak, isConnectionError, sqlState, sqlStateOf } from '../../../internal/postgres/errors'
import type { Client } from '../../../internal/postgres/pool'
import type { SharedClient } from '../../../internal/postgres/shared-client'
import type { LedgerState, LockedAccount } from '../book'
import { decide, type Decision } from '../decide'
import type { LedgerRequest } from '../instruction'
import { toRecalledColumns } from './columns'
import { lossOf } from './commit'
import type { Group } from './look'
import { moveTo, notYet, nowhere, toMoves, type Moves } from './move'
import { isOutcomeUnknown, type OutcomeFinder } from './outcome'
import type { Recall } from './recall'
import { toLockedAccount } from './row'
import { readAccounts, writeFromRecall } from './transaction.sql.ts'
import { isLate, type Turns } from './turn'

export interface RecallDeps {
  recall: Recall
  turns: Turns | undefined
  ids: Ids
  findOutcome: OutcomeFinder
}

/** A decision, and the accounts that it was made by. */
interface Recalled {
  decision: Decision
  known: ReadonlyMap<string, LockedAccount>
}

/**
 * Posts a group by one statement, which is a transaction by itself: decided by how its accounts were left, and
 * written moved to where they stand by now. The next group of the lane may be decided and sent before this one is
 * answered. Accounts of which nothing is known are read before. Undefined when nothing was posted, and the group
 * has to be looked at under lock.
 */
export async function postFromRecall(
  group: Group,
  client: SharedClient,
  { recall, turns, ids, findOutcome }: RecallDeps,
): Promise<Decision | undefined> {
  if (!group.requests.every(isPlain) || !(await areKnown(group, client, recall))) return undefined
  const recalled = decideFromRecall(group, recall, ids)
  if (!recalled) return undefined
  const { decision } = recalled
  recall.keep(decision.accounts)
  group.attempts += 1
  try {
    const { moves, pid, lost } = await client.use((shared) => send(shared, recalled, group, turns))
    if (!lost) {
      recall.move(decision.accounts, moves)
      return decision
    }
    recall.forget(group.accountIds)
    if ((await findOutcome(decision, { pid })) === 'committed') return decision
  } catch (error) {
    if (sqlStateOf(error) === sqlState.serialization_failure) turns?.note(group.accountIds)
    recall.forget(group.accountIds)
    passOrThrow(error, group)
  }
  return undefined
}

async function areKnown(
  { accountIds }: Group,
  client: SharedClient,
  recall: Recall,
): Promise<boolean> {
  const unknown = recall.unknown(accountIds)
  if (unknown.length === 0) return true
  const rows = await client.use((shared) => readAccounts(shared, { ids: unknown })).catch(doWithout)
  if (!rows) return false
  recall.learn(rows.map((row) => toLockedAccount({ ...row, expired_hold_ids: null })))
  return true
}

/**
 * It may have failed for somebody else's sake. Whoever sent the statement first was to prepare it for all on the
 * connection, and had to give up; or the connection broke under what another group wrote.
 */
function doWithout(error: unknown): undefined {
  if (error instanceof Fault && !isBreak(error)) throw error
}

/**
 * Undefined when more has to be known than accounts, and when there would be no row to go by if the commit were
 * not answered: of a refusal's, nobody knows at what time the statement would have dated it.
 */
function decideFromRecall(
  { requests, accountIds, keys }: Group,
  recall: Recall,
  { next: newId }: Ids,
): Recalled | undefined {
  const accounts = recall.accounts(accountIds)
  if (!accounts) return undefined
  const decision = decide(requests, { ...nothingElse, accounts }, { now: notYet, newId })
  // A key that is not written may have been used before.
  const isWhole = decision.remembered.length === keys.length
  return isWhole && decision.movements.length > 0 ? { decision, known: accounts } : undefined
}

const nothingElse: Omit<LedgerState, 'accounts'> = {
  heldAccountIds: new Set(),
  holds: new Map(),
  reversedIds: new Set(),
  answers: new Map(),
}

/** Transactions that count from now on. */
function isPlain({ instructions, isDryRun }: LedgerRequest): boolean {
  return !isDryRun && instructions.every((one) => one.kind === 'post' && !one.effectiveAt)
}

interface Sent {
  moves: Moves
  pid: number | null
  lost?: unknown
}

/** All at once, so that nothing of another group comes in between; a turn is waited for by the server alone. */
async function send(
  client: Client,
  { decision, known }: Recalled,
  group: Group,
  turns: Turns | undefined,
): Promise<Sent> {
  const turn = group.takesTurns ? turns?.take(client, group.accountIds) : undefined
  const late = isLate(turn)
  let moves = nowhere
  let written: Promise<unknown>
  try {
    const columns = toRecalledColumns(decision, known, group.requests)
    written = writeFromRecall(client, columns).then((rows) => {
      moves = toMoves(rows)
      moveTo(decision.movements, moves, rows[0]!.now)
    })
  } finally {
    // Also when nothing was sent, as it could not be encoded.
    if (turn) turns?.giveUp(client).catch(() => {})
  }
  const lost = await lossOf(written)
  group.takesTurns &&= !(await late)
  // Somebody else was there meanwhile, and will be again.
  if (turn && moves.size > 0) turns?.note([...moves.keys()])
  const isAnswered = sqlStateOf(lost) !== undefined && !isConnectionError(lost)
  return { moves, pid: isAnswered ? null : client.pid, lost }
}

/** Whatever else the database says may be about what somebody else did, and is asked again under lock. */
function passOrThrow(error: unknown, group: Group): void {
  if (!(error instanceof Fault)) return
  const isLockTimeout = sqlStateOf(error) === sqlState.lock_not_available
  if (!isLockTimeout || isOutcomeUnknown(error)) throw error
  // That was the wait for the locks.
  group.passesHeldAccounts = true
  group.takesTurns = false
}
