import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

test('is alive and ready', async () => {
  const ok = { status: 200, body: { status: 'ok' } }
  expect(await api.send({ path: '/healthz' })).toMatchObject(ok)
  expect(await api.send({ path: '/readyz' })).toMatchObject(ok)
})

test('serves on a newer schema, as while a new version is rolled out, or was taken back', async () => {
  const newer = `(999, 'not-made-yet', repeat('0', 40))`
  await api.sql(`insert into migrations (id, name, hash) values ${newer}`)
  expect((await api.send({ path: '/readyz' })).status).toBe(200)
  expect((await api.send({ path: '/users' })).status).toBe(200)
  await api.restart()
  expect((await api.send({ path: '/readyz' })).status).toBe(200)
  await api.sql('delete from migrations where id = 999')
})

test('is not ready on a schema that lacks a migration, and alive all the same', async () => {
  await api.sql('delete from migrations where id = (select max(id) from migrations)')
  const problem = await api.refuses({ path: '/readyz' }, { status: 503, code: 'api.not_ready' })
  expect(problem.detail).toMatch(/lacks 0\d\d-[\w-]+: run `make migrate`/)
  expect((await api.send({ path: '/healthz' })).status).toBe(200)
})

test.each([
  ['/openapi.json', 'application/json', /"openapi":/],
  ['/docs', 'text/html; charset=utf-8', /\/docs\/redoc\.js/],
  ['/docs/problems', 'text/html; charset=utf-8', /account\.insufficient_funds/],
  ['/docs/problems', 'text/html; charset=utf-8', /color-scheme: light dark/],
  ['/docs/redoc.js', 'text/javascript; charset=utf-8', /redoc/i],
])('serves %s from itself, asking nobody else', async (path, type, text) => {
  const answer = await api.send({ path })
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': type } })
  expect(answer.text).toMatch(text)
  if (type.startsWith('text/html')) expect(answer.text).not.toMatch(/(src|href)="(https?:)?\/\//)
})
