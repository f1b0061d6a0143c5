import { newPool, type Pool } from '../../internal/postgres/pool'
import { many } from '../../internal/postgres/query'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await newDatabase({ empty: true })
  pool = newPool(connectionSettings(database.url), silentLog(), { program: 'tillbook-test' })
})
afterAll(async () => {
  await pool.close()
  await database.close()
})

/** The elements as the server understood them, one a row. */
async function roundTrip(type: string, values: unknown[]): Promise<unknown[]> {
  const query = many<{ values: unknown[] }, { value: unknown }>({
    name: `test.RoundTrip_${type}`,
    text: `select value from unnest($1::${type}[]) with ordinality as e (value, n) order by n`,
    params: ['values'],
  })
  return (await query(pool, { values })).map(({ value }) => value)
}

test.each<[string, unknown[]]>([
  ['text', []],
  ['text', ['', ' ', 'NULL', 'null', null, '{}', '{a,b}', ',', ',,', '"', '""', '\\', '\\\\']],
  ['text', ['\\"', '"\\', "'", "''", '\n', '\r\n', '\t', '\u0001', '\u007f', '\u2028', '😀', 'é']],
  ['text', [' x ', '{', '}', '{"', '\\x41', '\\u0041', '$1', '%s', '--', '/*', '"; drop', '\\N']],
  ['text', ['x'.repeat(100_000), '"\\'.repeat(10_000)]],
  ['bigint', [0n, -1n, 9223372036854775807n, -9223372036854775808n, null]],
  ['bool', [true, false, null]],
  ['int', [0, -1, 2147483647, null]],
  ['bytea', [Buffer.from([0, 1, 34, 92, 255]), Buffer.alloc(0), null]],
  ['jsonb', [null]],
])('%s[]: the server reads back what was written', async (type, values) => {
  expect(await roundTrip(type, values)).toEqual(values)
})

test('jsonb texts arrive as the values that they are', async () => {
  const values = [{ 'a"b\\': 'c{},\n"\\' }, { a: [null, 'NULL', '\\u0000'] }, 'x', 1, null]
  const texts = values.map((value) => JSON.stringify(value))
  expect(await roundTrip('jsonb', texts)).toEqual(values)
})
