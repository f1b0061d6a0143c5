import { newPool, type Pool } from '../../internal/postgres/pool'
import type { BinaryElement } from '../../internal/postgres/binary-array'
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

/** The elements as the server understood them, one a row; sent as text, unless an element is named. */
async function roundTrip(
  type: string,
  values: unknown[],
  element?: BinaryElement,
): Promise<unknown[]> {
  const query = many<{ values: unknown[] }, { value: unknown }>({
    name: `test.RoundTrip_${type}_${element}`,
    text: `select value from unnest($1::${type}[]) with ordinality as e (value, n) order by n`,
    params: ['values'],
    ...(element && { arrays: { values: element } }),
  })
  return (await query(pool, { values })).map(({ value }) => value)
}

const textLists: unknown[][] = [
  [],
  ['', ' ', 'NULL', 'null', null, '{}', '{a,b}', ',', ',,', '"', '""', '\\', '\\\\'],
  ['\\"', '"\\', "'", "''", '\n', '\r\n', '\t', '\u0001', '\u007f', '\u2028', '😀', 'é'],
  [' x ', '{', '}', '{"', '\\x41', '\\u0041', '$1', '%s', '--', '/*', '"; drop', '\\N'],
  ['x'.repeat(100_000), '"\\'.repeat(10_000)],
]
const numbers = [0n, -1n, 9223372036854775807n, -9223372036854775808n, null]

test.each<[string, unknown[]]>([
  ...textLists.map((values): [string, unknown[]] => ['text', values]),
  ['bigint', numbers],
  ['bool', [true, false, null]],
  ['int', [0, -1, 2147483647, null]],
  ['bytea', [Buffer.from([0, 1, 34, 92, 255]), Buffer.alloc(0), null]],
  ['jsonb', [null]],
])('%s[]: the server reads back what was written', async (type, values) => {
  expect(await roundTrip(type, values)).toEqual(values)
})

test.each<[string, BinaryElement, unknown[]]>([
  ...textLists.map((values): [string, BinaryElement, unknown[]] => ['text', 'text', values]),
  ['bigint', 'int8', numbers],
  ['uuid', 'uuid', ['0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e', null]],
])('%s[] in binary: the server reads back what was written', async (type, element, values) => {
  expect(await roundTrip(type, values, element)).toEqual(values)
})

test('jsonb texts arrive as the values that they are', async () => {
  const values = [{ 'a"b\\': 'c{},\n"\\' }, { a: [null, 'NULL', '\\u0000'] }, 'x', 1, null]
  const texts = values.map((value) => JSON.stringify(value))
  expect(await roundTrip('jsonb', texts)).toEqual(values)
})
