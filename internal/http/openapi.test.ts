import { z } from 'zod'
import { roles } from '../auth/principal'
import { echo, newThingRoutes, thingFaults } from './fixture'
import { newOpenApi } from './openapi'
import { route } from './route'

const info = { title: 'Things', version: '1.0.0' }
const routes = newThingRoutes(echo)
const busy = { kind: 'unavailable', code: 'house.closed', title: 'The house is closed' } as const

function operation(method: 'get' | 'post') {
  const { paths } = newOpenApi({ routes, info, faults: [busy] }) as {
    paths: Record<string, Record<string, Record<string, unknown>>>
  }
  return paths['/things/{id}']?.[method] ?? {}
}

test('is the same text each time', () => {
  const text = () => JSON.stringify(newOpenApi({ routes: newThingRoutes(echo), info, faults: [] }))
  expect(text()).toBe(text())
})

test('names parameters with their place, need and schema', () => {
  expect(operation('get')).toMatchObject({
    operationId: 'getThingsById',
    tags: ['Things'],
    summary: 'Get a thing',
    security: [{ basic: [] }],
    'x-roles': roles,
    parameters: [
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'The thing.',
        schema: { maxLength: 8 },
      },
      { name: 'limit', in: 'query', required: false, schema: { default: 20, maximum: 100 } },
    ],
  })
  expect(operation('post').parameters).toMatchObject([
    { name: 'id' },
    { name: 'idempotency-key', in: 'header', required: false },
  ])
})

test('refers to schemas with an id, in bodies and answers', () => {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } }
  const { requestBody, responses } = operation('post') as { [key: string]: Record<string, unknown> }
  expect(requestBody).toEqual({ required: true, content })
  expect(responses).toMatchObject({ 201: { description: 'The thing.', content } })
  expect(responses).toMatchObject({ 201: { headers: { 'Idempotency-Replayed': {} } } })
  expect(newOpenApi({ routes, info, faults: [] }).components).toMatchObject({
    schemas: { Problem: { type: 'object' }, Thing: { description: 'A thing.' } },
  })
})

test('lists every problem under its status with an example for each code', () => {
  const codes = (method: 'get' | 'post') => {
    const { responses } = operation(method) as { responses: Record<string, any> } // eslint-disable-line @typescript-eslint/no-explicit-any -- walked, not typed
    return Object.entries(responses).flatMap(([status, { content }]) =>
      Object.entries(content['application/problem+json']?.examples ?? {}).map(([code, example]) => {
        expect(example).toMatchObject({ value: { status: Number(status), code } })
        return `${status} ${code}`
      }),
    )
  }
  const general = ['400 request.invalid', '400 request.malformed_url']
  const ofRoles = ['401 auth.unauthenticated', '403 auth.forbidden']
  expect(codes('get')).toEqual([
    ...general,
    ...ofRoles,
    `404 ${thingFaults.notFound.code}`,
    '429 auth.too_many_attempts',
    '429 request.too_many',
    '500 internal',
    '503 api.busy',
    '503 auth.busy',
    '503 house.closed',
    '503 request.timeout',
  ])
  expect(codes('post')).toEqual([
    '400 request.invalid',
    '400 request.invalid_json',
    '400 request.malformed_url',
    ...ofRoles,
    '404 thing.not_found',
    '408 request.too_slow',
    '413 request.too_large',
    '415 request.unsupported_media_type',
    '429 auth.too_many_attempts',
    '429 request.too_many',
    '500 internal',
    '503 api.busy',
    '503 auth.busy',
    '503 house.closed',
    '503 request.timeout',
    '503 thing.busy',
  ])
})

test('says who needs not sign in', () => {
  const open = { ...routes[0]!, roles: 'anyone' } as const
  const { paths } = newOpenApi({ routes: [open], info, faults: [] }) as { paths: object }
  const text = JSON.stringify(paths)
  expect(text).toContain('"security":[]')
  expect(text).not.toMatch(/x-roles|auth\./)
})

test('refuses two schemas of one name', () => {
  const twin = z.strictObject({ other: z.string() }).meta({ id: 'Thing' })
  expect(() => newOpenApi({ routes: [...routes, answering(twin)], info, faults: [] })).toThrow(
    'two schemas are called Thing',
  )
})

test('has no reference that leads nowhere, also with schemas that contain themselves', () => {
  const metadata = z.strictObject({ first: z.string(), all: z.record(z.string(), z.json()) })
  const all = [...routes, answering(z.json(), '/json'), answering(metadata, '/metadata')]
  const document = newOpenApi({ routes: all, info, faults: [] })
  const { schemas } = document.components as { schemas: Record<string, unknown> }
  expect(Object.keys(schemas)).toEqual(['Problem', 'Recursive1', 'Thing'])
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)]
  expect(references.length).toBeGreaterThan(4)
  for (const [, target = ''] of references) {
    expect(Object.keys(schemas)).toContain(target.replace('#/components/schemas/', ''))
  }
})

function answering(schema: z.ZodType, path = '/other') {
  return route({
    ...{ method: 'get', path, tag: 'Others', summary: 'Get it', roles },
    answers: { 200: { description: 'It.', schema } },
    faults: [],
    handle: async () => ({ status: 200, body: {} }),
  })
}
