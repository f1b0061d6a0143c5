-- Everything that looks like chance is md5 of the fill and of what is being made: random() would
-- depend on the order in which a plan produces its rows.

-- name: LockPopulate :one
-- Only one populate fills a book at a time; the next one waits here and then finds it filled.
select true as "locked!"
from pg_advisory_xact_lock(hashtextextended('populate', 0));

-- name: FindFirstUserOfFill :maybe
-- The first user's creation time tells the fill: it is made from the seed and the numbers.
select id
from app_user
where created_at = $founded_at::timestamptz
order by id
limit 1;

-- name: FindAnyUser :maybe
select id
from app_user
order by id
limit 1;

-- name: CountAccountsCreatedBefore :one
select count(*) as "accounts!"
from account
where created_at < $before::timestamptz;

-- name: InsertUsers :many
-- The users numbered $first to $last; gives their ids in that order.
with
person as (
  select ordinality - 1 as place, first_name, last_name, count(*) over () as persons
  from unnest(
    array[
      'Ada', 'Grace', 'Alan', 'Barbara', 'Edsger', 'Katherine', 'Donald', 'Margaret', 'Dennis',
      'Radia', 'Ken', 'Frances', 'Niklaus', 'Hedy', 'Claude', 'Jean', 'John', 'Karen', 'Kurt',
      'Mary', 'Konrad', 'Emmy', 'Blaise', 'Sofia', 'Charles', 'Dorothy', 'Leonhard', 'Adele',
      'Edgar', 'Shafi', 'Tony', 'Lynn', 'Alonzo', 'Sophie', 'Joseph', 'Hypatia', 'Carl', 'Rozsa',
      'George', 'Evelyn'
    ],
    array[
      'Lovelace', 'Hopper', 'Turing', 'Liskov', 'Dijkstra', 'Johnson', 'Knuth', 'Hamilton',
      'Ritchie', 'Perlman', 'Thompson', 'Allen', 'Wirth', 'Lamarr', 'Shannon', 'Bartik', 'Backus',
      'Jones', 'Gödel', 'Keller', 'Zuse', 'Noether', 'Pascal', 'Kovalevskaya', 'Babbage',
      'Vaughan', 'Euler', 'Goldberg', 'Codd', 'Goldwasser', 'Hoare', 'Conway', 'Church', 'Wilson',
      'Fourier', 'Alexandria', 'Gauss', 'Peter', 'Boole', 'Granville'
    ]
  ) with ordinality as name (first_name, last_name)
),
new_user as (
  select
    number,
    -- The second ada is ada-2.
    lower(first_name) || coalesce('-' || nullif((number - 1) / persons + 1, 1), '') as id,
    first_name,
    last_name,
    $founded_at::timestamptz
      + (number - 1) * ($spacing_micros::bigint * interval '1 microsecond') as created_at
  from generate_series($first::bigint, $last::bigint) as number
  join person on place = (number - 1) % persons
),
inserted_user as (
  insert into app_user (id, first_name, last_name, created_at)
  select id, first_name, last_name, created_at
  from new_user
)
select id as "id!"
from new_user
order by number;

-- name: InsertAccounts :exec
-- One to four accounts for each of the users. The first one gets them all, in euro, so that every
-- book has a credit line and a currency without decimals.
with
home (currency, percent, from_share, to_share) as (
  -- What a euro cent is, in hundredths of the currency's minor unit.
  values
    ('EUR', 100, 0, 59),
    ('USD', 110, 60, 79),
    ('GBP', 85, 80, 89),
    ('CHF', 95, 90, 95),
    ('KWD', 330, 96, 99)
),
kind (kind, name, share) as (
  values
    ('checking', 'Checking', 100),
    ('credit', 'Credit card', 45),
    ('savings', 'Savings', 60),
    ('yen', 'Travel money', 30)
),
owner as (
  select
    app_user.id,
    app_user.created_at,
    wanted.rank,
    ('x' || left(md5($fill::text || ' home ' || app_user.id), 8))::bit(32)::bigint % 100 as share
  from unnest($user_ids::text[]) with ordinality as wanted (id, rank)
  join app_user on app_user.id = wanted.id
  where app_user.id = any ($user_ids::text[])
),
new_account as (
  select
    owner.id as user_id,
    owner.created_at,
    kind.kind,
    kind.name,
    kind.share,
    owner.rank,
    home.currency as home_currency,
    home.percent,
    ('x' || left(md5($fill::text || ' account ' || owner.id || ' ' || kind.kind), 8))::bit(32)::bigint
      as chance
  from owner
  join home on case owner.rank when 1 then 0 else owner.share end
    between home.from_share and home.to_share
  cross join kind
)
insert into account (id, user_id, name, currency, min_balance, created_at)
select
  user_id || '-' || kind,
  user_id,
  name,
  case kind when 'yen' then 'JPY' else home_currency end,
  -- A credit line of 1,000 to 5,000.
  case kind when 'credit' then -(100000 + chance / 100 % 9 * 50000) * percent / 100 else 0 end,
  created_at + (chance % 3600) * interval '1 second'
from new_account
where rank = 1 or chance % 100 < share;

-- name: AnalyzeBook :exec
-- Fresh figures for the planner, instead of whenever autovacuum comes by.
analyze app_user, account, transaction;
