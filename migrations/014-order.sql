-- `order` is a reserved word of SQL.
create table shop_order (
  id uuid not null,
  owner_id text collate "C" not null,
  user_id text collate "C" not null,
  status text collate "C" not null,
  cart_id uuid,
  store_id text collate "C",
  transaction_id uuid,
  product_code text,
  total_amount bigint,
  currency text collate "C" not null,
  customer_fullname text,
  product_name text,
  failure text,
  traceparent text collate "C",
  attempts integer not null default 0,
  next_at timestamptz,
  lease_token uuid,
  lease_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint shop_order_pkey primary key (id),
  constraint shop_order_owner_fkey foreign key (owner_id) references app_user (id),
  constraint shop_order_currency_fkey foreign key (currency) references currency (code),
  -- A cart becomes one order, and a payment pays one, whatever code is at work.
  constraint shop_order_cart_key unique (cart_id),
  constraint shop_order_transaction_key unique (transaction_id),
  constraint shop_order_cart_fkey foreign key (cart_id, store_id) references cart (id, store_id),
  constraint shop_order_transaction_fkey foreign key (transaction_id) references transaction (id),
  constraint shop_order_status_known check (status in ('pending', 'created', 'failed')),
  -- Bought from a cart and paid, or ordered by its code from the product service.
  constraint shop_order_one_origin check (
    (cart_id is null) = (transaction_id is null)
    and (cart_id is null) = (store_id is null)
    and (cart_id is null) = (product_code is not null)
  ),
  constraint shop_order_cart_for_owner check (cart_id is null or user_id = owner_id),
  constraint shop_order_cart_paid check (cart_id is null or status = 'created'),
  constraint shop_order_created_whole check (
    status <> 'created'
    or (total_amount is not null and (cart_id is not null
      or (customer_fullname is not null and product_name is not null)))
  ),
  constraint shop_order_failed_says_why check ((status = 'failed') = (failure is not null)),
  constraint shop_order_total_range check (total_amount between 0 and 9007199254740991),
  constraint shop_order_user_length check (char_length(user_id) between 1 and 100),
  constraint shop_order_product_code_length check (char_length(product_code) between 1 and 100),
  constraint shop_order_customer_fullname_length check (char_length(customer_fullname) <= 500),
  constraint shop_order_product_name_length check (char_length(product_name) <= 500),
  constraint shop_order_failure_length check (char_length(failure) <= 1000),
  constraint shop_order_traceparent_form check (
    traceparent ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'
  ),
  constraint shop_order_attempts_range check (attempts >= 0),
  constraint shop_order_lease_whole check ((lease_token is null) = (lease_until is null)),
  -- A pending order is looked after some day, and no other is.
  constraint shop_order_pending_is_due check ((next_at is not null) = (status = 'pending')),
  constraint shop_order_lease_of_pending check (lease_token is null or status = 'pending')
);
create index shop_order_owner_idx on shop_order (owner_id, created_at, id);
create index shop_order_created_idx on shop_order (created_at, id);
create index shop_order_due_idx on shop_order (next_at, id) include (lease_until) where next_at is not null;

comment on table shop_order is 'What somebody bought: from a cart, or by the code of a product.';
comment on column shop_order.owner_id is 'Who ordered it, and may see it.';
comment on column shop_order.user_id is 'For whom: of the User Service for an order by product code, else owner_id.';
comment on column shop_order.transaction_id is 'The payment out of the ledger, written by the same commit.';
comment on column shop_order.total_amount is 'Minor units of currency.';
comment on column shop_order.failure is 'Why it failed, in words for whoever ordered.';
comment on column shop_order.traceparent is 'Of the request that ordered it, for the worker and the message to go on with.';
comment on column shop_order.next_at is 'When a pending one is looked after next; under way, when its lease ends.';

create table order_line (
  order_id uuid not null,
  line_no integer not null,
  item_id uuid not null,
  quantity integer not null,
  unit_price bigint not null,
  name text not null,
  constraint order_line_pkey primary key (order_id, line_no),
  constraint order_line_order_fkey foreign key (order_id) references shop_order (id),
  constraint order_line_item_fkey foreign key (item_id) references item (id),
  constraint order_line_no_range check (line_no >= 1),
  constraint order_line_quantity_range check (quantity between 1 and 1000000),
  constraint order_line_unit_price_range check (unit_price between 1 and 9007199254740991),
  constraint order_line_name_length check (char_length(name) between 1 and 200)
);

comment on table order_line is 'One kind of goods in an order, with the name and the price it was sold under.';
comment on column order_line.unit_price is 'Minor units of the order''s currency.';

-- The order that a caller's Idempotency-Key led to, written by the commit that wrote the order.
create table order_key (
  owner_id text collate "C" not null,
  key text collate "C" not null,
  fingerprint bytea not null,
  order_id uuid,
  refusal jsonb,
  created_at timestamptz not null,
  constraint order_key_pkey primary key (owner_id, key),
  constraint order_key_owner_fkey foreign key (owner_id) references app_user (id),
  constraint order_key_order_fkey foreign key (order_id) references shop_order (id),
  constraint order_key_key_length check (char_length(key) between 1 and 255),
  constraint order_key_fingerprint_length check (octet_length(fingerprint) = 32),
  constraint order_key_one_outcome check ((order_id is null) <> (refusal is null))
);

