import { userDto } from '../../pkg/user/dto/user'
import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const path = '/users'
const names = { first_name: 'Ada', last_name: 'Lovelace' }

test('creates a user under the id that was asked for, and says where it is', async () => {
  const answer = await api.send({ method: 'POST', path, json: { id: 'ada', ...names } })
  expect(answer).toMatchObject({ status: 201, headers: { location: '/users/ada' } })
  expect(answer.body).toMatchObject({ id: 'ada', ...names })
  expect(await api.user('ada')).toMatchObject({ ...(answer.body as object), accounts: [] })
})

test('gives a UUIDv7 to a user without an id', async () => {
  const { id } = await api.post(path, names, userDto)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect((await api.user(id)).id).toBe(id)
})

test.each([
  ['64 characters', 'x'.repeat(64)],
  ['every sign that is taken', 'A9-_.:z'],
  ['that of the outside world, which is an account and no user', 'world:EUR'],
])('takes an id of %s', async (_name, id) => {
  expect((await api.post(path, { id, ...names }, userDto)).id).toBe(id)
})

test('keeps names as they were sent, counting an emoji as one of 100 characters', async () => {
  const first_name = '😀'.repeat(100)
  const last_name = ' O’Brien-Ñuñez "the\\quoted" 李 '
  const { id } = await api.post(path, { first_name, last_name }, userDto)
  expect(await api.user(id)).toMatchObject({ first_name, last_name })
})

test('refuses an id that is there already, and leaves the first user alone', async () => {
  const { id } = await api.aUser()
  const json = { id, first_name: 'Other', last_name: 'Other' }
  await api.refuses({ method: 'POST', path, json }, { status: 409, code: 'user.exists' })
  expect((await api.user(id)).first_name).toBe('ada')
})

test('lets exactly one of twenty equal requests create the user', async () => {
  const json = { id: 'grace', ...names }
  const sent = Array.from({ length: 20 }, () => api.send({ method: 'POST', path, json }))
  const statuses = (await Promise.all(sent)).map(({ status }) => status).sort()
  expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
})

test('refuses names that are missing, empty or too long, and names each', async () => {
  const refused = { status: 400, code: 'request.invalid' }
  const refuse = (json: object, paths: string[]) =>
    api.refuses({ method: 'POST', path, json }, { ...refused, paths })
  await refuse({}, ['first_name', 'last_name'])
  await refuse({ first_name: ' ', last_name: '' }, ['first_name', 'last_name'])
  await refuse({ ...names, first_name: 'x'.repeat(101) }, ['first_name'])
  await refuse({ ...names, last_name: 'two\nlines' }, ['last_name'])
  await refuse({ ...names, first_name: null, last_name: 7 }, ['first_name', 'last_name'])
})
