import { sqlStateOf } from '../../internal/postgres/errors'
import { migrate } from '../../internal/postgres/migrate'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { newLogin, type TestLogin } from '../harness/login'
import { onServer, sharedServer } from '../harness/server'

jest.setTimeout(60_000)

const role = 'tillbook_api'
const insufficientPrivilege = '42501'
const foreignKeyViolation = '23503'
const checkViolation = '23514'

let database: TestDatabase
let owner: TestLogin
let member: TestLogin
const pools: Pool[] = []

/** Migrated by an owner who is no superuser, and not copied: a copy lacks the rights on the database. */
beforeAll(async () => {
  database = await newDatabase({ empty: true })
  owner = await newLogin('createrole')
  member = await newLogin(`in role ${role}`)
  const name = new URL(database.url).pathname.slice(1)
  await onServer(sharedServer().url, `alter database "${name}" owner to ${owner.name}`)
  const settings = connectionSettings(owner.urlOf(database.url), { statement_timeout_ms: 60_000 })
  await migrate({ settings, directory: 'migrations', program: 'tillbook-test' })
  await onServer(
    owner.urlOf(database.url),
    `insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace');
     insert into account (id, user_id, name, currency, min_balance)
     values ('till', 'ada', 'Till', 'EUR', -100), ('safe', 'ada', 'Safe', 'EUR', 0), ('yen', 'ada', 'Yen', 'JPY', 0);
     begin;
     ${insertTransaction({ id: transactionId, amount: 500 })};
     update account set balance = 500, held = 50, entry_no = 1 where id = 'till';
     commit;
     insert into idempotency (key, fingerprint, transaction_id, created_at)
     values ('key', sha256(''), '${transactionId}', now());
     insert into hold (id, amount, account_id, currency, created_at)
     values ('${transactionId}', 50, 'till', 'EUR', now())`,
  )
})

afterAll(async () => {
  for (const pool of pools) await pool.close()
  await database.close()
  await member.close()
  await owner.close()
})

const transactionId = '01a1fd82-49d0-776d-9ea5-c70337227327'

function insertTransaction(given: {
  id?: string
  amount?: number
  account?: string
  counterparty?: string
  currency?: string
}): string {
  const { id, amount = 1, account = 'till', counterparty, currency = 'EUR' } = given
  const other = counterparty === undefined ? 'null, null, null' : `'${counterparty}', 0, 1`
  const text = `insert into transaction (
      id, account_id, currency, amount, balance_after, entry_no,
      counterparty_id, counterparty_balance_after, counterparty_entry_no, effective_at, created_at
    ) values (${id ? `'${id}'` : 'gen_random_uuid()'}, '${account}', '${currency}', ${amount}, 0, 1,
      ${other}, now(), now())`
  return text.replaceAll(/\s+/g, ' ')
}

// Both ways in which the API gets its role: a login that is a member, and any login with `-c role=…`.
const ways: [string, () => Pool][] = [
  ['a login that is a member of the role', () => open(member.urlOf(database.url), undefined)],
  ['a superuser whose session works as the role', () => open(database.url, role)],
]

function open(url: string, as: string | undefined): Pool {
  const settings = connectionSettings(url, { role: as, pool_connections_max: 1 })
  const pool = newPool(settings, silentLog(), { program: 'tillbook-test' })
  pools.push(pool)
  return pool
}

async function readBook(): Promise<unknown> {
  const tables = ['transaction', 'account', 'app_user', 'idempotency', 'hold', 'migrations']
  const rows = tables.map((name) => `(select array_agg(t::text order by t::text) from ${name} t)`)
  return (await onServer(database.url, `select ${rows.join(', ')}`)).rows
}

