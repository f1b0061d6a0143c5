-- As in populate.sql all chance is md5, and besides the arithmetic is on integers, so that every
-- server comes to the same rows. `('x' || left(hash, 6))::bit(24)::bigint` is the number of six digits.

-- name: InsertTransactions :exec
-- $transactions of them among the accounts of the users, and the balances these lead to: an opening
-- deposit for every account, then salaries and rents by the month, and the rest anywhere between
-- $starts_at and $ends_at. Nobody outside $user_ids is touched, so a book is filled part by part.
with
catalogue (kind, weight, low, high, step, other_side, category, description) as (
  -- Euro cents as the account sees them. The weights of a kind sum up to 100.
  values
    ('checking', 24, -12000, -500, 1, null, 'food', 'Groceries'),
    ('checking', 11, -700, -180, 10, null, 'food', 'Coffee'),
    ('checking', 10, -9000, -1200, 10, null, 'food', 'Restaurant'),
    ('checking', 8, -3000, -200, 10, null, 'travel', 'Public transport'),
    ('checking', 5, -20000, -1500, 5, null, 'clothing', 'Clothes'),
    ('checking', 4, -6000, -400, 1, null, 'health', 'Pharmacy'),
    ('checking', 4, -6000, -800, 1, null, 'leisure', 'Books'),
    ('checking', 3, -3000, -900, 50, null, 'leisure', 'Cinema'),
    ('checking', 3, -12000, -4000, 1, null, 'home', 'Electricity'),
    ('checking', 3, -4000, -1000, 100, null, 'home', 'Phone and internet'),
    ('checking', 3, -20000, -2000, 1000, null, 'cash', 'Cash'),
    ('checking', 1, -60000, -8000, 100, null, 'travel', 'Flight'),
    ('checking', 3, 500, 8000, 1, null, 'refund', 'Refund'),
    ('checking', 4, 20000, 150000, 500, null, 'income', 'Invoice paid'),
    ('checking', 5, -4000, -500, 50, 'peer', null, 'Shared dinner'),
    ('checking', 3, -10000, -1000, 500, 'peer', null, 'Birthday present'),
    ('checking', 2, 500, 6000, 50, 'peer', null, 'Money back, thank you'),
    ('checking', 4, -40000, -5000, 1000, 'savings', null, 'To savings'),
    ('credit', 35, -15000, -800, 1, null, 'shopping', 'Online order'),
    ('credit', 20, -8000, -1200, 10, null, 'food', 'Restaurant'),
    ('credit', 15, -1800, -500, 100, null, 'leisure', 'Subscription'),
    ('credit', 6, -30000, -7000, 100, null, 'travel', 'Hotel'),
    ('credit', 24, 5000, 40000, 500, 'checking', null, 'Credit card payment'),
    ('savings', 55, 5000, 50000, 1000, 'checking', null, 'Saved'),
    ('savings', 25, -80000, -10000, 1000, 'checking', null, 'From savings'),
    ('savings', 20, 50, 1500, 1, null, 'interest', 'Interest'),
    ('yen', 35, -1200, -300, 5, null, 'food', 'Ramen'),
    ('yen', 20, -3500, -400, 5, null, 'food', 'Convenience store'),
    ('yen', 10, -9000, -1500, 50, null, 'travel', 'Train ticket'),
    ('yen', 10, -6000, -500, 50, 'peer', null, 'Shared taxi'),
    ('yen', 25, 2000, 12000, 500, null, 'exchange', 'Currency exchange'),
    ('salary', 100, 180000, 450000, 2500, null, 'income', 'Salary'),
    ('rent', 100, -160000, -55000, 1000, null, 'home', 'Rent')
),
choice as (
  -- A hundred choices for each kind, for the sake of a hash join.
  select
    catalogue.*,
    row_number() over (partition by kind order by description collate "C", nth) - 1 as slot
  from catalogue
  cross join generate_series(1, weight) as nth
),
price (currency, percent) as (
  values ('EUR', 100), ('USD', 110), ('GBP', 85), ('CHF', 95), ('KWD', 330), ('JPY', 160)
),
-- Ranked by kind first: low ranks are the busiest, and those are the checking accounts.
member as materialized (
  select
    account.id,
    account.user_id,
    account.currency,
    account.min_balance,
    price.percent,
    part.kind,
    wanted.rank as user_rank,
    row_number() over (order by part.kind, wanted.rank) as rank,
    row_number() over (partition by part.kind, account.currency order by wanted.rank) as peer_no,
    count(*) over (partition by part.kind, account.currency) as peers
  from account
  join unnest($user_ids::text[]) with ordinality as wanted (id, rank) on wanted.id = account.user_id
  join price on price.currency = account.currency
  cross join lateral (select substr(account.id, char_length(account.user_id) + 2)) as part (kind)
  where account.user_id = any ($user_ids::text[])
),
size as materialized (
  -- Salaries and rents, 24 each, for as many users as fit into two fifths of the transactions.
  select
    members,
    earners,
    greatest(0, $transactions::bigint - members - 48 * earners) as others
  from (select count(*) as members from member) as counted
  cross join lateral (
    select least(
      cardinality($user_ids::text[]),
      greatest(0, $transactions::bigint - members) * 2 / 5 / 48
    ) as earners
  ) as fitting
),
era as materialized (
  -- Months are counted without a time zone, so that the session's has no say. The first day
  -- belongs to the opening deposits.
  select
    $starts_at::timestamptz at time zone 'UTC' as starts,
    start_micros,
    start_micros + 86400000000 as second_day_micros,
    (end_micros - start_micros - 86400000000) / greatest(others, 1) as spacing_micros
  from size
  cross join lateral (
    select
      (extract(epoch from $starts_at::timestamptz) * 1000000)::bigint as start_micros,
      (extract(epoch from $ends_at::timestamptz) * 1000000)::bigint as end_micros
  ) as bounds
),
monthly as (
  select
    member.rank,
    bill.kind,
    (
      extract(
        epoch from era.starts
          + month * interval '1 month'
          + (bill.day + ('x' || left(habit.hash, 7))::bit(28)::int % 3) * interval '1 day'
      ) * 1000000
    )::bigint + bill.hour * 3600000000 as day_micros,
    md5($fill::text || ' ' || bill.kind || ' ' || member.id || ' ' || month) as hash,
    habit.hash as amount_hash
  from size
  cross join era
  join member on member.kind = 'checking' and member.user_rank <= size.earners
  cross join (values ('rent', 1, 6), ('salary', 24, 9)) as bill (kind, day, hour)
  cross join lateral md5($fill::text || ' ' || bill.kind || ' ' || member.id) as habit (hash)
  cross join generate_series(0, 23) as month
),
other as materialized (
  select number, md5($fill::text || ' other ' || ($user_ids::text[])[1] || ' ' || number) as hash
  from size
  cross join generate_series(1, size.others) as number
),
idea as materialized (
  select
    rank,
    kind,
    day_micros + ('x' || left(hash, 7))::bit(28)::bigint * 3600000000 / 268435456 as micros,
    hash,
    amount_hash
  from monthly
  union all
  select
    -- The square of a fraction: few accounts are busy, most are not.
    1 + (members * ((chance * chance) >> 24) >> 24),
    null,
    second_day_micros
      + (number - 1) * spacing_micros
      + ((('x' || substr(hash, 7, 4))::bit(16)::bigint * spacing_micros) >> 16),
    hash,
    hash
  from size
  cross join era
  cross join other
  cross join lateral (select ('x' || left(hash, 6))::bit(24)::bigint) as luck (chance)
),
movement as materialized (
  select
    -- Version 7: milliseconds, then the rest of the microseconds in 12 bits, then the hash.
    (
      lpad(to_hex(idea.micros / 1000), 12, '0')
      || '7' || lpad(to_hex(idea.micros % 1000 * 4096 / 1000), 3, '0')
      || '8' || right(idea.hash, 15)
    )::uuid as id,
    timestamptz 'epoch' + idea.micros * interval '1 microsecond' as at,
    member.rank,
    coalesce(own.rank, peer.rank) as other_rank,
    (
      choice.low
      + (('x' || substr(idea.amount_hash, 11, 6))::bit(24)::bigint
        * ((choice.high - choice.low) / choice.step + 1) >> 24) * choice.step
    ) * member.percent / 100 as amount,
    choice.description
      || case when idea.kind is null then ''
         else to_char(
           era.starts + (idea.micros - era.start_micros) * interval '1 microsecond',
           ', FMMonth YYYY'
         )
         end as description,
    case when choice.category is not null and choice.slot % 2 = 0
      then jsonb_build_object('category', choice.category)
    end as metadata
  from idea
  cross join era
  join member on member.rank = idea.rank
  join choice
    on choice.kind = coalesce(idea.kind, member.kind)
    and choice.slot = ('x' || substr(idea.hash, 17, 6))::bit(24)::int % 100
  left join member as own on own.user_id = member.user_id and own.kind = choice.other_side
  left join member as peer
    on choice.other_side = 'peer'
    and peer.kind = member.kind
    and peer.currency = member.currency
    and peer.rank <> member.rank
    and peer.peer_no
      = 1 + (member.peer_no + ('x' || substr(idea.hash, 23, 6))::bit(24)::bigint
        % greatest(1, member.peers - 1)) % member.peers
),
entry as materialized (
  -- Both sides in the order of posting, as if every account had begun at zero. Ids sort by time.
  select
    id,
    rank,
    amount,
    row_number() over entries_so_far as place,
    (sum(amount) over entries_so_far)::bigint as total
  from (
    select id, rank, amount from movement
    union all
    select id, other_rank, -amount from movement where other_rank is not null
  ) as side
  window entries_so_far as (partition by rank order by id rows unbounded preceding)
),
opening as materialized (
  -- A deposit that carries the account over its lowest point, rounded up; a first sum at least.
  select
    member.id as account_id,
    member.currency,
    member.rank,
    greatest(
      (member.min_balance - coalesce(lowest, 0) + 999) / 1000 * 1000,
      case member.kind
        when 'credit' then 10
        when 'yen' then 100 + chance % 200
        when 'savings' then 500 + chance % 4500
        else 100 + chance % 1400
      end * member.percent
    ) as amount,
    coalesce(sum_after, 0) as sum_after,
    coalesce(entries, 0) as entries,
    era.start_micros + ((chance * 86400000000) >> 24) as micros,
    hash
  from member
  cross join era
  cross join lateral md5($fill::text || ' opening ' || member.id) as luck (hash)
  cross join lateral (select ('x' || left(hash, 6))::bit(24)::bigint) as draw (chance)
  left join (
    select rank, count(*) as entries, min(total) as lowest, sum(amount)::bigint as sum_after
    from entry
    group by rank
  ) as course on course.rank = member.rank
  where member.rank <= $transactions::bigint
),
updated_account as (
  update account
  set balance = opening.amount + opening.sum_after, entry_no = 1 + opening.entries
  from opening
  where account.id = opening.account_id
)
insert into transaction (
  id, amount, balance_after, entry_no, counterparty_balance_after, counterparty_entry_no,
  effective_at, created_at, account_id, counterparty_id, currency, description, metadata
)
select
  movement.id,
  movement.amount,
  opening.amount + entry.total,
  1 + entry.place,
  other_opening.amount + other_entry.total,
  1 + other_entry.place,
  movement.at,
  movement.at,
  opening.account_id,
  other_opening.account_id,
  opening.currency,
  movement.description,
  movement.metadata
from movement
join opening on opening.rank = movement.rank
join entry on entry.id = movement.id and entry.rank = movement.rank
left join opening as other_opening on other_opening.rank = movement.other_rank
left join entry as other_entry
  on other_entry.id = movement.id and other_entry.rank = movement.other_rank
union all
select
  (
    lpad(to_hex(micros / 1000), 12, '0')
    || '7' || lpad(to_hex(micros % 1000 * 4096 / 1000), 3, '0')
    || '8' || right(hash, 15)
  )::uuid,
  amount,
  amount,
  1,
  null,
  null,
  timestamptz 'epoch' + micros * interval '1 microsecond',
  timestamptz 'epoch' + micros * interval '1 microsecond',
  account_id,
  null,
  currency,
  'Opening deposit',
  null
from opening
order by 1;
