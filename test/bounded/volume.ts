// SQL in TypeScript: what no query of the product writes, in one go.

/**
 * Enough for a plan that walks a table to be told from one that does not, and lopsided as tables come to be:
 * a user with 6,000 carts and one with 20,000 lines taken out of the open one, items of one name, and
 * backlogs of reservations, orders and events, of which some are due, some wait, and some were given up.
 */
export const volume = `
  set session_replication_role = replica;
  insert into app_user (id, first_name, last_name)
  select 'user-' || n, 'A', 'User' from generate_series(1, 6000) n;
  insert into account (id, user_id, name, currency)
  select 'till-' || n, 'user-' || n, 'Till', 'EUR' from generate_series(1, 3000) n;
  insert into store (id, account_id, user_id, currency, name)
  select 'store-' || n, 'till-' || n, 'user-' || n, 'EUR', 'Shop' from generate_series(1, 3000) n;
  insert into item (id, store_id, name, price, created_at, updated_at)
  select gen_random_uuid(), 'store-1', case when n <= 12000 then 'item' else 'item ' || n end, 1 + n, now(), now()
  from generate_series(1, 20000) n;
  insert into stock (item_id, on_hand) select id, 10 from item;
  insert into cart (id, user_id, store_id, status, lines, created_at, updated_at)
  select gen_random_uuid(), 'user-' || greatest(n - 6000, 1), 'store-1', case when n <= 6000 then 'ordered' else 'open' end,
    1, now() - (12001 - n) * interval '1 s', now()
  from generate_series(1, 12000) n;
  insert into cart_line (id, cart_id, store_id, item_id, quantity, name, created_at, updated_at)
  select gen_random_uuid(), c.id, c.store_id, i.id, 1, 'item', c.created_at, c.created_at
  from (select *, row_number() over () as n from cart) c
  join (select id, row_number() over () as n from item) i using (n);
  insert into cart_line (id, cart_id, store_id, quantity, name, created_at, updated_at, removed_at)
  select gen_random_uuid(), c.id, c.store_id, 1, 'thing ' || n, c.created_at, c.created_at,
    case when n > 50 then now() end
  from cart c cross join generate_series(1, 20000) n
  where c.user_id = 'user-2';
  update cart set lines = 51 where user_id = 'user-2' and status = 'open';
  insert into cart_key (user_id, key, fingerprint, line_id, quantity, created_at)
  select c.user_id, l.id::text, sha256(''), l.id, 1, now() - interval '3 days'
  from cart_line l join cart c on c.id = l.cart_id;
  insert into reservation (id, line_id, item, desired, actual, external_id, attempts, next_at, lease_token,
    lease_until, created_at, updated_at)
  select gen_random_uuid(), id, name, case n % 5 when 4 then 'released' else 'held' end,
    (array['none', 'requesting', 'held', 'failed', 'releasing'])[n % 5 + 1], 7, 1,
    case n % 5 when 0 then now() - n * interval '1 s' when 1 then now() + interval '1 hour' when 4 then now() + interval '2 hours' end,
    case n % 5 when 1 then gen_random_uuid() end, case n % 5 when 1 then now() + interval '1 hour' end,
    created_at, now() - n * interval '1 s'
  from (select *, row_number() over () as n from cart_line) l;
  insert into shop_order (id, owner_id, user_id, status, cart_id, store_id, transaction_id, total_amount,
    currency, created_at, updated_at)
  select gen_random_uuid(), user_id, user_id, 'created', id, store_id, gen_random_uuid(), 1, 'EUR', created_at, created_at
  from cart where status = 'ordered';
  insert into shop_order (id, owner_id, user_id, status, product_code, currency, next_at, created_at, updated_at)
  select gen_random_uuid(), 'user-' || 1 + n % 6000, 'ada', 'pending', 'p', 'EUR',
    now() + (n - 15000) * interval '1 s', now(), now()
  from generate_series(1, 30000) n;
  insert into order_line (order_id, line_no, item_id, quantity, unit_price, name)
  select o.id, 1, gen_random_uuid(), 1, 1, 'item' from shop_order o where cart_id is not null;
  insert into order_key (owner_id, key, fingerprint, order_id, created_at)
  select owner_id, id::text, sha256(''), id, now() - interval '3 days' from shop_order;
  insert into outbox_message (id, aggregate_id, aggregate_type, aggregate_version, exchange, routing_key, type,
    payload, created_at, available_at, published_at, parked_at)
  select gen_random_uuid(), gen_random_uuid(), 'order', 1, 'e', 'r', 't', '{}', now() - (60001 - n) * interval '1 s',
    now() + (n % 100 - 2) * interval '1 s',
    case when n <= 30000 then now() - (60001 - n) * interval '1 s' end, case when n > 45000 then now() end
  from generate_series(1, 60000) n;
  insert into inbox_message (consumer, message_id, handled_at)
  select 'parcels', id, published_at from outbox_message where published_at is not null
  union all
  select 'parcels', gen_random_uuid(), now() - interval '3 days' from generate_series(1, 60000);
  set session_replication_role = origin;
  vacuum analyze`
