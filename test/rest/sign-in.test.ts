import { meDto } from '../../pkg/credential/dto/credential'
import { startApi, type Sent, type Settings, type TestApi } from './api'
import { as, aSignIn, basic, password } from './credentials'

const settings: Settings = {
  auth: { demo_operator: true, address_failures_max: 1000, trusted_proxies: 1 },
}

let api: TestApi
beforeAll(async () => {
  api = await startApi(settings)
  await aSignIn(api, 'root', 'operator')
  settings.auth!.demo_operator = false
  await api.restart()
})
afterAll(() => api.close())

const unknown = { status: 401, code: 'auth.unauthenticated' }
const me: Sent = { path: '/me' }
let count = 0

/** A user whom nobody has tried before. */
async function aUser(role?: string): Promise<string> {
  const id = `user-${++count}`
  const named = { id, first_name: 'A', last_name: 'B' }
  await api.send(as('root', { method: 'POST', path: '/users', json: named }))
  await setPassword('root', id, { password, role })
  return id
}

const putting = (userId: string, json: object): Sent => ({
  method: 'PUT',
  path: `/users/${userId}/credential`,
  json,
})

async function setPassword(who: string, userId: string, json: object): Promise<void> {
  expect(await api.send(as(who, putting(userId, json)))).toMatchObject({ status: 204, text: '' })
}

const sendWith = (authorization: string | undefined, sent = me, headers = {}) =>
  api.send({
    ...sent,
    headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
  })

describe('GET /me', () => {
  test.each(['customer', 'merchant', 'operator'])('tells who and what one is: %s', async (role) => {
    const id = await aUser(role)
    const answer = await api.send(as(id, me))
    expect(meDto.parse(answer.body)).toEqual({ user_id: id, role })
  })
})

describe('C4: nobody gets in', () => {
  test.each<[string, string | undefined]>([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another scheme', 'Bearer cm9vdDpwYXNz'],
    ['half a header', 'Basic'],
    ['what is no base64', 'Basic rööt'],
    ['a NUL', basic('ro\0ot')],
    ['no user', basic('')],
    ['an id that is none', basic("' or 1=1 --")],
    ['a wrong password', basic('root', 'wrong password')],
    ['an empty password', basic('root', '')],
    ['another case', basic('Root')],
    ['an unknown user', basic('nobody')],
    ['as much as a header may hold', `Basic ${'A'.repeat(15_000)}`],
  ])('with %s', async (_what, authorization) => {
    const { headers } = await sendWith(authorization)
    expect(headers['www-authenticate']).toBe('Basic realm="tillbook", charset="UTF-8"')
    const sent = {
      ...me,
      headers: { ...(authorization !== undefined && { Authorization: authorization }) },
    }
    await api.refuses(sent, unknown)
  })

  test('is told more about a user who is not there than about a wrong password', async () => {
    const [there, missing] = [
      await sendWith(basic('root', 'wrong')),
      await sendWith(basic('nobody')),
    ]
    const plain = (text: string) => text.replace(/\/requests\/[0-9a-f-]+/, '')
    expect(plain(there.text)).toBe(plain(missing.text))
    expect(Object.keys(there.headers)).toEqual(Object.keys(missing.headers))
  })

  test('with a header of a megabyte, which is refused before it is read', async () => {
    const response = await fetch(`${api.url()}/me`, {
      headers: { Authorization: `Basic ${'A'.repeat(1_000_000)}` },
    }).catch(() => undefined)
    // Undici may see the connection go before it has written all of it.
    if (response) expect(response.status).toBe(431)
    expect((await api.send(as('root', me))).status).toBe(200)
  })
})

