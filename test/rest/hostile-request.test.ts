import { encodeCursor } from '../../internal/page/cursor'
import { startApi, type Account, type Refused, type Sent, type TestApi } from './api'

let api: TestApi
let account: Account
beforeAll(async () => {
  api = await startApi()
  account = await api.anAccount({ id: 'victim', balance: '100.00' })
})
afterAll(() => api.close())

const invalid = { status: 400, code: 'request.invalid' }
const notFound = { status: 404, code: 'route.not_found' }
const malformed = { status: 400, code: 'request.malformed_url' }
const lists = ['/users', '/accounts/victim/transactions']
const periods = ['/accounts/victim/transactions', '/users/ada-1/transactions/max']

describe.each(lists)('the list %s', (path) => {
  test.each(['0', '101', 'abc', '1e2', '-1', '', '1.0', '+1', '%201', '0x1', '1000', '٣', '%00'])(
    'refuses limit=%s',
    async (limit) => {
      const refused = { ...invalid, paths: ['limit'] }
      await api.refuses({ path: `${path}?limit=${encodeURI(decodeURIComponent(limit))}` }, refused)
    },
  )

  test.each(['x', '%00', 'null', '%F0%9F%98%80', 'a'.repeat(512), 'W10', '', 'eyJpZCI6MX0='])(
    'refuses the made-up cursor %s',
    async (cursor) => {
      const refused = { status: 400, code: 'page.invalid_cursor', paths: ['cursor'] }
      await api.refuses({ path: `${path}?cursor=${cursor}` }, refused)
    },
  )

  test('refuses a cursor of 513 characters', async () => {
    const refused = { ...invalid, paths: ['cursor'] }
    await api.refuses({ path: `${path}?cursor=${'a'.repeat(513)}` }, refused)
  })

  test('refuses a cursor that somebody forged with the right digest', async () => {
    const list = path === '/users' ? 'users' : 'transactions victim null null'
    const time = '2026-01-31T09:30:00.000000Z'
    const forged = [
      ...[[], ['\u0000'], [''], ['a', 'b'], [`${time} `], ['infinity', account.id], [time, 'x']],
      ...[
        ['x', '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'],
        [1, 2],
        [null, null],
        [[], {}],
      ],
      ...[{}, null, 'x', 1],
    ]
    for (const position of forged) {
      const cursor = encodeCursor(list, position as string[])
      await api.refuses(
        { path: `${path}?cursor=${cursor}` },
        { status: 400, code: 'page.invalid_cursor', paths: ['cursor'] },
      )
    }
  })

  test('refuses query parameters that are repeated or unknown, and names them', async () => {
    const refuse = (query: string, paths: string[]) =>
      api.refuses({ path: `${path}?${query}` }, { ...invalid, paths })
    await refuse('limit=1&limit=1', ['limit'])
    await refuse('limit=1&limit=2&cursor=a&cursor=b', ['cursor', 'limit'])
    await refuse('offset=3&page=2', ['offset', 'page'])
    await refuse('limit[]=1', ['limit[]'])
    await refuse('Limit=1', ['Limit'])
    await refuse('__proto__=1', ['__proto__'])
    await refuse('=', [''])
  })

  test.each(['limit=%', 'limit=%zz', '%ff=1', 'cursor=%c0%80'])('refuses ?%s', async (query) => {
    await api.refuses({ path: `${path}?${query}` }, malformed)
  })
})

describe.each(periods)('the period of %s', (path) => {
  test.each([
    ...['0000-01-01T00:00:00Z', '300000-01-01T00:00:00Z', '2026-02-30T00:00:00Z', 'infinity', ''],
    ...[
      '2026-01-31T09:30:00.123456789Z',
      '2026-01-31',
      '1769851800',
      'now',
      '2026-01-31T09:30:00+01:00',
    ],
  ])('refuses %j as from and as to', async (time) => {
    const refused = { ...invalid, paths: ['from', 'to'] }
    await api.refuses({ path: `${path}?from=${time}&to=${time}` }, refused)
  })

  test('refuses from after to, and either of them twice', async () => {
    const [early, late] = ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.000001Z']
    const refuse = (query: string, paths: string[]) =>
      api.refuses({ path: `${path}?${query}` }, { ...invalid, paths })
    await refuse(`from=${late}&to=${early}`, ['from'])
    await refuse(`from=${early}&from=${late}`, ['from'])
    await refuse(`to=${early}&to=${early}`, ['to'])
  })
})

const badIds = [
  ...[
    '%20',
    'a%20b',
    'a%2Fb',
    '%2e%2e%2f',
    '%C3%A4',
    '%F0%9F%98%80',
    '%00',
    'a%00',
    'x'.repeat(65),
  ],
  ...['x'.repeat(300), '-a', "a'", 'a%22', 'a%0A', '*', '%25', 'a+b', '~', '__proto__'],
]

test.each(badIds)('the id %s is refused in every path', async (id) => {
  const refused = { ...invalid, paths: ['id'] }
  for (const path of [`/users/${id}`, `/accounts/${id}`, `/transactions/${id}`]) {
    await api.refuses({ path }, refused)
  }
  await api.refuses({ path: `/accounts/${id}/transactions` }, refused)
  await api.refuses({ path: `/users/${id}/transactions/max` }, refused)
  const json = { name: 'A', currency: 'EUR' }
  await api.refuses({ method: 'POST', path: `/users/${id}/accounts`, json }, refused)
})

test.each(['%', '%zz', '%ff', '%ed%a0%80', '%c0%80', 'a%2'])(
  'the path /users/%s is refused',
  async (id) => {
    await api.refuses({ path: `/users/${id}` }, malformed)
  },
)

