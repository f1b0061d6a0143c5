import { z } from 'zod'
import type { FaultSpec } from '../fault/fault'
import type { Json, JsonObject } from '../json/json'
import { faultsOf } from './general-fault'
import { collectFaults, statusOf } from './problem'
import { contentOf, type AnswerSpec, type Route } from './route'

export interface ApiInfo {
  title: string
  version: string
  /** Markdown. */
  description?: string
}

export interface OpenApiOptions {
  routes: readonly Route[]
  info: ApiInfo
  /** Faults that any route may answer, beyond the general ones. */
  faults: readonly FaultSpec[]
}

const securitySchemes = {
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'The id of a user and their password, in UTF-8 (RFC 7617), with each request.',
  },
}

type Schemas = ReturnType<typeof newSchemas>

/** The reference, OpenAPI 3.1, made from the route table; the same table gives the same text. */
export function newOpenApi({ routes, info, faults }: OpenApiOptions): JsonObject {
  const schemas = newSchemas()
  const shown = routes.filter((route) => !route.hidden)
  const paths: Record<string, JsonObject> = {}
  for (const route of shown) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    const operation = toOperation(route, faults, schemas)
    paths[path] = { ...paths[path], [route.method]: operation }
  }
  const tags = [...new Set(shown.map(({ tag }) => tag))].map((name) => ({ name }))
  return {
    openapi: '3.1.0',
    info: { ...info },
    servers: [{ url: '/' }],
    tags,
    paths,
    components: { securitySchemes, schemas: schemas.byId() },
  }
}

function toOperation(route: Route, faults: readonly FaultSpec[], schemas: Schemas): JsonObject {
  const { tag, summary, description, body } = route
  const parameters = [
    ...toParameters('path', route.params, schemas),
    ...toParameters('query', route.query, schemas),
    ...toParameters('header', route.headers, schemas),
  ]
  const content = body && { 'application/json': { schema: schemas.convert(body, 'input') } }
  return {
    operationId: operationId(route),
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...toAccess(route),
    ...(parameters.length > 0 && { parameters }),
    ...(content && { requestBody: { required: !route.isBodyOptional, content } }),
    responses: {
      ...toAnswers(route.answers, schemas),
      ...toProblems(collectFaults([...faultsOf(route), ...faults])),
    },
  }
}

/** Whether one has to sign in for it, and as what. */
function toAccess({ roles }: Route): JsonObject {
  if (roles === 'anyone') return { security: [] }
  return { security: [{ basic: [] }], 'x-roles': [...roles] }
}

/** `GET /users/:id/accounts` is getUsersByIdAccounts. */
function operationId({ method, path }: Route): string {
  const words = path.match(/:?\w+/g) ?? []
  const named = words.map((word) => (word.startsWith(':') ? `by_${word.slice(1)}` : word)).join('_')
  return `${method}_${named}`.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function toParameters(place: string, schema: z.ZodType | undefined, schemas: Schemas): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = schemas.convert(schema, 'input') as {
    properties?: Record<string, JsonObject>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }))
}

function toAnswers(answers: Record<number, AnswerSpec>, schemas: Schemas): JsonObject {
  const entries = Object.entries(answers).map(([status, spec]) => {
    const { description, headers } = spec
    const content = toContent(spec, schemas)
    const named = headers && { headers: toHeaders(headers) }
    return [status, { description, ...named, ...(content && { content }) }] as const
  })
  return Object.fromEntries(entries)
}

