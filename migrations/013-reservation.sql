-- What an external service holds for a line of a cart. The row says what is wanted and how far it has
-- come; a worker drives the one to the other. Its id is the key under which the service is asked, always
-- the same, so that asking again never reserves twice.
create table reservation (
  id uuid not null,
  line_id uuid not null,
  external_id bigint,
  lease_token uuid,
  lease_until timestamptz,
  next_at timestamptz,
  attempts integer not null default 0,
  desired text collate "C" not null default 'held',
  actual text collate "C" not null default 'none',
  item text not null,
  last_error text,
  traceparent text collate "C",
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint reservation_pkey primary key (id),
  constraint reservation_line_key unique (line_id),
  constraint reservation_line_fkey foreign key (line_id) references cart_line (id),
  constraint reservation_desired_known check (desired in ('held', 'released')),
  constraint reservation_actual_known check (
    actual in ('none', 'requesting', 'unknown', 'held', 'releasing', 'released', 'failed')
  ),
  constraint reservation_held_has_id check (
    actual not in ('held', 'releasing') or external_id is not null
  ),
  -- What is still wanted was not given back, and what is not yet as it is wanted is due some day, so that
  -- nothing is ever forgotten.
  constraint reservation_released_is_wanted check (actual <> 'released' or desired = 'released'),
  constraint reservation_never_forgotten check (
    next_at is not null
    or (desired = 'held' and actual in ('held', 'failed'))
    or (desired = 'released' and actual = 'released')
  ),
  constraint reservation_attempts_range check (attempts >= 0),
  constraint reservation_lease_whole check ((lease_token is null) = (lease_until is null)),
  constraint reservation_lease_ends check (lease_token is null or next_at is not null),
  constraint reservation_traceparent_form check (
    traceparent ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'
  ),
  constraint reservation_item_length check (char_length(item) between 1 and 200),
  constraint reservation_last_error_length check (char_length(last_error) <= 1000)
);
-- What there is to do, by the time at which it is due; nothing else is in this index. The lease, which only
-- changes along with the time, is there for counting to need no more than the index.
create index reservation_due_idx on reservation (next_at, id) include (lease_until) where next_at is not null;
-- What an operator looks after: few, or something is wrong.
create index reservation_failed_idx on reservation (id) where desired = 'held' and actual = 'failed';
create index reservation_leaked_idx on reservation (id)
  where desired = 'released' and actual <> 'released' and attempts > 0;
-- What is new, for those who watch their cart.
create index reservation_updated_idx on reservation (updated_at, id);

comment on table reservation is 'What an external service holds for a line of a cart.';
comment on column reservation.external_id is 'The reservation_id that the service gave.';
comment on column reservation.desired is 'held while the line is in the cart, released when it was taken out.';
comment on column reservation.actual is
  'How far it has come. requesting and unknown: the service may or may not have reserved.';
comment on column reservation.traceparent is 'Of the request that asked for it, for the worker to go on with.';
comment on column reservation.next_at is 'When somebody has to do something about it; under way, when its lease ends. Null: never.';
comment on column reservation.lease_token is 'Of the worker that is at it: only who shows it may write what came of it.';
comment on column reservation.attempts is 'Calls for the present wish that ended without an answer to go by.';

revoke all on reservation from public, tillbook_api;
grant select, insert, update (external_id, lease_token, lease_until, next_at, attempts, desired, actual,
  last_error, updated_at) on reservation to tillbook_api;

create trigger reservation_keeps_identity before update of id, line_id, item, created_at on reservation
  for each statement execute function refuse_statement('a reservation stays what it is, and for which line');
create trigger reservation_no_delete before delete or truncate on reservation
  for each statement execute function refuse_statement('reservations are released, never deleted');