const attacks: [string, string][] = [
  // The book is only ever added to.
  ['update transaction set amount = amount', insufficientPrivilege],
  [`update transaction set description = 'x'`, insufficientPrivilege],
  ['delete from transaction', insufficientPrivilege],
  ['truncate transaction', insufficientPrivilege],
  ['truncate transaction, account, app_user, hold cascade', insufficientPrivilege],
  ['select from transaction for update', insufficientPrivilege],
  [`do 'begin lock table transaction in exclusive mode; end'`, insufficientPrivilege],
  [
    'insert into transaction select t.* from transaction t on conflict (id) do update set amount = 1',
    insufficientPrivilege,
  ],
  ['delete from account', insufficientPrivilege],
  ['delete from app_user', insufficientPrivilege],
  ['delete from idempotency', insufficientPrivilege],
  ['delete from hold', insufficientPrivilege],
  ['delete from migrations', insufficientPrivilege],
  ['truncate account cascade', insufficientPrivilege],
  // What guards it stays where it is.
  ['alter table transaction disable trigger transaction_append_only', insufficientPrivilege],
  ['alter table transaction disable trigger all', insufficientPrivilege],
  ['set session_replication_role = replica', insufficientPrivilege],
  ['drop trigger transaction_append_only on transaction', insufficientPrivilege],
  [
    `create or replace function refuse_change() returns trigger language plpgsql as
     'begin return new; end'`,
    insufficientPrivilege,
  ],
  ['drop function refuse_change() cascade', insufficientPrivilege],
  [
    'create trigger mine before insert on transaction for each row execute function refuse_change()',
    insufficientPrivilege,
  ],
  ['create rule mine as on insert to transaction do instead nothing', insufficientPrivilege],
  ['alter table account drop constraint account_available_covers_limit', insufficientPrivilege],
  ['alter table account add column mine int', insufficientPrivilege],
  ['alter table transaction owner to current_user', insufficientPrivilege],
  ['drop table transaction', insufficientPrivilege],
  ['drop index transaction_account_idx', insufficientPrivilege],
  // Identity, owner and currency never change, and a balance begins at zero.
  [`update account set id = 'x' where id = 'yen'`, insufficientPrivilege],
  [`update account set currency = 'JPY'`, insufficientPrivilege],
  [`update account set user_id = 'ada'`, insufficientPrivilege],
  ['update account set created_at = now()', insufficientPrivilege],
  [`update app_user set id = 'x'`, insufficientPrivilege],
  ['update hold set amount = 1', insufficientPrivilege],
  [`update hold set account_id = 'safe'`, insufficientPrivilege],
  [`update idempotency set refusal = '{}'`, insufficientPrivilege],
  ['update currency set scale = 3', insufficientPrivilege],
  ['update xact_epoch set xact_offset = 1', insufficientPrivilege],
  [
    `insert into account (id, user_id, name, currency, balance) values ('x', 'ada', 'X', 'EUR', 1)`,
    insufficientPrivilege,
  ],
  [`insert into currency (code, scale, name) values ('XXX', 2, 'X')`, insufficientPrivilege],
  [`insert into migrations (id, name, hash) values (999, 'x', 'x')`, insufficientPrivilege],
  // No balance breaks its limit, and no row goes nowhere.
  ['update account set balance = min_balance - 1', checkViolation],
  [`update account set balance = min_balance + held - 1 where id = 'till'`, checkViolation],
  ['update account set held = balance - min_balance + 1', checkViolation],
  [`update account set min_balance = balance - held + 1 where id = 'safe'`, checkViolation],
  ['update account set min_balance = 1', checkViolation],
  [insertTransaction({ account: 'nobody' }), foreignKeyViolation],
  [insertTransaction({ counterparty: 'nobody' }), foreignKeyViolation],
  [insertTransaction({ currency: 'JPY' }), foreignKeyViolation],
  [insertTransaction({ counterparty: 'yen' }), foreignKeyViolation],
  [insertTransaction({ account: 'yen', counterparty: 'till' }), foreignKeyViolation],
  [insertTransaction({ amount: 0 }), checkViolation],
  [insertTransaction({ counterparty: 'till' }), checkViolation],
  // Nothing can be put in front of the tables, and nothing leads out of the database.
  ['create table mine ()', insufficientPrivilege],
  ['create temporary table account ()', insufficientPrivilege],
  ['create view mine as select 1', insufficientPrivilege],
  ['create schema mine', insufficientPrivilege],
  [`create function mine() returns int language sql as 'select 1'`, insufficientPrivilege],
  [`copy (select 1) to program 'true'`, insufficientPrivilege],
  [`copy idempotency from program 'true'`, insufficientPrivilege],
  [`copy (select 1) to '/tmp/tillbook-role-test'`, insufficientPrivilege],
  [`select pg_read_file('PG_VERSION')`, insufficientPrivilege],
  [`select lo_import('/etc/hostname')`, insufficientPrivilege],
  ['select * from pg_authid', insufficientPrivilege],
  // Nor to other rights.
  ['create role mine', insufficientPrivilege],
  ['alter role tillbook_api superuser', insufficientPrivilege],
  ['grant pg_execute_server_program to tillbook_api', insufficientPrivilege],
  ['alter system set fsync = off', insufficientPrivilege],
  ['select refuse_change()', insufficientPrivilege],
]

