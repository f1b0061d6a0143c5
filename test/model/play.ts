import { setTimeout as sleep } from 'node:timers/promises'
import type { Instant } from '../../internal/clock/instant'
import type { LedgerAnswer, Verdict } from '../../pkg/transaction/instruction'
import type { Transaction } from '../../pkg/transaction/transaction'
import { currencies, toUnits } from './amount'
import type { Call, Caller } from './call'
import { instantOf } from './moment'
import type { Expiry, Item, Op, Program, Step } from './program'
import type { Ask, LedgerAsk, PostWish, Wish } from './wish'

/** What the steps of a program speak of, once it runs. */
interface Stage {
  caller: Caller
  /** The beginning of all its ids, so that programs share a database and nothing in it. */
  prefix: string
  offsetMs: number
  /** As they were answered, those of dry runs too, which nobody must ever find. */
  transactionIds: string[]
  holdIds: string[]
  /** What was sent with a key. */
  keyed: LedgerAsk[]
  /** The last row of the last page of an account. */
  rows: Map<string, Transaction>
}

const dates = [
  '2019-05-01T00:00:00.000000Z',
  '2024-02-29T12:00:00.000001Z',
  '2024-02-29T12:00:00.000002Z',
  '2025-12-31T23:59:59.999999Z',
  '2199-01-01T00:00:00.000000Z',
] as Instant[]

const nobody = '00000000-0000-7000-8000-000000000000'

/** Runs a program: what is there from the beginning, then all of its clients at once. */
export async function play(
  program: Program,
  { caller, prefix, offsetMs }: { caller: Caller; prefix: string; offsetMs: number },
): Promise<void> {
  const stage: Stage = {
    ...{ caller, prefix, offsetMs, transactionIds: [], holdIds: [], keyed: [] },
    rows: new Map(),
  }
  await prepare(program, stage)
  await Promise.all(program.clients.map((steps) => playSteps(steps, stage)))
}

async function prepare({ limits, deposits, lastCurrency }: Program, stage: Stage): Promise<void> {
  const { caller } = stage
  const kept = ['EUR', 'EUR', 'EUR', lastCurrency]
  const owners = [0, 0, 1, 1]
  await Promise.all([0, 1].map((user) => caller.call(toAsk({ kind: 'user', user }, stage)!, user)))
  const opened = kept.map((currency, account): Op => {
    return { kind: 'account', account, user: owners[account]!, currency, limit: limits[account]! }
  })
  await Promise.all(opened.map((op, i) => caller.call(toAsk(op, stage)!, i)))
  const items = deposits.flatMap((amount, account): Item[] =>
    amount === 0
      ? []
      : [{ account, counterparty: null, amount: `${amount}`, date: null, key: null, note: 0 }],
  )
  if (items.length === 0) return
  await send({ kind: 'bulk', items, isAtomic: false, isDryRun: false }, 0, stage)
}

async function playSteps(steps: Step[], stage: Stage): Promise<void> {
  for (const { op, copies, pauseMs, instance } of steps) {
    if (pauseMs > 0) await sleep(pauseMs)
    const sent = Array.from({ length: copies }, (_, i) => i)
    const ask = toAsk(op, stage)
    if (ask) await Promise.all(sent.map((i) => sendAsk(ask, instance + i, stage)))
  }
}

function send(op: Op, instance: number, stage: Stage): Promise<void> {
  return sendAsk(toAsk(op, stage)!, instance, stage)
}

async function sendAsk(ask: Ask, instance: number, stage: Stage): Promise<void> {
  if (ask.kind === 'ledger' && ask.wishes.some(({ key }) => key !== null)) stage.keyed.push(ask)
  const call = await stage.caller.call(ask, instance)
  if (ask.kind === 'page' && 'value' in call.answer) {
    const row = (call.answer.value as Transaction[]).at(-1)
    if (row) stage.rows.set(ask.id, row)
    else stage.rows.delete(ask.id)
  }
  for (const verdict of verdictsOf(call)) {
    if (verdict.status === 'refused') continue
    if (verdict.transaction) stage.transactionIds.push(verdict.transaction.id)
    if (verdict.hold && !stage.holdIds.includes(verdict.hold.id))
      stage.holdIds.push(verdict.hold.id)
  }
}

export function verdictsOf({ ask, answer }: Call): Verdict[] {
  if (ask.kind !== 'ledger' || !('value' in answer)) return []
  const value = answer.value as LedgerAnswer | Verdict
  return 'verdicts' in value ? value.verdicts : [value]
}

