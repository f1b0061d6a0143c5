import { run } from '../../cmd/api/run'
import { api } from '../../config/schema'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { onServer } from '../harness/server'
import { openAccount, post } from './processes'

let database: TestDatabase

beforeAll(async () => {
  database = await newDatabase()
  const { url: _url, ...limits } = connectionSettings(database.url)
  const config = api.parse({
    environment: 'test',
    database: { ...limits, url: database.url },
    http: { port: 0 },
  })
  const served = await run(config, { log: silentLog(), version: '0.0.0-test' })
  const url = `http://127.0.0.1:${served.port}`
  await openAccount(url, 'kept', '10.00')
  await post(`${url}/transactions`, { account_id: 'kept', amount: '-1.00' })
  await served.close()
})
afterAll(() => database.close())

const listRows = async () =>
  (await onServer(database.url, 'select * from transaction order by id')).rows as unknown[]

// The tests connect as the owner of the tables, as the API does: no other role may do more.
test.each([
  ['update', `update transaction set amount = amount + 1`],
  ['update of a description', `update transaction set description = 'Nicer'`],
  ['delete', `delete from transaction`],
  ['truncate', `truncate transaction`],
  ['truncate by way of the accounts', `truncate account cascade`],
])('the database refuses to change a transaction: %s', async (_name, statement) => {
  const before = await listRows()
  expect(before).toHaveLength(2)
  await expect(onServer(database.url, statement)).rejects.toMatchObject({
    code: '23001',
    hint: 'Post a reversal.',
  })
  expect(await listRows()).toEqual(before)
})