-- What is old is looked for by its age, and deleted.
create index order_key_created_idx on order_key (created_at);

comment on table order_key is 'The first answer to each Idempotency-Key of a caller, to be given again until worker.key_retention_ms is over.';

-- Events for the broker, written by the commit that made them true, and published afterwards.
create table outbox_message (
  seq bigint generated always as identity,
  id uuid not null,
  aggregate_id uuid not null,
  aggregate_type text collate "C" not null,
  aggregate_version integer not null,
  exchange text collate "C" not null,
  routing_key text collate "C" not null,
  type text collate "C" not null,
  payload jsonb not null,
  headers jsonb not null default '{}',
  attempts integer not null default 0,
  claim_no integer not null default 0,
  void_claim_no integer not null default 0,
  last_error text,
  created_at timestamptz not null,
  available_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  parked_at timestamptz,
  constraint outbox_message_pkey primary key (id),
  constraint outbox_message_version_key unique (aggregate_type, aggregate_id, aggregate_version),
  constraint outbox_message_payload_object check (jsonb_typeof(payload) = 'object'),
  constraint outbox_message_headers_object check (jsonb_typeof(headers) = 'object'),
  constraint outbox_message_attempts_range check (attempts >= 0),
  constraint outbox_message_claim_range check (void_claim_no between 0 and claim_no),
  constraint outbox_message_last_error_length check (char_length(last_error) <= 1000),
  constraint outbox_message_one_end check (published_at is null or parked_at is null)
);
-- What waits, by the time at which it may be claimed: rows that wait for another try keep nobody from
-- finding those behind them. Never read by "seq above the last one seen": whoever commits late may have
-- a number below it. The age is there for counting to need no more than the index.
create index outbox_message_waiting_idx on outbox_message (available_at, seq) include (created_at)
  where published_at is null and parked_at is null;
create index outbox_message_parked_idx on outbox_message (seq) where parked_at is not null;
create index outbox_message_published_idx on outbox_message (published_at) where published_at is not null;

comment on table outbox_message is 'Events that the broker gets at least once, in the order of aggregate_version.';
comment on column outbox_message.id is 'The message_id by which a consumer knows a repeat.';
comment on column outbox_message.available_at is
  'Not claimed before: new at once; claimed, when the claim is void; returned by the broker, when it is tried again.';
comment on column outbox_message.parked_at is 'The broker refused the message itself, not the connection: it waits for somebody to look.';
comment on column outbox_message.attempts is 'How often the broker refused it. An outage of the broker is no attempt.';
comment on column outbox_message.claim_no is
  'Of the last claim: a relay that shows an older one has been overtaken, and judges nothing any more.';
comment on column outbox_message.void_claim_no is
  'Taken by the last replay: what the broker has confirmed to claims before it does not count.';

-- For consumers that keep their books here: inserted in the database transaction that handles the message.
create table inbox_message (
  consumer text collate "C" not null,
  message_id uuid not null,
  handled_at timestamptz not null default clock_timestamp(),
  constraint inbox_message_pkey primary key (consumer, message_id),
  constraint inbox_message_consumer_length check (char_length(consumer) between 1 and 100)
);

create index inbox_message_handled_idx on inbox_message (handled_at);

comment on table inbox_message is 'Which messages a consumer has handled: a repeat violates the primary key. Kept for as long as the message may come again.';

revoke all on shop_order, order_line, order_key, outbox_message, inbox_message from public, tillbook_api;
grant select, insert, update (status, total_amount, customer_fullname, product_name, failure, attempts, next_at,
  lease_token, lease_until, updated_at) on shop_order to tillbook_api;
grant select, insert on order_line to tillbook_api;
grant select, insert, delete on order_key, inbox_message to tillbook_api;
grant select, insert, update (attempts, claim_no, void_claim_no, last_error, available_at, published_at,
  parked_at), delete
  on outbox_message to tillbook_api;

create trigger shop_order_no_delete before delete or truncate on shop_order
  for each statement execute function refuse_statement('orders are never deleted');
create trigger shop_order_ended_stays before update on shop_order
  for each row when (old.status <> 'pending' and old is distinct from new)
  execute function refuse_statement('an order that was created, or has failed, never changes again');
create trigger outbox_message_waits before delete on outbox_message
  for each row when (old.published_at is null and old.parked_at is null)
  execute function refuse_statement('an event that waits is published, never deleted');
create trigger order_line_append_only before update or delete or truncate on order_line
  for each statement execute function refuse_statement('lines of an order are only ever added');
create trigger order_key_no_update before update or truncate on order_key
  for each statement execute function refuse_statement('the first answer to a key is the answer to it');
create trigger order_key_stays before delete on order_key
  for each row when (old.created_at > statement_timestamp() - interval '1 day')
  execute function refuse_statement('a key is remembered for a day at least');
