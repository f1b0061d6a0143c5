import request from 'supertest'
import { z } from 'zod'
import { roles } from '../auth/principal'
import { newThingApp } from './fixture'
import { newOpenApi } from './openapi'
import { route } from './route'

const sheet = route({
  method: 'get',
  path: '/sheet',
  tag: 'Sheets',
  summary: 'Get a sheet',
  roles,
  answers: {
    200: {
      description: 'The sheet.',
      content: { 'application/json': z.strictObject({}), 'text/csv': z.string() },
    },
  },
  faults: [],
  handle: async ({ mediaType }) => ({
    status: 200,
    body: Buffer.from('{}'),
    headers: { 'Content-Type': mediaType! },
  }),
})

const { app } = newThingApp(undefined, { routes: [sheet] })

test.each<[string, string | undefined]>([
  ['application/json', undefined],
  ['application/json', ''],
  ['application/json', '*/*'],
  ['text/csv', 'text/csv'],
  ['text/csv', 'TEXT/CSV; charset=UTF-8'],
  ['text/csv', 'text/*'],
  ['application/json', 'text/csv, application/json'],
  ['text/csv', 'application/json;q=0.5, text/csv;q=0.9'],
  ['text/csv', 'application/json;q=0.8, */*'],
  ['text/csv', 'application/json;q=0, */*;q=0.1'],
  ['application/json', 'text/*;q=0.2, text/csv;q=0.1, application/json;q=0.15'],
  ['application/json', 'text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8'],
  ['application/json', 'nonsense, text/csv;q=7, */*;q=0.001'],
])('answers %s to "Accept: %s"', async (type, accept) => {
  const sent = request(app).get('/sheet')
  const answer = await (accept === undefined ? sent : sent.set('Accept', accept))
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe(type)
})

test.each([
  'text/html',
  'text/csv;q=0',
  '*/*;q=0',
  'application/json;profile=x',
  '*/csv',
  'nonsense',
  ',',
])('refuses "Accept: %s" and says what there is', async (accept) => {
  const answer = await request(app).get('/sheet').set('Accept', accept)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(answer.body).toMatchObject({
    status: 406,
    code: 'request.not_acceptable',
    detail: 'This comes as application/json or text/csv.',
  })
})

test('a route with one media type answers in it, whatever is accepted', async () => {
  const answer = await request(newThingApp().app).get('/things/a').set('Accept', 'text/csv')
  expect(answer.status).toBe(200)
})

test('the reference shows all media types, and that others are refused', () => {
  const info = { title: 'Sheets', version: '1' }
  const reference = newOpenApi({ routes: [sheet], info, faults: [] })
  const { responses } = (reference.paths as any)['/sheet'].get // eslint-disable-line @typescript-eslint/no-explicit-any
  expect(Object.keys(responses['200'].content)).toEqual(['application/json', 'text/csv'])
  expect(responses['200'].content['text/csv'].schema).toEqual({ type: 'string' })
  expect(responses['406'].description).toContain('request.not_acceptable')
})
