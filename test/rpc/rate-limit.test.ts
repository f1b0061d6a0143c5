import { startRpcApi, expectRefusal, type RpcApi } from './api'
import { basic, type CallOptions } from './client'
import { postJson } from './web'

let api: RpcApi
beforeAll(async () => {
  api = await startRpcApi({
    rate_limit: { window_ms: 3_600_000, reads_max: 3, writes_max: 2, failed_sign_ins_max: 2 },
  })
})
afterAll(() => api.close())

const refused = { code: 'RESOURCE_EXHAUSTED', reason: 'request.too_many' }
const list = (options: CallOptions) => api.call('item.Item/List', {}, options)

test('R6: a user may call as often as the quota, reads and writes apart', async () => {
  const as = await api.aUser()
  const replies = []
  for (let i = 0; i < 3; i++) replies.push(await list({ as }))
  expect(replies.map(({ headers }) => headers.get('ratelimit'))).toEqual([
    ...[['"read";r=2;t=1200'], ['"read";r=1;t=2400'], ['"read";r=0;t=3600']],
  ])
  expect(replies[0]!.headers.get('ratelimit-policy')).toEqual(['"read";q=3;w=3600'])
  expectRefusal(await list({ as }), refused)
  const empty = () => api.call('cart.Cart/Empty', {}, { as })
  for (let i = 0; i < 2; i++) expect((await empty()).code).not.toBe('RESOURCE_EXHAUSTED')
  expectRefusal(await empty(), refused)
  expect((await list({ as: await api.aUser() })).code).toBe('OK')
})

test('what was called is taken from what may be asked over REST, and the other way round', async () => {
  const as = await api.aUser()
  for (let i = 0; i < 2; i++) await list({ as })
  const read = () => fetch(`${api.restUrl}/me`, { headers: { Authorization: basic(as) } })
  expect((await read()).headers.get('ratelimit')).toBe('"read";r=0;t=3600')
  expect((await read()).status).toBe(429)
  expectRefusal(await list({ as }), refused)
})

test('an rpc that is not for the caller counts as well', async () => {
  const as = await api.aUser()
  const create = () => api.call('item.Item/Create', { name: 'x' }, { as })
  const codes = [await create(), await create(), await create()].map(({ code }) => code)
  expect(codes).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED'])
})

test('over plain HTTP it is a 429 that says when to call again', async () => {
  const as = await api.aUser()
  const send = () => postJson(`${api.url}/item.Item/List`, {}, { as })
  for (let i = 0; i < 3; i++) expect((await send()).status).toBe(200)
  const answer = await send()
  expect(answer).toMatchObject({ status: 429, body: { code: 'resource_exhausted' } })
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(1100)
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(1200)
})

// The last one: all calls come from one address.
test('strangers are limited by their address, and those who sign in there are not', async () => {
  for (let i = 0; i < 2; i++) {
    expectRefusal(await list({ as: null }), {
      ...{ code: 'UNAUTHENTICATED', reason: 'auth.unauthenticated' },
    })
  }
  expectRefusal(await list({ as: null }), refused)
  expect((await list({ as: await api.aUser() })).code).toBe('OK')
})
