import type { Apps } from '../../cmd/api/routes'
import { Fault } from '../../internal/fault/fault'
import { readDecimal } from '../../internal/money/decimal'
import type { Instant } from '../../internal/clock/instant'
import type { LedgerAnswer, Verdict } from '../../pkg/transaction/instruction'
import type { TransactionRequest } from '../../pkg/transaction/transaction'
import { instantOf, type Span } from './moment'
import type { Place, Rig } from './rig'
import type { Ask, LedgerAsk, PostWish } from './wish'

/** A request that was sent, and what came of it. */
export interface Call {
  ask: Ask
  /** Turns of one counter: what was answered before another was sent came before it. */
  sentAt: number
  answeredAt: number
  /** The same on the database's clock, a little wider than it was. */
  span: Span
  answer: { value: unknown } | { fault: Fault }
  /** Of a ledger's answer: where it was decided. */
  place: Place | undefined
  /** Of a change of an account: when it had the lock. */
  lockedAt: Instant | undefined
}

/** The clocks of the test and of the database differ by as much, and ours counts milliseconds only. */
const slackMs = 3

export interface Caller {
  call(ask: Ask, instance: number): Promise<Call>
  calls: readonly Call[]
}

export function newCaller(rig: Rig, offsetMs: number): Caller {
  const calls: Call[] = []
  let turn = 0
  const clock = (shiftMs: number) => instantOf((Date.now() + offsetMs + shiftMs) * 1000)
  return {
    calls,
    async call(ask, instance) {
      const sentAt = ++turn
      const from = clock(-slackMs)
      const { result: answer, lockedAt } = await rig.watch(() =>
        settle(send(ask, rig.instances[instance % rig.instances.length]!)),
      )
      const span = { from, until: clock(slackMs) }
      const place = 'value' in answer ? placeIn(rig, answer.value) : undefined
      const call = { ask, sentAt, answeredAt: ++turn, span, answer, place, lockedAt }
      calls.push(call)
      return call
    },
  }
}

function placeIn(rig: Rig, value: unknown): Place | undefined {
  return typeof value === 'object' && value !== null ? rig.placeOf(value) : undefined
}

/** What is no Fault is a defect, and ends the program. */
async function settle(sent: Promise<unknown>): Promise<Call['answer']> {
  try {
    return { value: await sent }
  } catch (error) {
    if (error instanceof Fault) return { fault: error }
    throw error
  }
}

function send(ask: Ask, apps: Apps): Promise<unknown> {
  switch (ask.kind) {
    case 'ledger':
      return sendToLedger(ask, apps)
    case 'user':
      return apps.users.create({ id: ask.id, firstName: 'Ada', lastName: ask.id })
    case 'account': {
      const { id, userId, currency, minBalance } = ask
      return apps.accounts.open({ id, userId, currency, minBalance, name: `of ${userId}` })
    }
    case 'close':
      return apps.accounts.close(ask.id)
    case 'limit':
      return apps.accounts.setMinBalance(ask.id, () => ask.minBalance)
    case 'read user':
      return apps.users.getOverview(ask.id)
    case 'read account':
      return apps.accounts.get(ask.id)
    case 'read transaction':
      return apps.transactions.get(ask.id)
    case 'read hold':
      return apps.holds.get(ask.id)
    case 'page':
      return apps.transactions.listByAccount(ask.id, ask)
    case 'largest':
      return apps.transactions.listLargestExpenses(ask.id, ask)
  }
}

function sendToLedger(ask: LedgerAsk, apps: Apps): Promise<LedgerAnswer | Verdict> {
  const { mode, isDryRun, wishes } = ask
  if (mode !== 'single') {
    const requests = (wishes as PostWish[]).map(toRequest)
    return apps.transactions.createMany(requests, { isAtomic: mode === 'atomic', isDryRun })
  }
  const wish = wishes[0]!
  const { holds, transactions } = apps
  switch (wish.kind) {
    case 'post':
      return transactions.create(toRequest(wish), { isDryRun })
    case 'reverse':
      return transactions.reverse(wish.transactionId, wish.key)
    case 'hold': {
      const { kind: _, ...request } = wish
      return holds.open({ ...request, amount: readDecimal(wish.amount)! })
    }
    case 'capture': {
      const amount = wish.amount === null ? null : readDecimal(wish.amount)!
      return holds.capture(wish.holdId, amount, wish.key)
    }
    case 'release':
      return holds.release(wish.holdId, wish.key)
    case 'extend':
      return holds.extend(wish.holdId, wish.expiresAt, wish.key)
  }
}

function toRequest({ kind: _, amount, ...wish }: PostWish): TransactionRequest {
  return { ...wish, amount: readDecimal(amount)! }
}
