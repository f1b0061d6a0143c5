import { isDeepStrictEqual } from 'node:util'
import type { BookState } from '../../internal/simulator/book'
import type { Executor } from '../../internal/postgres/query'
import * as sql from './check-shop.sql.ts'
import { find, isCreated, type History } from './history'
import type { ToldLine, ToldOrder } from './kind'

/** A message as it arrived. */
export interface Arrived {
  id: string
  body: unknown
}

/** What is known in the world outside; messages are undefined where there is no broker. */
export interface Seen {
  reservations: BookState
  messages: readonly Arrived[] | undefined
}

/** Looks whether goods, orders and money agree, and whether the world and the clients know the same. */
export async function checkShop(db: Executor, seen: Seen, history: History): Promise<void> {
  for (const [rule, list] of Object.entries(rules)) {
    for (const row of await list(db)) find(history, rule, JSON.stringify(row, plain))
  }
  checkReservations(await listAll(db, sql.listReservations), seen.reservations, history)
  checkLines(await listAll(db, sql.listReservations), history)
  checkOrders(await listAll(db, sql.listOrders), history)
  if (seen.messages) checkMessages(await listAll(db, sql.listMessages), seen.messages, history)
}

const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)

const rules: Record<string, (db: Executor) => Promise<object[]>> = {
  'an order is paid once, and what it comes to': (db) => sql.listWrongPayments(db),
  'a store is paid for orders alone': (db) => sql.listStrayPayments(db),
  'a cart becomes one order, of what is in it': (db) => sql.listWrongCarts(db),
  'what is sold was ordered': (db) => sql.listWrongSold(db),
  'a created order has one message': (db) => sql.listWrongMessages(db),
  'a message is of an order': (db) => sql.listStrayMessages(db),
}

const first = '00000000-0000-0000-0000-000000000000'

async function listAll<T extends { id: string }>(
  db: Executor,
  list: (db: Executor, params: { after: string }) => Promise<T[]>,
): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const rows = await list(db, { after: all.at(-1)?.id ?? first })
    if (rows.length === 0) return all
    all.push(...rows)
  }
}

export type ReservationRow = Awaited<ReturnType<typeof sql.listReservations>>[number]

/**
 * Every line is reserved or has failed, every one that was taken out is given back; the service has
 * just that, once, under the keys it was asked with.
 */
export function checkReservations(
  rows: readonly ReservationRow[],
  { live, pending }: BookState,
  history: History,
): void {
  const rule = 'what is reserved is what is in carts'
  if (pending > 0) find(history, rule, `${pending} are still being made`)
  const known = new Map(rows.map((row) => [row.id, row]))
  const held = new Map<string, number>()
  for (const { key, reservation_id, item } of live) {
    const row = known.get(key ?? '')
    const what = `${item} is reserved as ${reservation_id} under ${key}`
    if (!row) find(history, 'nothing is reserved twice', `${what}, which nobody asked for`)
    else if (held.has(row.id)) find(history, 'nothing is reserved twice', what)
    // One without an answer may be there; that it failed is told, and it can be asked for again.
    else if (row.actual !== 'failed' && row.actual !== 'held') {
      find(history, 'nothing is leaked', `${what}, whose line is ${row.actual}`)
    }
    held.set(key ?? '', reservation_id)
  }
  for (const row of rows) {
    const wrong = whyWrong(row, held.get(row.id))
    if (wrong !== undefined) find(history, rule, `${row.id}: ${wrong}`)
  }
}

function whyWrong(row: ReservationRow, heldAs: number | undefined): string | undefined {
  const { desired, actual, is_removed: isRemoved, external_id: externalId } = row
  if ((desired === 'released') !== isRemoved) return `${desired}, removed: ${isRemoved}`
  if (isRemoved) return actual === 'released' ? undefined : `taken out, and ${actual}`
  if (actual === 'failed') return undefined
  if (actual !== 'held') return `in the cart, and ${actual}`
  if (Number(externalId) !== heldAs) return `held as ${externalId}, at the service as ${heldAs}`
  return undefined
}

/** A line has what was added to it, no more and no less, and is out when somebody was told so. */
export function checkLines(rows: readonly ReservationRow[], history: History): void {
  const added = new Map<string, number>()
  const removed = new Set<string>()
  for (const sent of history.sent.filter(isCreated)) {
    for (const line of tellsLines(sent)) {
      if (sent.body) added.set(line.id, (added.get(line.id) ?? 0) + (sent.body.quantity as number))
      else removed.add(line.id)
    }
  }
  const rule = 'a line has what was added to it'
  for (const { line_id: id, quantity, is_removed } of rows) {
    if (quantity !== added.get(id)) find(history, rule, `${id}: ${quantity}, not ${added.get(id)}`)
    if (removed.has(id) && !is_removed) find(history, rule, `${id} was taken out`)
    added.delete(id)
  }
  for (const id of added.keys()) find(history, rule, `${id} is not there`)
}

function tellsLines({ kind, answer }: History['sent'][number]): ToldLine[] {
  return kind.tellsLines?.(JSON.parse(answer!.text)) ?? []
}

/** All orders that clients were told of, each time. */
export function ordersToldBy(history: History): ToldOrder[] {
  return history.sent
    .filter(isCreated)
    .flatMap(({ kind, answer }) => kind.tellsOrders?.(JSON.parse(answer!.text)) ?? [])
}

type OrderRow = Awaited<ReturnType<typeof sql.listOrders>>[number]

/** Those that were told of and no others; one key has one order, unless a cart has it already. */
export function checkOrders(rows: readonly OrderRow[], history: History): void {
  const told = ordersToldBy(history)
  const there = new Map(rows.map((row) => [row.id, row]))
  for (const order of told) {
    const row = there.get(order.id)
    const isSame =
      row?.cart_id === order.cart_id && (order.status === 'pending' || row.status === order.status)
    if (!isSame) find(history, 'a 2xx about an order is in the database', order.id)
  }
  const ids = new Set(told.map(({ id }) => id))
  for (const { id } of rows) {
    if (!ids.has(id)) find(history, 'nobody has an order that was not told of', id)
  }
  const byCode = told.filter(({ cart_id }) => cart_id === null)
  if (new Set(byCode.map(({ id }) => id)).size < byCode.length) {
    find(history, 'a key has an order of its own', `${byCode.length} keys have fewer orders`)
  }
}

type MessageRow = Awaited<ReturnType<typeof sql.listMessages>>[number]

/** Each of them arrived, perhaps again under the same id, and nothing else did. */
export function checkMessages(
  rows: readonly MessageRow[],
  arrived: readonly Arrived[],
  history: History,
): void {
  const payloads = new Map(rows.map(({ id, payload }) => [id, payload]))
  for (const { id, body } of arrived) {
    const { payload } = body as { payload: unknown }
    if (!payloads.has(id)) find(history, 'no message is of something that is not there', id)
    else if (!isDeepStrictEqual(payload, payloads.get(id))) {
      find(history, 'a message says what was written', `${id}: ${JSON.stringify(body)}`)
    }
  }
  const ids = new Set(arrived.map(({ id }) => id))
  for (const { id, aggregate_id } of rows) {
    if (!ids.has(id)) find(history, 'each message arrives', `${id} of the order ${aggregate_id}`)
  }
}

/** How many orders and reservations came to which end. */
export async function countShop(db: Executor): Promise<Record<string, number>> {
  const rows = await sql.listShopStates(db)
  return Object.fromEntries(rows.map(({ state, times }) => [state, Number(times)]))
}
