import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'

/** A parameter as SQL. */
type Value = string

export type Values = Record<string, Value>

const lowest = '00000000-0000-0000-0000-000000000000'
const quoted = (text: string): Value => `'${text.replaceAll("'", "''")}'`
const array = (...texts: (string | null)[]): Value => quoted(`{${texts.join(',')}}`)
const aUuid = (): Value => quoted(randomUUID())

/** What most statements are given; null for what is not here. */
const common: Values = {
  ...{
    store_id: quoted('store-1'),
    user_id: quoted('user-2'),
    name: quoted('item'),
    quantity: '1',
  },
  ...{
    key: quoted('a key'),
    fingerprint: `sha256('')`,
    limit: '20',
    offset: '0',
    lease_ms: '20000',
  },
  ...{
    lease_token: quoted(randomUUID()),
    token: quoted(randomUUID()),
    consumer: quoted('parcels'),
  },
  ...{ desired: quoted('held'), actual: quoted('held'), attempts: '0', external_id: '7' },
  ...{ before_created_at: 'now()', before_id: quoted(lowest), owner_id: quoted('user-1') },
  ...{
    created_at: 'now()',
    now: 'now()',
    overlap_ms: '3000',
    age_ms: '1000',
    address: quoted('{}'),
  },
  ...{
    product_code: quoted('p'),
    currency: quoted('EUR'),
    refusal: quoted('{}'),
    failure: quoted('no'),
  },
  ...{ exchange: quoted('e'), routing_key: quoted('r'), type: quoted('t'), payload: quoted('{}') },
  ...{ headers: quoted('{}'), customer_fullname: quoted('c'), product_name: quoted('p') },
  ...{ total_amount: '1', delay_ms: '1', description: quoted('d'), price: '1', has_price: 'true' },
  ...{ on_hand: '1', state: quoted('parked'), has_ids: 'false', ids: array() },
}

/** What is to be found, by the statement that looks for it. */
export async function findValues(client: Client): Promise<(statement: string) => Values> {
  const { rows } = await client.query(found)
  const is = rows[0] as Record<string, string>
  const [item, cart, line] = [quoted(is.item!), quoted(is.cart!), quoted(is.line!)]
  const { carts, events } = { carts: array(is.cart!), events: array(is.event!) }
  const settled = { claim_nos: array('0'), states: array('parked'), are_attempts: array('t') }
  const changed = { after_updated_at: quoted(is.changed!), after_id: quoted(lowest) }
  const old = { age_ms: String(2 * 86_400_000) }
  const own: Record<string, Values> = {
    'cart-key.DeleteOldCartKeys': old,
    'order-key.DeleteOldOrderKeys': old,
    'inbox.DeleteOldInboxMessages': old,
    'item.ListItemsByIds': { ids: array(is.item!) },
    'item.UpdateItem': { id: item },
    'item.RemoveItem': { id: item },
    'item.SetStock': { item_id: item },
    'cart-add.AddNamedLines': {
      ...{ user_ids: array('user-7'), store_ids: array('store-1'), names: array('item') },
      ...{ quantities: array('1'), keys: array('another'), fingerprints: `array[sha256('')]` },
      ...{ cart_ids: `array[${aUuid()}::uuid]`, line_ids: `array[${aUuid()}::uuid]` },
      reservation_ids: `array[${aUuid()}::uuid]`,
    },
    'cart-add.AddItemToCart': { cart_id: cart, item_id: item },
    'cart-change.SetItemQuantity': { cart_id: cart, item_id: item },
    'cart-change.SetLineQuantity': { line_id: line, quantity: '0' },
    'cart-change.EmptyCart': { cart_id: cart },
    'cart-change.SetAddress': { cart_id: cart },
    'cart.ListCartRows': { id: cart },
    'store.FindStoreOfUser': { user_id: quoted('user-9') },
    'store.EnsureStore': { id: quoted('new'), owner_id: quoted('new') },
    'reservation.RenewReservations': { ids: array(is.leased!) },
    'reservation.SettleReservation': { id: quoted(is.leased!), lease_token: quoted(is.token!) },
    'reservation.FindReservationByLine': { line_id: line },
    'reservation.RetryReservation': { line_id: quoted(is.failed!), user_id: 'null' },
    'reservation.ListReservationChanges': { ...changed, user_ids: array('user-1', 'user-2') },
    'order.FindOrderById': { id: quoted(is.order!) },
    'order.FindOrderKey': { key: quoted(is.order!) },
    'order.ListOrderLines': { order_ids: array(is.order!) },
    'pending.RenewPendingOrders': { ids: array(is.pending!) },
    'pending.CompletePendingOrder': { id: quoted(is.pending!) },
    'pending.PostponePendingOrder': { id: quoted(is.pending!) },
    'pending.FailPendingOrder': { id: quoted(is.pending!) },
    'outbox.SettleOutboxMessages': { ...settled, ids: events },
    'outbox.InsertOutboxMessages': {
      ...{ ids: `array[${aUuid()}::uuid]`, aggregate_ids: `array[${aUuid()}::uuid]` },
      ...{ aggregate_types: array('order'), aggregate_versions: array('1'), exchanges: array('e') },
      ...{ routing_keys: array('r'), types: array('t'), payloads: quoted('{"{}"}') },
      ...{ headers: quoted('{"{}"}'), created_at: 'array[now()]' },
    },
    'operate.ReplayOutboxMessages': { ids: array(is.parked!) },
    'operate.DiscardOutboxMessages': { ids: array(is.parked!) },
    'checkout.LockCarts': { ids: carts },
    'checkout.LockFreeCarts': { ids: carts },
    'checkout.ListLockedLines': { cart_ids: carts },
    'checkout.LockStock': { cart_ids: carts },
    'checkout.LockFreeStock': { cart_ids: carts },
    'checkout.ListCartAndStockIds': { cart_ids: carts },
    'checkout.WriteSales': { taken_item_ids: array(is.item!), taken_quantities: array('1') },
    // Has many ordered carts, and none in this store.
    'checkout.FindTill': { user_id: quoted('user-1'), store_id: quoted('store-2') },
    'checkout.FindTillOfCart': { cart_id: cart },
    'checkout.FindOrderIdOfPayment': { transaction_id: quoted(is.payment!) },
  }
  return (statement) => ({ ...common, ...fresh(), ...own[statement] })
}

const fresh = (): Values => ({
  ...{ id: aUuid(), cart_id: aUuid(), line_id: aUuid(), reservation_id: aUuid(), item_id: aUuid() },
  ...{ address_id: aUuid(), message_id: aUuid(), transaction_id: aUuid() },
})

const found = `
  select
    (select id from item order by id limit 1) as item,
    c.id as cart,
    (select id from cart_line l where l.cart_id = c.id and removed_at is null limit 1) as line,
    (select max(updated_at)::text from reservation) as changed,
    (select line_id from reservation where actual = 'failed' limit 1) as failed,
    l.id as leased,
    l.lease_token as token,
    o.id as order,
    o.transaction_id as payment,
    (select id from shop_order where status = 'pending' limit 1) as pending,
    (select id from outbox_message where published_at is null and parked_at is null limit 1) as event,
    (select id from outbox_message where parked_at is not null limit 1) as parked
  from cart c
  cross join (select id, lease_token from reservation where lease_token is not null limit 1) as l
  cross join (select id, transaction_id from shop_order where owner_id = 'user-1' and cart_id is not null limit 1) as o
  where c.user_id = 'user-2' and c.status = 'open'`
