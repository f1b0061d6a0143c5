import { newDatabase, type TestDatabase } from '../harness/database'
import { onServer } from '../harness/server'
import { openAccount, post, spawnApi, type ApiProcess } from './processes'

let database: TestDatabase
let api: ApiProcess

beforeAll(async () => {
  database = await newDatabase()
  // The session's own settings are no excuse for an API that relies on them.
  await onServer(
    database.url,
    `alter role current_user in database "${name()}" set synchronous_commit = off`,
  )
  api = await spawnApi(database.url)
})

afterAll(async () => {
  await api?.program.close()
  await onServer(
    database.url,
    `alter role current_user in database "${name()}" reset synchronous_commit`,
  )
  await database?.close()
})

const name = () => new URL(database.url).pathname.slice(1)

test('transactions are written under SERIALIZABLE and with synchronous_commit on', async () => {
  await openAccount(api.url, 'watched')
  await onServer(
    database.url,
    `create table watched_setting as select ''::text as isolation, ''::text as synchronous where false;
     grant insert on watched_setting to tillbook_api;
     create function watch() returns trigger language plpgsql as $$
     begin
       insert into watched_setting
       values (current_setting('transaction_isolation'), current_setting('synchronous_commit'));
       return null;
     end $$;
     create trigger watch after insert on transaction for each row execute function watch()`,
  )
  const body = { account_id: 'watched', amount: '1.00' }
  const replies = await Promise.all([1, 2, 3].map(() => post(`${api.url}/transactions`, body)))
  expect(replies.map((reply) => reply.status)).toEqual([201, 201, 201])
  const { rows } = await onServer(database.url, 'select distinct * from watched_setting')
  expect(rows).toEqual([{ isolation: 'serializable', synchronous: 'on' }])
})
