import { connect } from 'node:net'
import { once } from 'node:events'
import { problemDto, type Answer } from './answer'
import { startApi, type Sent, type Settings, type TestApi } from './api'
import { as, aSignIn } from './credentials'

const settings: Settings = {
  auth: { demo_operator: true, trusted_proxies: 1, address_failures_max: 1000 },
}
const users = Array.from({ length: 8 }, (_, i) => `user-${i}`)

let api: TestApi
beforeAll(async () => {
  api = await startApi(settings)
  await aSignIn(api, 'root', 'operator')
  for (const id of users) await aSignIn(api, id)
  settings.auth!.demo_operator = false
  // So long that nothing grows again while the tests run.
  const limits = { reads_max: 5, writes_max: 3, failed_sign_ins_max: 4 }
  settings.rate_limit = { window_ms: 3_600_000, ...limits }
  await api.restart()
})
afterAll(() => api.close())

/** Somebody who has asked for nothing yet. */
const aUser = () => users.pop()!
let addresses = 0
/** A network from which nobody has asked for anything yet. */
const aNetwork = () => `2001:db8:0:${(++addresses).toString(16)}`
const from = (address: string, sent: Sent): Sent => ({
  ...sent,
  headers: { ...sent.headers, 'X-Forwarded-For': address },
})

const me: Sent = { path: '/me' }
const opening = (id: string): Sent => ({
  ...{ method: 'POST', path: `/users/${id}/accounts` },
  json: { name: 'A', currency: 'EUR' },
})

async function times(count: number, sent: Sent): Promise<Answer[]> {
  const answers = []
  for (let i = 0; i < count; i++) answers.push(await api.send(sent))
  return answers
}

const statusesOf = (answers: Answer[]) => answers.map(({ status }) => status)

test('R6: a user may send as many as the quota, and is told of each what is left', async () => {
  const all = await times(7, as(aUser(), me))
  expect(statusesOf(all)).toEqual([200, 200, 200, 200, 200, 429, 429])
  expect(all.map(({ headers }) => headers.ratelimit)).toEqual([
    ...['"read";r=4;t=720', '"read";r=3;t=1440', '"read";r=2;t=2160', '"read";r=1;t=2880'],
    ...['"read";r=0;t=3600', '"read";r=0;t=3600', '"read";r=0;t=3600'],
  ])
  for (const { headers } of all) expect(headers['ratelimit-policy']).toBe('"read";q=5;w=3600')
  expect(all.map(({ headers }) => headers['retry-after'])).toEqual([
    ...Array<undefined>(5).fill(undefined),
    ...['720', '720'],
  ])
})

test('who asks too often is told what, how many and when, and nothing is written', async () => {
  const id = aUser()
  const opened = await times(3, as(id, opening(id)))
  expect(statusesOf(opened)).toEqual([201, 201, 201])
  const sent = as(id, opening(id))
  const { detail } = await api.refuses(sent, { status: 429, code: 'request.too_many' })
  expect(detail).toMatch(
    /^The limit on requests that write is 3 within 3600 s\. Nothing was done; send it again in 1[12]\d\d s\.$/,
  )
  const [refused] = await times(1, sent)
  expect(problemDto.parse(refused!.body).title).toBe('Too many requests')
  expect(Number(refused!.headers['retry-after'])).toBeGreaterThan(1100)
  expect(Number(refused!.headers['retry-after'])).toBeLessThanOrEqual(1200)
  // Who has written too much may still look.
  expect((await api.send(as(id, me))).status).toBe(200)
})

test('what is refused by role or as invalid counts as well', async () => {
  const id = aUser()
  const all = await times(6, as(id, { path: '/users?limit=x' }))
  expect(statusesOf(all)).toEqual([403, 403, 403, 403, 403, 429])
  const bad = await times(4, as(id, { ...opening(id), json: { name: 1 } }))
  expect(statusesOf(bad)).toEqual([400, 400, 400, 429])
})

test('users do not take from each other, from one address or from many', async () => {
  const [one, other] = [aUser(), aUser()]
  const network = aNetwork()
  for (let i = 0; i < 5; i++) await api.send(from(`${network}::${i}`, as(one, me)))
  expect((await api.send(from(`${aNetwork()}::1`, as(one, me)))).status).toBe(429)
  expect((await api.send(from(`${network}::1`, as(other, me)))).status).toBe(200)
})

test('HEAD reads, too', async () => {
  const id = aUser()
  await times(4, as(id, me))
  const sent = as(id, { ...me, method: 'HEAD' as const })
  expect(statusesOf(await times(2, sent))).toEqual([200, 429])
})

test('who does not sign in takes from their network, and takes nothing from who does', async () => {
  const network = aNetwork()
  const answers = []
  for (let i = 0; i < 6; i++) answers.push(await api.send(from(`${network}::${i}`, me)))
  expect(statusesOf(answers)).toEqual([401, 401, 401, 401, 429, 429])
  expect(answers.map(({ headers }) => headers['www-authenticate'] !== undefined)).toEqual([
    ...[true, true, true, true],
    ...[false, false],
  ])
  expect(answers[3]!.headers).toMatchObject({
    'ratelimit-policy': '"sign_in";q=4;w=3600',
    ratelimit: '"sign_in";r=0;t=3600',
  })
  expect(problemDto.parse(answers[4]!.body).code).toBe('request.too_many')
  expect((await api.send(from(`${network}::1`, as(aUser(), me)))).status).toBe(200)
  expect((await api.send(from(`${aNetwork()}::1`, me))).status).toBe(401)
  // Guessing is not to be had through what is never limited.
  const watching = from(`${network}::1`, { path: '/metrics' })
  expect((await api.send(watching)).status).toBe(429)
})

test('for what nobody signs in for, it is the address that is counted', async () => {
  const [one, other] = [aNetwork(), aNetwork()]
  const read = (address: string) =>
    fetch(`${api.url()}/openapi.json`, { headers: { 'X-Forwarded-For': address } })
  const statuses = []
  for (let i = 0; i < 6; i++) statuses.push((await read(`${one}::${i}`)).status)
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
  expect((await read(`${other}::1`)).status).toBe(200)
})

test('health is never limited, nor are the figures, which tell how many were refused', async () => {
  const address = `${aNetwork()}::1`
  for (const path of ['/healthz', '/readyz']) {
    const all = await times(20, from(address, { path }))
    expect(new Set(statusesOf(all))).toEqual(new Set([200]))
    for (const { headers } of all) expect(headers).not.toHaveProperty('ratelimit')
  }
  const figures = await times(20, from(address, as('root', { path: '/metrics' })))
  expect(new Set(statusesOf(figures))).toEqual(new Set([200]))
  const count = ({ text }: Answer) => Number(/^tillbook_rate_limited_total (\d+)$/m.exec(text)![1])
  const before = count(figures[0]!)
  await times(7, as('root', me))
  expect(count(await api.send(as('root', { path: '/metrics' }))) - before).toBe(2)
})

test('who asks too often is answered before their body has come', async () => {
  const id = users[0]!
  await times(3, as(id, opening(id)))
  const { Authorization } = as(id, me).headers!
  const socket = connect(api.port(), '127.0.0.1')
  socket.setEncoding('latin1')
  socket.write(
    `POST /users/${id}/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: ${Authorization as string}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{',
  )
  const [answer] = (await once(socket, 'data')) as [string]
  expect(answer).toMatch(/^HTTP\/1\.1 429 /)
  socket.destroy()
})
