import type { Instant } from '../../../internal/clock/instant'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import { newUserNotFound } from '../../user/user'
import type { NewOrder, Order, OrderPage, OrderRefusal, OrderStore } from '../order'
import {
  findOrderById,
  findOrderKey,
  insertOrder,
  insertRefusal,
  listOrderLines,
  listOrders,
  listOrdersOfOwner,
  type FindOrderByIdRow,
} from './order.sql.ts'
import { fromKnown, fromMessage, toOrder, toOrderLine } from './row'

/** Behind every order that there can be. */
const newest = {
  createdAt: '9999-12-31T23:59:59.999999Z' as Instant,
  id: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
}

export function newOrderStore(db: Executor): OrderStore {
  /** With their lines, which only orders out of a cart have. */
  async function complete(rows: FindOrderByIdRow[]): Promise<Order[]> {
    const ids = rows.filter((row) => row.cart_id !== null).map(({ id }) => id)
    const lines = ids.length === 0 ? [] : await listOrderLines(db, { order_ids: ids })
    return rows.map((row) =>
      toOrder(row, lines.filter((line) => line.order_id === row.id).map(toOrderLine)),
    )
  }

  async function find(id: string, ownerId: string | undefined): Promise<Order | undefined> {
    const row = await findOrderById(db, { id, owner_id: ownerId ?? null })
    return row && (await complete([row]))[0]
  }

  return {
    find,
    async insert(order) {
      const { is_inserted: isInserted } = await insertOrder(db, toParams(order)).catch(
        refuse(order),
      )
      return isInserted
    },
    async insertRefusal({ ownerId, key, refusal, createdAt }) {
      const inserted = await insertRefusal(db, {
        owner_id: ownerId,
        ...key,
        refusal: JSON.stringify(refusal),
        created_at: createdAt,
      }).catch(refuse({ ownerId }))
      return inserted === 1
    },
    async findByKey(ownerId, key) {
      const row = await findOrderKey(db, { owner_id: ownerId, key })
      if (!row) return undefined
      const order = row.order_id === null ? undefined : await find(row.order_id, ownerId)
      const refusal = row.refusal as OrderRefusal | null
      return { fingerprint: row.fingerprint, order: order ?? null, refusal }
    },
    async list(page) {
      return complete(await listRows(db, page))
    },
  }
}

/** Only users have orders. */
const refuse =
  ({ ownerId }: Pick<NewOrder, 'ownerId'>) =>
  (error: unknown): never => {
    const isNobody = ['shop_order_owner_fkey', 'order_key_owner_fkey'].some((constraint) =>
      violates(error, sqlState.foreign_key_violation, constraint),
    )
    throw isNobody ? newUserNotFound(ownerId, error) : error
  }

function listRows(db: Executor, { ownerId, after = newest, limit }: OrderPage) {
  const place = {
    before_created_at: after.createdAt,
    before_id: after.id,
    limit: BigInt(limit),
  }
  if (ownerId === undefined) return listOrders(db, place)
  return listOrdersOfOwner(db, { ...place, owner_id: ownerId })
}

const noMessage = {
  message_id: null,
  exchange: null,
  routing_key: null,
  type: null,
  payload: null,
  headers: null,
}

function toParams({ key, message, ...order }: NewOrder) {
  return {
    id: order.id,
    owner_id: order.ownerId,
    key: key?.key ?? null,
    fingerprint: key?.fingerprint ?? null,
    user_id: order.userId,
    product_code: order.productCode,
    ...fromKnown(order),
    currency: order.currency,
    traceparent: order.traceparent,
    created_at: order.createdAt,
    ...(message ? fromMessage(message) : noMessage),
  }
}
