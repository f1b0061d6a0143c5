import { DatabaseError, type QueryResult } from 'pg'
import { systemIds } from '../../internal/id/id'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { newGroupPoster } from '../../pkg/transaction/sql/post'
import { single } from '../../pkg/transaction/instruction'
import { connectionSettings, newDatabase, type TestDatabase } from '../harness/database'
import { silentLog } from '../harness/log'
import { onServer } from '../harness/server'

let database: TestDatabase
let lanes: Pool

beforeAll(async () => {
  database = await newDatabase()
  lanes = newPool(connectionSettings(database.url), silentLog(), {
    program: 'test',
    pipeline: true,
  })
  await onServer(
    database.url,
    `with u as (
       insert into app_user (id, first_name, last_name) values ('ada', 'Ada', 'Lovelace') returning id
     )
     insert into account (id, user_id, name, currency) select 'till', id, 'Till', 'EUR' from u`,
  )
})

afterAll(async () => {
  await lanes?.close()
  await database?.close()
})

const deposit = single({
  kind: 'post',
  accountId: 'till',
  amount: { units: 100n, scale: 2 },
  counterpartyId: null,
  description: null,
  metadata: null,
  effectiveAt: null,
  idempotency: null,
})

/** Lanes whose first commit is answered with this SQLSTATE, after it was carried out or instead of it. */
function failingOnce(code: string, isCarriedOut: boolean): Pool {
  let isFirst = true
  return {
    ...lanes,
    withClient: (work) =>
      lanes.withClient((client) =>
        work({
          async query(statement): Promise<QueryResult> {
            if (statement.text !== 'commit' || !isFirst) return client.query(statement)
            isFirst = false
            await client.query({ text: isCarriedOut ? 'commit' : 'rollback', values: [] })
            throw Object.assign(new DatabaseError('no space left', 0, 'error'), { code })
          },
        }),
      ),
  }
}

async function balance(): Promise<number> {
  const text = `select balance::int as balance from account where id = 'till'`
  return (await onServer(database.url, text)).rows[0].balance
}

test.each([
  ['a full disk', '53100', true],
  ['a full disk', '53100', false],
  ['a failing disk', '58030', true],
  ['a failing disk', '58030', false],
  ['a serialization failure', '40001', false],
])(
  'a commit that ends in %s (%s, carried out: %s) posts once',
  async (_what, code, isCarriedOut) => {
    const before = await balance()
    const post = newGroupPoster(failingOnce(code, isCarriedOut), systemIds, {
      attemptsMax: 5,
      outcomeTimeoutMs: 2000,
      sleep: async () => {},
    })
    const [answer] = await post([deposit])
    expect(answer!.verdicts[0]).toMatchObject({
      status: 'created',
      transaction: { balanceAfter: BigInt(before + 100) },
    })
    expect(await balance()).toBe(before + 100)
  },
)
