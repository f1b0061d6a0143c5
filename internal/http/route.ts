import type { z } from 'zod'
import type { Principal, Role } from '../auth/principal'
import type { Fault, FaultSpec } from '../fault/fault'
import type { Traceparent } from '../trace/traceparent'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** What a handler is given: everything parsed by the route's schemas. */
export interface RouteInput<Params = unknown, Query = unknown, Headers = unknown, Body = unknown> {
  params: Params
  query: Query
  headers: Headers
  body: Body
  requestId: string
  /** W3C trace context for whatever is done on the request's behalf. */
  traceparent: Traceparent
  /** Who is asking: one of the route's roles. */
  principal: Principal
  /** Which of its media types the client takes; only on a route that offers several. */
  mediaType?: string
}

/** What a handler gives back. */
export interface Answer {
  status: number
  /**
   * Sent as JSON; a Buffer, and what an AsyncIterable gives piece by piece, is sent as it is, under
   * the `Content-Type` in `headers`; undefined is no body. What is thrown before the first piece is
   * answered as a problem, later it breaks the connection. `return()` is called in any case.
   */
  body: unknown
  /** Further headers, in the usual capitals (`Content-Type`); they win over the general ones. */
  headers?: Record<string, string>
  /** A stream without an end: it has no limit in time, and is ended when the server closes. */
  endless?: boolean
}

/** A handler may also give a fault back instead of throwing it, to send headers along with it. */
export interface Refused {
  fault: Fault
  headers: Record<string, string>
}

/** One kind of success, for the reference. */
export interface AnswerSpec {
  description: string
  /** What the body looks like; none for an answer without a body. */
  schema?: z.ZodType
  /** Instead of `schema`: what the body looks like in each media type, the preferred one first. */
  content?: Record<string, z.ZodType>
  /** Name and description of each header that is particular to this answer. */
  headers?: Record<string, string>
}

/** A route as the server and the reference see it, its types erased. */
export interface Route {
  method: Method
  /** Express's form, `/users/:id`. */
  path: string
  tag: string
  summary: string
  description?: string
  /** Who may call it; nobody has to sign in for what `'anyone'` may call. */
  roles: readonly Role[] | 'anyone'
  params?: z.ZodObject
  /** Values arrive as text; without a schema a route takes no query at all. */
  query?: z.ZodObject
  /** Lower-case names; only those named are looked at. */
  headers?: z.ZodObject
  body?: z.ZodType
  /** Without a body it is read as `{}`. */
  isBodyOptional?: boolean
  /** Instead of the general limit. */
  bodyBytesMax?: number
  answers: Record<number, AnswerSpec>
  /** What this route may refuse beyond the general faults. */
  faults: readonly FaultSpec[]
  /** Not counted among the requests under way, nor refused when they are too many. */
  uncounted?: boolean
  /** May be asked as often as anybody likes: it is how the API is watched. */
  unlimited?: boolean
  /** Served, but no part of the reference. */
  hidden?: boolean
  handle(input: RouteInput): Promise<Answer | Refused>
}

/** What an answer looks like in each of its media types. */
export function contentOf({ schema, content }: AnswerSpec): Record<string, z.ZodType> {
  return content ?? (schema ? { 'application/json': schema } : {})
}

/** The media types that a route answers in when it succeeds, the preferred one first. */
export function mediaTypesOf(route: Route): string[] {
  return [...new Set(Object.values(route.answers).flatMap((spec) => Object.keys(contentOf(spec))))]
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

type Schemas = 'params' | 'query' | 'headers' | 'body'

/** A route as it is written: the schemas give the handler's input its types. */
export interface RouteSpec<
  Params extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Headers extends z.ZodObject | undefined,
  Body extends z.ZodType | undefined,
> extends Omit<Route, Schemas | 'handle'> {
  params?: Params
  query?: Query
  headers?: Headers
  body?: Body
  handle(
    input: RouteInput<Output<Params>, Output<Query>, Output<Headers>, Output<Body>>,
  ): Promise<Answer | Refused>
}

/** Declares a route. Throws when the path and the schema of its parameters differ. */
export function route<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Headers extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(spec: RouteSpec<Params, Query, Headers, Body>): Route {
  const inPath = [...spec.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
  const inSchema = Object.keys(spec.params?.shape ?? {})
  if (inPath.length !== inSchema.length || !inSchema.every((name) => inPath.includes(name))) {
    throw new Error(`${spec.path} takes [${inPath}], its params schema says [${inSchema}]`)
  }
  // The input is made by these very schemas, which the erased type cannot say.
  return spec as unknown as Route
}
