import type { Instant } from '../../../internal/clock/instant'
import type { CheckoutFacts, LockedCart, LockedLine, Sale } from '../checkout'
import type {
  ListLockedLinesRow,
  LockCartsRow,
  LockStockRow,
  WriteSalesParams,
} from './checkout.sql.ts'

/** What is locked and read of carts, lines and stock. */
export interface LockedRows {
  carts: readonly LockCartsRow[]
  lines: readonly ListLockedLinesRow[]
  stock: readonly LockStockRow[]
  /** Ids of all there is, of which some may not have been locked; empty when nothing was passed over. */
  existing: readonly { id: string }[]
}

export function toFacts({ carts, lines, stock, existing }: LockedRows): CheckoutFacts {
  const linesOf = new Map(carts.map(({ id }) => [id, [] as LockedLine[]]))
  for (const row of lines) linesOf.get(row.cart_id)?.push(toLockedLine(row))
  const onHand = new Map(stock.map((row) => [row.item_id, row.on_hand]))
  const isLocked = (id: string) => linesOf.has(id) || onHand.has(id)
  return {
    carts: new Map(carts.map((row) => [row.id, toLockedCart(row, linesOf.get(row.id)!)])),
    stock: onHand,
    heldIds: new Set(existing.map(({ id }) => id).filter((id) => !isLocked(id))),
  }
}

function toLockedCart(row: LockCartsRow, lines: LockedLine[]): LockedCart {
  return {
    id: row.id,
    userId: row.user_id,
    storeId: row.store_id,
    currency: row.currency,
    customerFullname: `${row.first_name} ${row.last_name}`,
    paidBy: row.paid_by,
    lines,
  }
}

function toLockedLine(row: ListLockedLinesRow): LockedLine {
  return {
    id: row.id,
    itemId: row.item_id,
    name: row.name,
    quantity: row.quantity,
    price: row.price,
    isOnMarket: row.is_on_market,
  }
}

/** A group's sales turned into columns, as unnest takes them. */
export function toColumns(sales: readonly Sale[], now: Instant): WriteSalesParams {
  const orders = sales.map(({ order }) => order)
  return {
    now,
    ids: orders.map((order) => order.id),
    user_ids: orders.map((order) => order.ownerId),
    cart_ids: orders.map((order) => order.cartId!),
    store_ids: orders.map((order) => order.storeId!),
    transaction_ids: orders.map((order) => order.transactionId!),
    total_amounts: orders.map((order) => order.totalAmount!),
    currencies: orders.map((order) => order.currency),
    customer_fullnames: orders.map((order) => order.customerFullname!),
    product_names: orders.map((order) => order.productName!),
    ...toLineColumns(sales),
    ...toTakenColumns(sales),
    ...toMessageColumns(sales),
  }
}

function toLineColumns(sales: readonly Sale[]) {
  const lines = sales.flatMap(({ order }) =>
    order.lines.map((line, i) => ({ ...line, orderId: order.id, lineNo: i + 1 })),
  )
  return {
    line_order_ids: lines.map((line) => line.orderId),
    line_nos: lines.map((line) => line.lineNo),
    line_item_ids: lines.map((line) => line.itemId),
    line_quantities: lines.map((line) => line.quantity),
    line_unit_prices: lines.map((line) => line.unitPrice),
    line_names: lines.map((line) => line.name),
  }
}

/** What all sales together take of an item: an update changes a row once. */
function toTakenColumns(sales: readonly Sale[]) {
  const taken = new Map<string, bigint>()
  for (const { itemId, quantity } of sales.flatMap((sale) => sale.taken)) {
    taken.set(itemId, (taken.get(itemId) ?? 0n) + quantity)
  }
  return { taken_item_ids: [...taken.keys()], taken_quantities: [...taken.values()] }
}

function toMessageColumns(sales: readonly Sale[]) {
  const messages = sales.map(({ message }) => message)
  return {
    message_ids: messages.map((message) => message.id),
    exchanges: messages.map((message) => message.exchange),
    routing_keys: messages.map((message) => message.routingKey),
    types: messages.map((message) => message.type),
    payloads: messages.map((message) => message.payload),
    headers: messages.map((message) => JSON.stringify(message.headers)),
  }
}