function toContent(spec: AnswerSpec, schemas: Schemas): JsonObject | undefined {
  const entries = Object.entries(contentOf(spec)).map(([type, schema]) => {
    return [type, { schema: schemas.convert(schema, 'output') }] as const
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function toHeaders(headers: Record<string, string>): JsonObject {
  const entries = Object.entries(headers).map(([name, description]) => {
    return [name, { description, schema: { type: 'string' } }] as const
  })
  return Object.fromEntries(entries)
}

const retryAfter = { 'Retry-After': 'Seconds after which it is worth another try.' }

const rateLimit = {
  'RateLimit-Policy': 'What is limited, how many (q) within how many seconds (w), when it is.',
  RateLimit: 'How many are left (r), and in how many seconds all of them are (t).',
}

const challenge = { 'WWW-Authenticate': 'How to sign in.' }

/** One response for each status, with an example for each code. */
function toProblems(faults: readonly FaultSpec[]): JsonObject {
  const responses: JsonObject = {}
  for (const status of new Set(faults.map(statusOf))) {
    const codes = faults.filter((spec) => statusOf(spec) === status)
    const examples = codes.map((spec) => [spec.code, toExample(spec)] as const)
    const schema = { $ref: '#/components/schemas/Problem' }
    responses[status] = {
      description: codes.map(({ code, title }) => `\`${code}\`: ${title}`).join('  \n'),
      ...toProblemHeaders(status),
      content: {
        'application/problem+json': { schema, examples: Object.fromEntries(examples) },
      },
    }
  }
  return responses
}

function toProblemHeaders(status: number): JsonObject {
  if (status === 401) return { headers: toHeaders(challenge) }
  if (status === 429) return { headers: toHeaders({ ...retryAfter, ...rateLimit }) }
  return status === 503 ? { headers: toHeaders(retryAfter) } : {}
}

const exampleRequestId = '019c1f6e-8d7a-7c3b-9f10-2b6f0c5d4e3a'

function toExample(spec: FaultSpec): JsonObject {
  const { code, title } = spec
  const type = `/docs/problems#${code}`
  const instance = `/requests/${exampleRequestId}`
  const value = { type, title, status: statusOf(spec), detail: `${title}.`, instance, code }
  return { summary: title, value }
}

const fieldErrorSchema = z.object({
  path: z.string().meta({ description: 'As in `metadata.tags.0`; empty for the whole.' }),
  message: z.string(),
})

const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Where the code is explained.' }),
    title: z.string().meta({ description: 'The same for each occurrence.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What is particular to this occurrence.' }),
    instance: z.string().meta({ description: 'Ends in the request id.' }),
    code: z.string().meta({ description: 'Stable; the one to program against.' }),
    errors: z.array(fieldErrorSchema).optional(),
  })
  .meta({ id: 'Problem', description: 'What every refusal looks like (RFC 9457).' })

/** Turns schemas into JSON Schema; those with an id, or within themselves, are kept apart. */
function newSchemas() {
  const components = new Map<string, JsonObject>()
  const nameless = new Map<string, string>()
  function convert(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    // Inside another one, so that a schema within itself is referred to by a name, not as the root.
    const wrapped = z.toJSONSchema(z.object({ schema }), { io })
    let text = JSON.stringify(wrapped).replaceAll('"#/$defs/', '"#/components/schemas/')
    for (const [id, definition] of Object.entries(wrapped.$defs ?? {})) {
      if (id.startsWith('__')) text = text.replaceAll(`${id}"`, `${nameOf(definition)}"`)
    }
    const { properties, $defs = {} } = JSON.parse(text) as Record<string, JsonObject>
    for (const [id, definition] of Object.entries($defs)) keep(id, definition as JsonObject)
    return properties?.schema as JsonObject
  }
  /** zod numbers what has no id and lies within itself, anew each time; the same shape keeps its name. */
  function nameOf(definition: unknown): string {
    const shape = JSON.stringify(definition).replace(/__schema\d+/g, '__schema')
    const name = nameless.get(shape) ?? `Recursive${nameless.size + 1}`
    nameless.set(shape, name)
    return name
  }
  function keep(id: string, definition: JsonObject): void {
    const known = components.get(id) ?? definition
    if (JSON.stringify(known) !== JSON.stringify(definition)) {
      throw new Error(`two schemas are called ${id}, or it reads otherwise than it writes`)
    }
    components.set(id, definition)
  }
  convert(problemSchema, 'output')
  const byId = () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1)))
  return { convert, byId }
}