function toAsk(op: Op, stage: Stage): Ask | undefined {
  const accountId = (n: number) => `${stage.prefix}a${n}`
  const userId = (n: number) => `${stage.prefix}u${n}`
  switch (op.kind) {
    case 'user':
      return { kind: 'user', id: userId(op.user) }
    case 'account': {
      const minBalance = toUnits(String(op.limit), op.currency)!
      const { currency } = op
      return {
        kind: 'account',
        id: accountId(op.account),
        userId: userId(op.user),
        currency,
        minBalance,
      }
    }
    case 'close':
      return { kind: 'close', id: accountId(op.account) }
    case 'limit':
      return { kind: 'limit', id: accountId(op.account), minBalance: BigInt(op.limit * 100) }
    case 'read user':
      return { kind: op.kind, id: userId(op.user) }
    case 'read account':
      return { kind: op.kind, id: accountId(op.account) }
    case 'read transaction':
      return { kind: op.kind, id: recent(stage.transactionIds, op.which, 30) }
    case 'read hold':
      return { kind: op.kind, id: recent(stage.holdIds, op.which, 6) }
    case 'page': {
      const id = accountId(op.account)
      return { kind: 'page', id, ...periodOf(op), after: stage.rows.get(id), limit: op.limit }
    }
    case 'largest':
      return {
        ...{ kind: 'largest', id: userId(op.user), ...periodOf(op) },
        currency: currencies[op.currency] ?? null,
      }
    case 'again':
      return stage.keyed[op.which % Math.max(stage.keyed.length, 1)]
    default:
      // Before there is any hold, asking for one says little.
      return isAboutHold(op) && stage.holdIds.length === 0 ? undefined : toLedgerAsk(op, stage)
  }
}

function isAboutHold({ kind }: Op): boolean {
  return kind === 'capture' || kind === 'release' || kind === 'extend'
}

function periodOf({ from, to }: { from: number | null; to: number | null }) {
  return { from: from === null ? null : dates[from]!, to: to === null ? null : dates[to]! }
}

/** One of the last few: what was made long ago is closed or reversed by now. */
function recent(ids: readonly string[], which: number, count: number): string {
  if (which === 40 || ids.length === 0) return nobody
  return ids[ids.length - 1 - (which % Math.min(ids.length, count))]!
}

type LedgerOp = Extract<
  Op,
  { kind: 'post' | 'bulk' | 'reverse' | 'hold' | 'capture' | 'release' | 'extend' }
>

function toLedgerAsk(op: LedgerOp, stage: Stage): LedgerAsk {
  if (op.kind === 'bulk') {
    const mode = op.isAtomic ? 'atomic' : 'independent'
    const wishes = op.items.map((item) => toPost(item, stage))
    return { kind: 'ledger', wishes, mode, isDryRun: op.isDryRun }
  }
  const isDryRun = op.kind === 'post' && op.isDryRun
  return { kind: 'ledger', wishes: [toWish(op, stage)], mode: 'single', isDryRun }
}

function toWish(op: Exclude<LedgerOp, { kind: 'bulk' }>, stage: Stage): Wish {
  if (op.kind === 'post') return toPost(op.item, stage)
  if (op.kind === 'hold') {
    const { effectiveAt: _, ...sides } = toPost(op.item, stage)
    return { ...sides, kind: 'hold', expiresAt: toExpiry(op.expiry, stage) }
  }
  const key = toKey(op.key, stage)
  if (op.kind === 'reverse') {
    return { kind: 'reverse', transactionId: recent(stage.transactionIds, op.which, 6), key }
  }
  const holdId = recent(stage.holdIds, op.which, 3)
  if (op.kind === 'capture') return { kind: 'capture', holdId, amount: op.amount, key }
  if (op.kind === 'release') return { kind: 'release', holdId, key }
  return { kind: 'extend', holdId, expiresAt: toExpiry(op.expiry, stage), key }
}

function toPost(item: Item, stage: Stage): PostWish {
  return {
    kind: 'post',
    accountId: `${stage.prefix}a${item.account}`,
    counterpartyId: item.counterparty === null ? null : `${stage.prefix}a${item.counterparty}`,
    amount: item.amount,
    description: item.note === 0 ? null : `note ${item.note}`,
    metadata: item.note === 2 ? { a: [1, 'x'], order: { no: 7 } } : null,
    effectiveAt: item.date === null ? null : dates[item.date]!,
    key: toKey(item.key, stage),
  }
}

function toKey(key: number | null, { prefix }: Stage): string | null {
  return key === null ? null : `${prefix}k${key}`
}

/** In whole milliseconds, which is when the clock of some programs ticks. */
function toExpiry(expiry: Expiry, { offsetMs }: Stage): Instant | null {
  if (expiry === null) return null
  const now = Math.round(Date.now() + offsetMs)
  const hourMs = 3_600_000
  const laterMs = expiry === 'far' ? hourMs : expiry === 'past' ? -hourMs : expiry
  return instantOf((now + laterMs) * 1000)
}
