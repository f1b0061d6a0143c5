import type { Executor } from '../../internal/postgres/query'
import * as sql from './check.sql.ts'
import { ordersToldBy } from './check-shop'
import { find, isCreated, isRefused, show, type History, type Sent } from './history'
import type { Told, ToldHold } from './kind'

const batchSize = 5000

/** Looks whether the tables are right by themselves, and whether they are what the clients were told. */
export async function checkBook(db: Executor, history: History): Promise<void> {
  for (const [rule, list] of Object.entries(rules)) {
    for (const row of await list(db)) find(history, rule, words(row))
  }
  await checkAnswers(db, history)
  await checkOthers(db, history)
}

const rules: Record<string, (db: Executor) => Promise<object[]>> = {
  'a balance is the sum of its entries': (db) => sql.listWrongBalances(db),
  'an entry continues the one before': (db) => sql.listBrokenEntries(db),
  'an account counts its entries': (db) => sql.listWrongEntryCounts(db),
  'a currency comes to zero': (db) => sql.listUnbalancedCurrencies(db),
  'no balance is under its limit': (db) => sql.listOverdrafts(db),
  'what is held is left of open holds': (db) => sql.listWrongHeld(db),
  'a hold pays what its captures say': (db) => sql.listWrongHolds(db),
  'a transaction is reversed once': (db) => sql.listWrongReversals(db),
  'no request is carried out twice': (db) => sql.listDoubledRequests(db),
  'no two keys share a transaction': (db) => sql.listDoubledKeys(db),
}

function words(row: object): string {
  return Object.entries(row)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** Every 2xx is in the database, as it was told. */
async function checkAnswers(db: Executor, history: History): Promise<void> {
  for (const told of inBatches(toldBy(history))) {
    const untrue = await sql.listUntrueAnswers(db, {
      ...columnsOf(told),
      balances_after: told.map((t) => t.balance_after),
      reverses_ids: told.map((t) => t.reverses_id),
      hold_ids: told.map((t) => t.hold_id),
    })
    for (const row of untrue) find(history, 'a 2xx is in the database', sentence(row))
  }
  for (const told of inBatches(holdsToldBy(history))) {
    const untrue = await sql.listUntrueHolds(db, {
      ...columnsOf(told),
      captured: told.map((t) => t.captured),
      statuses: told.map((t) => t.status),
    })
    for (const row of untrue) find(history, 'a 2xx about a hold is in the database', sentence(row))
  }
}

function sentence({ id, is_there }: { id: string; is_there: boolean }): string {
  return `${id} is ${is_there ? 'another' : 'not there'}`
}

/** What a transaction and a hold have in common. */
function columnsOf(told: readonly (Told | ToldHold)[]) {
  return {
    ids: told.map((t) => t.id),
    account_ids: told.map((t) => t.account_id),
    counterparty_ids: told.map((t) => counterparty(t)),
    currencies: told.map((t) => t.currency),
    amounts: told.map((t) => t.amount),
    descriptions: told.map((t) => t.description),
  }
}

function counterparty({ counterparty_id: id }: Told | ToldHold): string | null {
  return id.startsWith('world:') ? null : id
}

/** All transactions that clients were told of. */
export function toldBy(history: History): Told[] {
  return history.sent
    .filter(isCreated)
    .flatMap(({ kind, answer }) => kind.tells(JSON.parse(answer!.text)))
}

/** All holds that clients were told of, each time. */
export function holdsToldBy(history: History): ToldHold[] {
  return history.sent
    .filter(isCreated)
    .flatMap(({ kind, answer }) => kind.tellsHolds?.(JSON.parse(answer!.text)) ?? [])
}

/**
 * Nothing is in the database but what was told; a request without a key may be there untold, though not
 * more often than it was asked.
 */
async function checkOthers(db: Executor, history: History): Promise<void> {
  await checkRefused(db, history)
  const told = new Set([...toldBy(history), ...holdsToldBy(history)].map(({ id }) => id))
  const unanswered = history.sent.filter(({ answer, whole }) => !answer && !whole?.answer)
  const there = await listTraces(db, unanswered)
  const untold = there.filter(({ id }) => !told.has(id))
  const asked = countBy(unanswered.flatMap(({ trace }) => trace ?? []))
  for (const [trace, times] of countBy(untold.map((row) => row.trace))) {
    if (times <= asked.get(trace)!) continue
    find(history, 'no request is carried out twice', `${trace}: ${times} times`)
  }
  const payments = new Set(ordersToldBy(history).flatMap((order) => order.transaction_id ?? []))
  const known = told.size + untold.length + payments.size
  const { transactions, holds } = await sql.countMade(db)
  if (Number(transactions) + Number(holds) !== known) {
    const counts = `${transactions} transactions, ${holds} holds, ${known} of both are known`
    find(history, 'nothing else is there', counts)
  }
  checkHalves(history, new Set(there.map((row) => row.trace)))
}

/** Whose reversal or capture it was cannot be seen; that there are too many, by their number. */
async function checkRefused(db: Executor, history: History): Promise<void> {
  const refused = history.sent.filter((one) => isRefused(one) && !isShared(one))
  for (const { trace } of await listTraces(db, refused)) {
    const { answer, whole } = refused.find((one) => one.trace === trace)!
    find(history, 'what was refused is not there', `${trace}: ${show((answer ?? whole?.answer)!)}`)
  }
}

/** Others may leave the same trace. */
function isShared({ trace }: Sent): boolean {
  return trace === undefined || /^(?:reversal|capture) of /.test(trace)
}

/** An atomic bulk without an answer is there whole or not at all. */
function checkHalves(history: History, there: ReadonlySet<string>): void {
  for (const { isAtomic, answer, label, parts = [] } of history.sent) {
    if (!isAtomic || answer) continue
    const count = parts.filter(({ trace }) => there.has(trace!)).length
    if (count === 0 || count === parts.length) continue
    const what = `${label}: ${count} of ${parts.length}`
    find(history, 'an atomic bulk is posted whole or not at all', what)
  }
}

async function listTraces(db: Executor, all: readonly Sent[]) {
  const traces = all.flatMap(({ trace }) => trace ?? [])
  const rows: Awaited<ReturnType<typeof sql.listTraces>> = []
  for (const batch of inBatches([...new Set(traces)])) {
    rows.push(...(await sql.listTraces(db, { traces: batch })))
  }
  return rows
}

function countBy(all: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1)
  return counts
}

/** How many holds came to which end. */
export async function countHolds(db: Executor): Promise<Record<string, number>> {
  const rows = await sql.listHoldStates(db)
  return Object.fromEntries(rows.map(({ state, holds }) => [state, Number(holds)]))
}

function inBatches<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / batchSize)
  return Array.from({ length: count }, (_, n) => all.slice(n * batchSize, (n + 1) * batchSize))
}
