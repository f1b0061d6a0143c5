import { z } from 'zod'
import { roles, type Principal } from '../auth/principal'
import type { FaultSpec } from '../fault/fault'
import type { Log } from '../log/log'
import { newHttpApp, type HttpAppOptions } from './app'
import { route, type Answer, type Route, type RouteInput } from './route'

/** Routes of no domain, for the tests of this folder. */

export const thingFaults = {
  notFound: { kind: 'not_found', code: 'thing.not_found', title: 'No such thing' },
  busy: { kind: 'unavailable', code: 'thing.busy', title: 'The things are busy' },
} as const satisfies Record<string, FaultSpec>

export const thingSchema = z
  .strictObject({
    id: z.string(),
    amount: z
      .string()
      .regex(/^-?\d+\.\d\d$/, 'must be a decimal string such as "12.50"')
      .meta({ description: 'In the major unit.', example: '12.50' }),
    note: z.string().max(10).optional(),
    tags: z.array(z.string()).max(2).optional(),
    size: z.union([z.string().regex(/^[SML]$/, 'must be S, M or L'), z.number()]).optional(),
  })
  .meta({ id: 'Thing', description: 'A thing.' })

const idParams = z.strictObject({ id: z.string().max(8).meta({ description: 'The thing.' }) })

/** The caller, unless a test says otherwise. */
export const operator: Principal = { userId: 'demo', role: 'operator' }

export type Handle = (input: RouteInput) => Promise<Answer>

/** GET and POST /things/:id; the handler of the POST is the test's own. */
export function newThingRoutes(handle: Handle): Route[] {
  const getThing = route({
    method: 'get',
    path: '/things/:id',
    tag: 'Things',
    summary: 'Get a thing',
    roles,
    params: idParams,
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) }),
    answers: { 200: { description: 'The thing.', schema: thingSchema } },
    faults: [thingFaults.notFound],
    handle: async ({ params, query }) => ({ status: 200, body: { ...params, ...query } }),
  })
  const createThing = route({
    method: 'post',
    path: '/things/:id',
    tag: 'Things',
    summary: 'Create a thing',
    roles,
    params: idParams,
    headers: z.object({ 'idempotency-key': z.string().min(1).max(10).optional() }),
    body: thingSchema,
    answers: {
      201: {
        description: 'The thing.',
        schema: thingSchema,
        headers: { 'Idempotency-Replayed': 'true on a replay.' },
      },
    },
    faults: [thingFaults.notFound, thingFaults.busy],
    handle,
  })
  return [getThing, createThing]
}

export const echo: Handle = async (input) => ({ status: 201, body: input.body })

export interface LoggedEntry {
  level: string
  fields: Record<string, unknown>
}

/** A log that keeps its entries. */
export function newKeepingLog(): Log & { entries: LoggedEntry[] } {
  const entries: LoggedEntry[] = []
  const keep = (level: string) => (first: unknown) =>
    void entries.push({ level, fields: first as Record<string, unknown> })
  const log = {
    entries,
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    child: () => log,
  }
  return log
}

export function newThingApp(handle: Handle = echo, options: Partial<HttpAppOptions> = {}) {
  const log = newKeepingLog()
  const app = newHttpApp({
    routes: newThingRoutes(handle),
    faults: [],
    info: { title: 'Things & more', version: '1.0.0' },
    authenticate: () => operator,
    log,
    bodyBytesMax: 1000,
    requestTimeoutMs: 5_000,
    ...options,
  })
  return { app, log }
}
