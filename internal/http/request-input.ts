import { parse as parseQuery } from 'node:querystring'
import type { Request } from 'express'
import { z } from 'zod'
import { Fault, type FieldError } from '../fault/fault'
import { generalFaults } from './general-fault'
import { toFieldErrors, wordIssue } from './request-issue'
import type { Route, RouteInput } from './route'

const errorsMax = 20

const noQuery = z.strictObject({})
const wording = { error: wordIssue }

type Values = Record<string, string | string[] | undefined>

/** Makes the function that turns a request into a handler's input, or throws request.invalid. */
export function newInputReader(
  route: Route,
): (
  req: Request,
  known: Pick<RouteInput, 'requestId' | 'traceparent' | 'principal'>,
) => RouteInput {
  const { params, headers, body, query } = route
  const headerNames = Object.keys(headers?.shape ?? {})
  return (req, { requestId, traceparent, principal }) => {
    const errors: FieldError[] = []
    const input: RouteInput = {
      params: params && read(params, req.params, errors),
      query: readQuery(query, req.url, errors),
      headers: headers && read(headers, once(pick(req, headerNames), errors), errors),
      body: body && read(body, req.body, errors),
      requestId,
      traceparent,
      principal,
    }
    if (errors.length > 0) throw invalid(errors)
    return input
  }
}

/** A value that no route's schemas belong to, as a message of gRPC. Faults: request.invalid. */
export function readInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const errors: FieldError[] = []
  const input = read(schema, value, errors)
  if (errors.length > 0) throw invalid(errors)
  return input as z.output<Schema>
}

function read(schema: z.ZodType, value: unknown, errors: FieldError[]): unknown {
  try {
    const { success, data, error } = schema.safeParse(value, wording)
    if (success) return data
    errors.push(...toFieldErrors(error.issues))
  } catch (error) {
    // Schemas of arbitrary JSON recurse, and what a client nests may be deeper than the stack.
    if (!(error instanceof RangeError)) throw error
    errors.push({ path: '', message: 'is nested too deeply' })
  }
  return undefined
}

/** Names what is there more than once, then goes on with the first; a coercing schema would take all. */
function once(values: Values, errors: FieldError[]): Values {
  for (const name in values) {
    const value = values[name]
    if (!Array.isArray(value)) continue
    errors.push({ path: name.slice(0, 64), message: 'must be given once' })
    values[name] = value[0]
  }
  return values
}

function readQuery(schema: z.ZodType | undefined, url: string, errors: FieldError[]): unknown {
  const start = url.indexOf('?')
  if (start < 0) return schema && read(schema, {}, errors)
  const text = url.slice(start + 1)
  if (text.includes('%')) assertDecodable(text)
  return read(schema ?? noQuery, once(parseQuery(text), errors), errors)
}

/** Node's own parser puts U+FFFD where the percent-encoding is broken. */
function assertDecodable(text: string): void {
  try {
    decodeURIComponent(text)
  } catch {
    throw malformedUrl('query')
  }
}

export function malformedUrl(part: 'path' | 'query'): Fault {
  return new Fault(generalFaults.malformedUrl, {
    detail: `The percent-encoding of the ${part} is not well formed.`,
  })
}

// Those that are lists by themselves, of which two are one that is longer (RFC 9110, 5.3).
const listHeaders = new Set(['prefer'])

/**
 * Node joins a header that is sent twice, or drops the second one; here it becomes a list. Read from the
 * raw list because Node's headersDistinct prepares all headers there are, and this runs on each request.
 */
function pick({ rawHeaders }: Request, names: readonly string[]): Values {
  const values: Values = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (!names.includes(name)) continue
    const value = rawHeaders[i + 1]!
    const before = values[name]
    if (before === undefined) values[name] = value
    else if (listHeaders.has(name)) values[name] = `${before as string}, ${value}`
    else values[name] = [before, value].flat()
  }
  return values
}

function invalid(errors: FieldError[]): Fault {
  const [first] = errors
  const only = first?.path ? `${first.path}: ${first.message}.` : `The input ${first?.message}.`
  const listed = errors.length > errorsMax ? `the first ${errorsMax} stand` : 'all stand'
  return new Fault(generalFaults.invalid, {
    detail: errors.length === 1 ? only : `${errors.length} things are wrong; ${listed} in errors.`,
    errors: errors.slice(0, errorsMax),
  })
}