test.each([
  ...['/', '/nothing', '/accounts', '/accounts/', '/user/ada', '/users/ada-1/accounts/x', '/Users'],
  ...['/users/ada-1/transactions', '/transactions/bulk/x', '/users//transactions/max', '//users'],
  ...['/users/ada-1/transactions/max/x', '/.env', '/%2e%2e/etc/passwd', '/healthz/x', '/readyz;x'],
])('the path %s is not found', async (path) => {
  await api.refuses({ path }, notFound)
  await api.refuses({ method: 'POST', path, json: {} }, notFound)
})

test.each([
  ['/users', 'GET, HEAD, OPTIONS, POST', ['PUT', 'PATCH', 'DELETE']],
  ['/users/ada-1', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
  ['/users/ada-1/accounts', 'OPTIONS, POST', ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['/users/ada-1/transactions/max', 'GET, HEAD, OPTIONS', ['POST', 'DELETE']],
  ['/accounts/victim', 'GET, HEAD, OPTIONS, PATCH', ['POST', 'PUT', 'DELETE']],
  ['/accounts/victim/transactions', 'GET, HEAD, OPTIONS', ['POST', 'DELETE']],
  ['/transactions', 'OPTIONS, POST', ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['/transactions/x', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
  ['/transactions/bulk', 'GET, HEAD, OPTIONS, POST', ['PUT', 'PATCH', 'DELETE']],
  ['/transactions/x/reversal', 'OPTIONS, POST', ['GET', 'PUT', 'DELETE']],
  ['/accounts/victim/close', 'OPTIONS, POST', ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['/holds', 'OPTIONS, POST', ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['/holds/x', 'GET, HEAD, OPTIONS', ['POST', 'PUT', 'PATCH', 'DELETE']],
  ['/holds/x/capture', 'OPTIONS, POST', ['GET', 'PUT', 'DELETE']],
  ['/holds/x/release', 'OPTIONS, POST', ['GET', 'PUT', 'DELETE']],
  ['/holds/x/extend', 'OPTIONS, POST', ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['/healthz', 'GET, HEAD, OPTIONS', ['POST', 'DELETE']],
  ['/readyz', 'GET, HEAD, OPTIONS', ['POST', 'DELETE']],
] as [string, string, Sent['method'][]][])(
  '%s takes %s and nothing else',
  async (path, allow, others) => {
    const options = await api.send({ method: 'OPTIONS', path })
    expect(options).toMatchObject({ status: 204, text: '', headers: { allow } })
    for (const method of others) {
      const sent: Sent = { method, path, json: { account_id: 'victim', amount: '1' } }
      await api.refuses(sent, { status: 405, code: 'route.method_not_allowed' })
      expect((await api.send(sent)).headers.allow).toBe(allow)
    }
  },
)

test.each([
  '/users',
  '/users/ada-1',
  '/accounts/victim',
  '/accounts/victim/transactions',
  '/healthz',
])('HEAD %s answers as GET does, without the body', async (path) => {
  const [head, get] = [await api.send({ method: 'HEAD', path }), await api.send({ path })]
  const { 'content-type': type, 'content-length': length } = get.headers
  expect(head).toMatchObject({ status: 200, text: '' })
  expect(head.headers).toMatchObject({ 'content-type': type, 'content-length': length })
  expect(Number(length)).toBe(Buffer.byteLength(get.text))
})

test('HEAD of what is not there answers 404, and of a path for POST 405', async () => {
  expect((await api.send({ method: 'HEAD', path: '/users/nobody' })).status).toBe(404)
  expect((await api.send({ method: 'HEAD', path: '/transactions' })).status).toBe(405)
})

test.each<[string, string | string[]]>([
  ['empty', ''],
  ['of a space', ' '],
  ['with a space', 'a b'],
  ['of 256 characters', 'x'.repeat(256)],
  ['of 300 characters', 'x'.repeat(300)],
  ['that is not ASCII', 'clé'],
  ['with a tab', 'a\tb'],
  ['sent twice', ['a', 'b']],
  ['sent twice as the same', ['a', 'a']],
  ['sent twice, once empty', ['', 'a']],
])('an Idempotency-Key %s is refused', async (_name, key) => {
  const json = { account_id: 'victim', amount: '1' }
  const headers = { 'Idempotency-Key': key }
  const refused: Refused = { ...invalid, paths: ['idempotency-key'] }
  await api.refuses({ method: 'POST', path: '/transactions', json, headers }, refused)
  await api.refuses({ method: 'POST', path: '/holds', json, headers }, refused)
  const id = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
  const extended = { expires_at: null }
  for (const [path, body] of [
    [`/transactions/${id}/reversal`, undefined],
    [`/holds/${id}/capture`, {}],
    [`/holds/${id}/release`, undefined],
    [`/holds/${id}/extend`, extended],
  ] as const) {
    await api.refuses({ method: 'POST', path, json: body, headers }, refused)
  }
})

test('everything that is wrong is named at once', async () => {
  const json = { account_id: 'a b', amount: 'x', effective_at: 'now', metadata: [], tip: 1 }
  const headers = { 'Idempotency-Key': '' }
  const paths = ['account_id', 'amount', 'effective_at', 'idempotency-key', 'metadata', 'tip', 'x']
  await api.refuses(
    { method: 'POST', path: '/transactions?x=1', json, headers },
    { ...invalid, paths },
  )
})

test('after all that, the account is as it was', async () => {
  expect(await api.account('victim')).toEqual(account)
})