describe.each(ways)('the database refuses to %s', (_way, openPool) => {
  let pool: Pool
  beforeAll(() => {
    pool = openPool()
  })

  test.each(attacks)('%s', async (text, state) => {
    const before = await readBook()
    const error = await pool.query({ text, values: [] }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(sqlStateOf(error)).toBe(state)
    expect(await readBook()).toEqual(before)
  })

  // Who has some rights on a table gets a warning, not an error, for giving away those he lacks.
  test.each([
    'grant all on transaction to tillbook_api',
    'grant update on transaction to public',
    'grant select on transaction to tillbook_api with grant option',
    'revoke all on account from public',
  ])('anything gained by: %s', async (text) => {
    const rights = async () => (await onServer(database.url, listRights)).rows
    const before = await rights()
    await pool.query({ text, values: [] }).catch(() => {})
    expect(await rights()).toEqual(before)
  })
})

const listRights = `select relname, relacl::text from pg_class
  where relnamespace = 'public'::regnamespace order by relname`

test('the role may lock what it changes, and post', async () => {
  const pool = open(member.urlOf(database.url), role)
  await pool.withClient(async (client) => {
    for (const text of [
      'begin isolation level serializable',
      `select from app_user where id = 'ada' for no key update`,
      `select from account where id = 'till' for no key update`,
      'select from hold for no key update',
      insertTransaction({ amount: -1 }),
      `update account set balance = balance - 1, entry_no = entry_no + 1 where id = 'till'`,
      'select pg_xact_status(pg_current_xact_id())',
      'rollback',
    ]) {
      await client.query({ text, values: [] })
    }
  })
})

test('the role cannot choose where a transaction stands', async () => {
  const own = `pg_current_xact_id()::text::bigint + (select xact_offset from xact_epoch)`
  const insertAt = (position: string) =>
    insertTransaction({ amount: -1 })
      .replace('created_at )', 'created_at, xact_no )')
      .replace('now(), now())', `now(), now(), ${position})`)
  for (const [, connect] of ways) {
    const pool = connect()
    const attempt = (text: string) =>
      pool.withClient(async (client) => {
        await client.query({ text: 'begin', values: [] })
        try {
          await client.query({ text, values: [] })
        } finally {
          await client.query({ text: 'rollback', values: [] })
        }
      })
    await attempt(insertAt(own))
    for (const position of [`${own} - 1`, `${own} + 1`, '0', '9223372036854775807']) {
      const { code } = (await attempt(insertAt(position)).catch(
        (error: { code: string }) => error,
      )) as { code: string }
      expect(code).toBe('23001')
    }
  }
  // After a restore everything stands higher, and what the default says is refused as well.
  await onServer(database.url, 'update xact_epoch set xact_offset = 1000')
  const pool = open(database.url, role)
  await expect(pool.query({ text: insertTransaction({ amount: -1 }), values: [] })).rejects.toThrow(
    'a transaction stands where the database transaction stands that wrote it',
  )
  await onServer(database.url, 'update xact_epoch set xact_offset = 0')
})

test('reset role leads back to the role, not to the login', async () => {
  const pool = open(database.url, role)
  await pool.query({ text: 'reset role', values: [] })
  const { rows } = await pool.query({ text: 'select current_user::text as name', values: [] })
  expect(rows).toEqual([{ name: role }])
})

test('everybody else may do nothing, and nobody but the owner creates anything', async () => {
  const { rows } = await onServer(
    database.url,
    `select c.oid::regclass::text as name, g.privilege_type
     from pg_class c cross join lateral aclexplode(c.relacl) g
     where c.relnamespace = 'public'::regnamespace and g.grantee = 0
     union all
     select p.oid::regprocedure::text, g.privilege_type
     from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
     where p.pronamespace = 'public'::regnamespace and g.grantee = 0
     union all
     select 'schema', g.privilege_type
     from pg_namespace n cross join lateral aclexplode(n.nspacl) g
     where n.nspname = 'public' and g.grantee <> n.nspowner and g.privilege_type <> 'USAGE'
     union all
     select 'database', g.privilege_type
     from pg_database d cross join lateral aclexplode(d.datacl) g
     where d.datname = current_database() and g.grantee = 0 and g.privilege_type <> 'CONNECT'`,
  )
  expect(rows).toEqual([])
})

// A function that runs with its owner's rights would find what its caller puts in front of it.
test('no function runs with the rights of its owner', async () => {
  const text = `select proname from pg_proc
    where pronamespace = 'public'::regnamespace and prosecdef`
  expect((await onServer(database.url, text)).rows).toEqual([])
})

test('every table says what the role may do with it', async () => {
  const text = `select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'
      and not has_table_privilege('tillbook_api', oid, 'select')`
  expect((await onServer(database.url, text)).rows).toEqual([])
})
