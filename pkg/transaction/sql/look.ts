import type { Ids } from '../../../internal/id/id'
import type { Executor } from '../../../internal/postgres/query'
import type { LedgerState } from '../book'
import { decide, type Decision } from '../decide'
import { touches, type LedgerRequest } from '../instruction'
import { asksOf, lookBeside, type Asks, type Companions } from './companion'
import { toHold, toLocked, toStoredAnswer } from './row'
import {
  listAccountIds,
  listAnswers,
  listHolds,
  listReversedIds,
  lockAccounts,
  lockFreeAccounts,
  type ListAnswersRow,
} from './transaction.sql.ts'

/** A group on its way, with what all its tries have in common. */
export interface Group {
  requests: readonly LedgerRequest[]
  accountIds: string[]
  keys: string[]
  holdIds: string[]
  /** Of the transactions that are to be reversed. */
  originalIds: string[]
  asks: Asks
  /** After a wait for locks was in vain: go on without the accounts that others hold. */
  passesHeldAccounts: boolean
  /** Until a turn came too late: whoever has it may be stuck, and a turn decides nothing. */
  takesTurns: boolean
  /** Tries so far. */
  attempts: number
}

export function newGroup(requests: readonly LedgerRequest[]): Group {
  const instructions = requests.flatMap((request) => request.instructions)
  return {
    requests,
    accountIds: [...new Set(instructions.flatMap(touches))],
    keys: instructions.flatMap(({ idempotency }) => (idempotency ? [idempotency.key] : [])),
    holdIds: instructions.flatMap((one) => ('hold' in one ? [one.hold.id] : [])),
    originalIds: instructions.flatMap((one) => ('original' in one ? [one.original.id] : [])),
    asks: asksOf(instructions),
    passesHeldAccounts: false,
    takesTurns: true,
    attempts: 0,
  }
}

export interface Look {
  state: LedgerState
  now: Decision['now']
  xactId: string
  xactNo: bigint
}

const send = (client: Executor, text: string) => client.query({ text, values: [] })

/**
 * The first answers to these keys. In a transaction of their own: in the group's, which is serializable, looking
 * for keys that are not there would lock pages of the index against every other group that adds keys.
 */
async function findAnswers(client: Executor, keys: string[]): Promise<ListAnswersRow[]> {
  if (keys.length === 0) return []
  const [, answers] = await Promise.all([
    send(client, 'begin isolation level read committed'),
    listAnswers(client, { keys }),
    send(client, 'end'),
  ])
  return answers
}

/** The first round trip. */
export async function lockAndLook(
  client: Executor,
  group: Group,
  known: Companions = {},
): Promise<Look> {
  const { accountIds, keys, holdIds, originalIds, passesHeldAccounts } = group
  const lock = passesHeldAccounts ? lockFreeAccounts : lockAccounts
  const [answers, , rows, existing, holds, reversed, companions] = await Promise.all([
    findAnswers(client, keys),
    send(client, 'begin isolation level serializable'),
    lock(client, { ids: accountIds }),
    passesHeldAccounts ? listAccountIds(client, { ids: accountIds }) : [],
    holdIds.length > 0 ? listHolds(client, { ids: holdIds }) : [],
    originalIds.length > 0 ? listReversedIds(client, { ids: originalIds }) : [],
    lookBeside(client, group, known),
  ])
  const { accounts, ...clock } = toLocked(rows)
  const state = {
    accounts,
    heldAccountIds: new Set(existing.map(({ id }) => id).filter((id) => !accounts.has(id))),
    holds: new Map(holds.map((row) => [row.id, toHold(row)])),
    reversedIds: new Set(reversed.map((row) => row.reverses_id)),
    answers: toAnswers(answers),
    companions,
  }
  return { state, ...clock }
}

/**
 * The keys were looked for before the snapshot. One that somebody else used in between is refused when it
 * is written; but a dry run writes none, nor does an atomic request that was refused: those keys are
 * looked for again, in the snapshot.
 */
export async function decideKnowingAll(
  client: Executor,
  { requests, keys }: Group,
  { state, now }: Pick<Look, 'state' | 'now'>,
  ids: Ids,
): Promise<Decision> {
  const stamp = { now, newId: ids.next }
  const decision = decide(requests, state, stamp)
  const written = new Set(decision.remembered.map(({ idempotency }) => idempotency.key))
  const open = keys.filter((key) => !written.has(key) && !state.answers.has(key))
  if (open.length === 0) return decision
  const rows = await listAnswers(client, { keys: open })
  if (rows.length === 0) return decision
  const answers = new Map([...state.answers, ...toAnswers(rows)])
  return decide(requests, { ...state, answers }, stamp)
}

function toAnswers(rows: readonly ListAnswersRow[]): LedgerState['answers'] {
  return new Map(rows.map((row) => [row.key, toStoredAnswer(row)]))
}
