import { Fault } from '../../../internal/fault/fault'
import type { Ids } from '../../../internal/id/id'
import { isConnectionError, sqlState, sqlStateOf } from '../../../internal/postgres/errors'
import type { Client } from '../../../internal/postgres/pool'
import type { SharedClient } from '../../../internal/postgres/shared-client'
import type { LedgerState, LockedAccount } from '../book'
import { decide, type Decision } from '../decide'
import type { LedgerRequest } from '../instruction'
import { toRecalledColumns } from './columns'
import { sendAndCommit } from './commit'
import { begin, type Group } from './look'
import { isOutcomeUnknown, type OutcomeFinder } from './outcome'
import type { Recall } from './recall'
import { toLockedAccount } from './row'
import { readAccounts, writeFromRecall } from './transaction.sql.ts'

export interface RecallDeps {
  recall: Recall
  ids: Ids
  findOutcome: OutcomeFinder
}

/** A decision, and the accounts that it was made by. */
interface Recalled {
  decision: Decision
  known: ReadonlyMap<string, LockedAccount>
}

/**
 * Posts a group in one round trip, decided by how its accounts were left: begin, write if they are still so,
 * commit. The next group of the lane may be decided and sent before this one is answered; when this one
 * comes to nothing, so does what was decided by it. Accounts of which nothing is known are read before.
 * Undefined when nothing was posted, and the group has to be looked at under lock.
 */
export async function postFromRecall(
  group: Group,
  client: SharedClient,
  { recall, ids, findOutcome }: RecallDeps,
): Promise<Decision | undefined> {
  if (!group.requests.every(isPlain) || !(await areKnown(group, client, recall))) return undefined
  const recalled = decideFromRecall(group, recall, ids)
  if (!recalled) return undefined
  const { decision } = recalled
  recall.keep(decision.accounts)
  group.attempts += 1
  const age = recall.age()
  try {
    const { pid, lost } = await client.use((shared) => send(shared, recalled, recall))
    if (!lost || (await findOutcome(decision, { pid })) === 'committed') return decision
    recall.forget(group.accountIds)
  } catch (error) {
    const isByOthers = sqlStateOf(error) === sqlState.serialization_failure && age === recall.age()
    if (isByOthers) recall.distrust(group.accountIds)
    else recall.forget(group.accountIds)
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
  if (!unknown) return false
  if (unknown.length === 0) return true
  const rows = await client.use((shared) => readAccounts(shared, { ids: unknown })).catch(doWithout)
  if (!rows) return false
  const [first] = rows
  if (first) recall.hear(first.now)
  recall.learn(rows.map((row) => toLockedAccount({ ...row, expired_hold_ids: null })))
  return true
}

/**
 * A refusal may be for somebody else's sake: whoever sent the statement first was to prepare it for all on the
 * connection, and had to give up.
 */
function doWithout(error: unknown): undefined {
  if (error instanceof Fault) throw error
}

/** Undefined when more has to be known than accounts, or the database knows more of them. */
function decideFromRecall(
  { requests, accountIds, keys }: Group,
  recall: Recall,
  { next: newId }: Ids,
): Recalled | undefined {
  const accounts = recall.accounts(accountIds)
  const now = accounts && recall.now()
  if (!now) return undefined
  const decision = decide(requests, { ...nothingElse, accounts }, { now, newId })
  const { movements, remembered, lateEntries } = decision
  // A key that is not written may have been used before.
  const isWhole = remembered.length === keys.length && lateEntries.length === 0
  return isWhole && movements.length + remembered.length > 0
    ? { decision, known: accounts }
    : undefined
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

/** All at once, so that nothing of another group comes in between. */
async function send(
  client: Client,
  { decision, known }: Recalled,
  recall: Recall,
): Promise<{ pid: number | null; lost?: unknown }> {
  // What cannot be encoded fails like a statement: begin and commit go out alone then, and do nothing.
  const write = async () => {
    const { now } = await writeFromRecall(client, toRecalledColumns(decision, known))
    recall.hear(now)
  }
  const lost = await sendAndCommit(client, [() => begin(client), write])
  return { pid: isConnectionError(lost) ? client.pid : null, lost }
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
