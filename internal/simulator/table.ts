import { refuse, type Reply, type Service, type Wait } from './reply'

interface Row extends Reply {
  afterMs: number
}

const failure: Reply = { status: 500, body: { error: 'internal error' } }

const ada = { id: '7c11e1ce2741', firstName: 'Ada', lastName: 'Lovelace' }
const grace = { id: 'e6f24d7d1c7e', firstName: 'Grace', lastName: 'Hopper' }
const classicBox = { code: 'classic-box', name: 'Classic Box', price: 9.99 }
const familyBox = { code: 'family-box', name: 'Family Box', price: 14.99 }

/** What is answered for an id, call by call; after the last the first comes again. */
type Table = ReadonlyMap<string, readonly Row[]>

const users: Table = new Map([
  [ada.id, [{ status: 200, body: ada, afterMs: 300 }]],
  [
    grace.id,
    [
      { ...failure, afterMs: 300 },
      { status: 200, body: grace, afterMs: 300 },
    ],
  ],
])

const products: Table = new Map([
  [classicBox.code, [{ status: 200, body: classicBox, afterMs: 200 }]],
  [familyBox.code, [{ status: 200, body: familyBox, afterMs: 60_000 }]],
  ['veggie-box', [{ ...failure, afterMs: 200 }]],
])

/** `GET /users/{id}` */
export function newUserService(wait: Wait): Service {
  return newTableService(users, wait)
}

/** `GET /products/{code}` */
export function newProductService(wait: Wait): Service {
  return newTableService(products, wait)
}

function newTableService(table: Table, wait: Wait): Service {
  const asked = new Map<string, number>()
  return async ({ method, segments }) => {
    const [, id = '', ...further] = segments
    const rows = table.get(id)
    if (!rows || method !== 'GET' || further.length > 0) return refuse(wait, 404, 'not found')
    const before = asked.get(id) ?? 0
    asked.set(id, before + 1)
    const { afterMs, ...reply } = rows[before % rows.length]!
    await wait(afterMs)
    return reply
  }
}
