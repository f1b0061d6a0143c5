import request from 'supertest'
import { authFaults } from '../auth/fault'
import { operators, stranger, type Principal } from '../auth/principal'
import { Fault } from '../fault/fault'
import type { Authenticate } from './authorize'
import { newThingApp, newThingRoutes, echo } from './fixture'
import type { RouteInput } from './route'

const customer: Principal = { userId: 'ada', role: 'customer' }
const thing = { id: 'a', amount: '12.50' }

const refusing: Authenticate = () => {
  throw new Fault(authFaults.unauthenticated, { detail: 'Who are you?' })
}

function appFor(authenticate: Authenticate, roles: unknown, seen: RouteInput[] = []) {
  const handle = async (input: RouteInput) => {
    seen.push(input)
    return echo(input)
  }
  const routes = newThingRoutes(handle).map((one) => ({ ...one, roles: roles as 'anyone' }))
  return newThingApp(handle, { authenticate, routes }).app
}

test.each<[string, Authenticate]>([
  ['at once', () => customer],
  ['after a while', async () => customer],
])('hands the caller to the handler, known %s', async (_when, authenticate) => {
  const seen: RouteInput[] = []
  const app = appFor(authenticate, ['customer'], seen)
  expect((await request(app).post('/things/a').send(thing)).status).toBe(201)
  expect(seen).toMatchObject([{ principal: customer }])
})

test.each<[string, Authenticate]>([
  ['at once', refusing],
  ['after a while', async (req) => refusing(req)],
])('refuses a caller whom nobody knows %s, before it looks at the body', async (_when, refuse) => {
  const seen: RouteInput[] = []
  const answer = await request(appFor(refuse, ['operator'], seen))
    .post('/things/a')
    .type('application/json')
    .send('{ no JSON')
  expect(answer.body).toMatchObject({ status: 401, code: 'auth.unauthenticated' })
  expect(answer.headers['www-authenticate']).toBe('Basic realm="tillbook", charset="UTF-8"')
  expect(seen).toEqual([])
})

test.each([
  ['Sec-Fetch-Mode', 'cors'],
  ['X-Requested-With', 'fetch'],
])('shows a page that fetches a scheme that no browser asks a password for: %s', async (...set) => {
  const answer = await request(appFor(refusing, operators))
    .get('/things/a')
    .set(...set)
  expect(answer.headers['www-authenticate']).toBe('xBasic realm="tillbook", charset="UTF-8"')
})

test('keeps the usual challenge for a browser that opens a page', async () => {
  const answer = await request(appFor(refusing, operators))
    .get('/things/a')
    .set('Sec-Fetch-Mode', 'navigate')
  expect(answer.headers['www-authenticate']).toMatch(/^Basic /)
})

test.each<[string, Authenticate]>([
  ['at once', () => customer],
  ['after a while', async () => customer],
])('refuses a role that the route does not name with 403, known %s', async (_when, known) => {
  const seen: RouteInput[] = []
  const answer = await request(appFor(known, ['operator', 'merchant'], seen))
    .post('/things/a')
    .send(thing)
  expect(answer.body).toMatchObject({
    status: 403,
    code: 'auth.forbidden',
    detail: 'This is for operators and merchants only.',
  })
  expect(answer.headers).not.toHaveProperty('www-authenticate')
  expect(seen).toEqual([])
})

test('changes nothing for a page of another site, whoever is signed in', async () => {
  const seen: RouteInput[] = []
  const answer = await request(appFor(() => customer, ['customer'], seen))
    .post('/things/a')
    .set('Sec-Fetch-Site', 'cross-site')
    .send(thing)
  expect(answer.body).toMatchObject({ status: 403, code: 'auth.forbidden' })
  expect(seen).toEqual([])
})

test('asks nobody who they are where anyone may call', async () => {
  const seen: RouteInput[] = []
  const answer = await request(appFor(refusing, 'anyone', seen))
    .post('/things/a')
    .send(thing)
  expect(answer.status).toBe(201)
  expect(seen).toMatchObject([{ principal: stranger }])
})

test('answers a defect in finding out with 500', async () => {
  const broken = async () => Promise.reject(new Error('secret of the house'))
  const answer = await request(appFor(broken, operators)).get('/things/a')
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('secret')
})

test.each([[undefined], [[]], ['everyone']])('refuses to start with the roles %p', (roles) => {
  expect(() => appFor(refusing, roles)).toThrow(
    'GET /things/:id declares no roles: say in the route who may call it',
  )
})