describe('PUT /users/:id/credential', () => {
  test('counts at once: the new password gets in, the old one does not', async () => {
    const id = await aUser()
    await setPassword(id, id, { password: 'another one of mine' })
    expect((await sendWith(basic(id, 'another one of mine'))).status).toBe(200)
    await api.refuses(as(id, me), unknown)
  })

  test('gives a role that counts at once, and keeps it when none is named', async () => {
    const id = await aUser()
    expect((await api.send(as(id, { path: '/users' }))).status).toBe(403)
    await setPassword('root', id, { password, role: 'operator' })
    expect((await api.send(as(id, { path: '/users' }))).status).toBe(200)
    await setPassword('root', id, { password })
    expect((await api.send(as(id, { path: '/users' }))).status).toBe(200)
    await setPassword('root', id, { password, role: 'customer' })
    expect((await api.send(as(id, { path: '/users' }))).status).toBe(403)
  })

  test('is refused to whoever wants another role, or another’s password', async () => {
    const id = await aUser()
    for (const role of ['operator', 'customer']) {
      const forbidden = { status: 403, code: 'auth.forbidden' }
      await api.refuses(as(id, putting(id, { password, role })), forbidden)
    }
    const notFound = { status: 404, code: 'user.not_found' }
    await api.refuses(as(id, putting('root', { password })), notFound)
    await api.refuses(as('root', putting('nobody', { password })), notFound)
  })

  test.each<[string, unknown, string]>([
    ['too short', 'a1b2c3d', 'must have at least 8 characters'],
    ['too long', 'abc'.repeat(43), 'must have at most 128 characters'],
    ['far too long', 'abc'.repeat(10_000), 'must have at most 256 characters'],
    ['a common one', 'Password1', 'must not be one of those that everybody tries first'],
    ['with a NUL', 'correct\0horse', 'must have no control characters'],
    ['a number', 12345678, 'must be a string'],
    ['left out', undefined, 'is required'],
  ])('refuses a password that is %s', async (_what, secret, message) => {
    const sent = as('root', putting('root', { password: secret }))
    const problem = await api.refuses(sent, {
      ...{ status: 400, code: 'request.invalid', paths: ['password'] },
    })
    expect(problem.errors).toEqual([{ path: 'password', message }])
  })

  test('refuses the id of the user, a role that is none, and what else is sent along', async () => {
    const id = await aUser()
    const invalid = { status: 400, code: 'request.invalid' }
    const own = as('root', putting(id, { password: id.toUpperCase() }))
    await api.refuses({ ...own }, { ...invalid, paths: ['password'] })
    const king = as('root', putting(id, { password, role: 'king' }))
    await api.refuses(king, { ...invalid, paths: ['role'] })
    const hash = as('root', putting(id, { password, password_hash: '$argon2id$' }))
    await api.refuses(hash, { ...invalid, paths: ['password_hash'] })
  })

  test('takes any script, colons, and 128 characters of four bytes', async () => {
    const id = await aUser()
    for (const secret of [
      'сорок тысяч обезьян',
      'a:b:c:d:e',
      '🐸🦊🐝x'.repeat(32),
      'pa\u0308ssword x',
    ]) {
      await setPassword('root', id, { password: secret })
      expect((await sendWith(basic(id, secret))).status).toBe(200)
    }
    // The same word, however it was typed.
    expect((await sendWith(basic(id, 'p\u00e4ssword x'))).status).toBe(200)
  })

  test('keeps nothing of the password but its Argon2id', async () => {
    const id = await aUser()
    const [row] = await api.sql<{ password_hash: string; all: string }>(
      'select password_hash, credential::text as all from credential where user_id = $1',
      [id],
    )
    expect(row!.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(row!.all).not.toContain(password)
  })

  test('is refused for a user whose id holds a colon, who could never sign in', async () => {
    const named = { id: 'shop:1', first_name: 'A', last_name: 'B' }
    await api.send(as('root', { method: 'POST', path: '/users', json: named }))
    const refused = { status: 422, code: 'credential.no_sign_in' }
    await api.refuses(as('root', putting('shop:1', { password })), refused)
    const insert = `insert into credential values ('shop:1', 'customer', '$argon2id$', now())`
    await expect(api.sql(insert)).rejects.toThrow('credential_user_id_form')
    await api.refuses(as('shop:1', me), unknown)
  })
})

describe('after some failures', () => {
  const guess = (id: string, address: string, secret = 'a wrong guess') =>
    sendWith(basic(id, secret), me, { 'X-Forwarded-For': address })

  test('a user has to wait where it failed, for the right password as well, and nowhere else', async () => {
    const id = await aUser()
    for (let i = 1; i <= 5; i++) {
      expect((await guess(id, '192.0.2.1', `guess ${i}`)).status).toBe(401)
    }
    const refused = await guess(id, '192.0.2.1', password)
    expect(refused).toMatchObject({ status: 429, body: { code: 'auth.too_many_attempts' } })
    expect(refused.headers).toMatchObject({ 'retry-after': '1' })
    expect(refused.headers).not.toHaveProperty('www-authenticate')
    // Who sends wrong passwords for somebody keeps nobody but themselves waiting.
    expect((await guess(id, '192.0.2.99', password)).status).toBe(200)
    expect((await api.send(as('root', me))).status).toBe(200)
  })

  test('a user who is not there has to wait as well', async () => {
    for (let i = 1; i <= 5; i++) await guess('nobody-at-all', '192.0.2.1', `guess ${i}`)
    expect((await guess('nobody-at-all', '192.0.2.1')).status).toBe(429)
  })

  test('from many addresses, a user waits everywhere but where they have signed in before', async () => {
    const users: Settings = { auth: { ...settings.auth, demo_operator: true } }
    const strict = await startApi({
      auth: { ...users.auth, user_failures_anywhere_max: 10, remembered_max: 1 },
    })
    for (const id of ['ada', 'eve']) await aSignIn(strict, id)
    const from = (address: string, id: string, secret = password) =>
      strict.send({
        ...me,
        headers: { Authorization: basic(id, secret), 'X-Forwarded-For': address },
      })
    expect((await from('192.0.2.1', 'ada')).status).toBe(200)
    for (let i = 1; i <= 10; i++) {
      expect((await from(`198.51.100.${i}`, 'ada', `guess ${i}`)).status).toBe(401)
    }
    expect((await from('203.0.113.1', 'ada', 'a wrong guess')).status).toBe(429)
    // One user is remembered, and from here on it is not ada: her password is checked again.
    expect((await from('203.0.113.1', 'eve')).status).toBe(200)
    expect((await from('203.0.113.1', 'ada')).status).toBe(429)
    expect((await from('192.0.2.1', 'ada')).status).toBe(200)
    await strict.close()
  })

  test('whoever is remembered gets in all the same', async () => {
    const id = await aUser()
    expect((await guess(id, '192.0.2.1', password)).status).toBe(200)
    for (let i = 1; i <= 5; i++) await guess(id, '192.0.2.66', `guess ${i}`)
    expect((await guess(id, '192.0.2.66')).status).toBe(429)
    expect((await guess(id, '192.0.2.1', password)).status).toBe(200)
  })

  test('an address has to wait, whoever it tries, and another one does not', async () => {
    const strict = await startApi({ auth: { address_failures_max: 3, trusted_proxies: 1 } })
    const tryFrom = (address: string, userId: string) =>
      strict.send({ ...me, headers: { Authorization: basic(userId), 'X-Forwarded-For': address } })
    for (const userId of ['a', 'b', 'c'])
      expect((await tryFrom('192.0.2.7', userId)).status).toBe(401)
    // What the client makes up itself stands further left.
    expect((await tryFrom('198.51.100.1, 192.0.2.7', 'd')).status).toBe(429)
    expect((await tryFrom('192.0.2.8', 'd')).status).toBe(401)
    await strict.close()
  })
})

test('more sign-ins at once than can be checked are answered 503, and are nobody’s failure', async () => {
  const small = await startApi({
    auth: { demo_operator: true, hashes_in_flight_max: 1, hash_queue_max: 1, user_failures_max: 1 },
  })
  for (const id of ['a1', 'b1', 'c1', 'd1']) await aSignIn(small, id)
  await small.restart()
  const all = await Promise.all(['a1', 'b1', 'c1', 'd1'].map((id) => small.send(as(id, me))))
  const busy = all.filter(({ status }) => status === 503)
  expect(busy.length).toBeGreaterThan(0)
  for (const { body, headers } of busy) {
    expect(body).toMatchObject({ code: 'auth.busy' })
    expect(headers).toMatchObject({ 'retry-after': '1' })
  }
  expect(all.filter(({ status }) => status === 200).length).toBe(4 - busy.length)
  for (const id of ['a1', 'b1', 'c1', 'd1']) {
    expect((await small.send(as(id, me))).status).toBe(200)
  }
  await small.close()
})

test('a page whose name was made to lead here is not the demo operator', async () => {
  const demo = await startApi()
  const named = (Host: string) => ({ ...me, headers: { Host } })
  for (const host of ['localhost', '127.0.0.1:8080', '[::1]']) {
    expect(await demo.send(named(host))).toMatchObject({ status: 200, body: { user_id: 'demo' } })
  }
  await demo.refuses(named('evil.example:8080'), unknown)
  await aSignIn(demo, 'a2')
  expect(await demo.send(as('a2', named('books.example')))).toMatchObject({ status: 200 })
  await demo.close()
})

test('a stranger’s body is not read: 401 comes before what is wrong with it', async () => {
  await api.refuses({ method: 'POST', path: '/transactions', raw: '{ no JSON' }, unknown)
  await api.refuses({ method: 'GET', path: '/users?limit=0' }, unknown)
  await api.refuses({ path: '/transactions/no-uuid' }, unknown)
})

test('a user without a credential cannot sign in, whatever the password', async () => {
  const named = { id: 'quiet', first_name: 'A', last_name: 'B' }
  await api.send(as('root', { method: 'POST', path: '/users', json: named }))
  await api.refuses(as('quiet', me), unknown)
  await api.refuses(as('quiet', me, ''), unknown)
})
