import type { IncomingMessage } from 'node:http'
import type { Application, Request, Response } from 'express'
import { systemIds } from '../id/id'
import { describeError } from '../fault/describe'
import type { Fault } from '../fault/fault'
import type { Log } from '../log/log'
import { newTraceparent, readTraceparent, traceIdOf, type Traceparent } from '../trace/traceparent'
import type { Span, Tracer } from '../trace/tracer'
import { retryAfterSeconds, toFault, toProblem, type Problem } from './problem'
import type { Answer } from './route'
import { isStream, writeStream, type Pieces, type StreamEnd, type StreamLimits } from './stream'

/** What is remembered of a request until it is answered; stands in `res.locals.exchange`. */
export interface Exchange {
  requestId: string
  /** The caller's or a fresh one; when spans are recorded, the span's. */
  traceparent: Traceparent
  span: Span | undefined
  startedAtMs: number
  timer: NodeJS.Timeout | undefined
  /** Lets go of an answer that is being made but was refused meanwhile. */
  abandon: (() => void) | undefined
}

/** The one place where answers leave and where requests are logged. */
export interface Border {
  /** Does nothing when the request was answered already. Throws when the body is no JSON. */
  answer(req: Request, res: Response, answer: Answer): void
  /** Answers a problem, whatever was thrown; does nothing when the request was answered already. */
  refuse(req: Request, res: Response, error: unknown, headers?: Record<string, string>): void
}

/** One request that was answered, without what is particular to it. */
export interface Observation {
  method: string
  /** The template, `/users/:id`; undefined for a path that leads nowhere. */
  route: string | undefined
  status: number
  seconds: number
}

export type Observe = (observation: Observation) => void

export interface BorderOptions {
  log: Log
  streamLimits: StreamLimits
  observe: Observe | undefined
}

const pathLengthMax = 200
const reasonLengthMax = 300
const longText = 16_384

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/

/** Begins with the first handler that asks, which spares every request a walk through a middleware. */
export function exchangeOf(req: Request, res: Response): Exchange {
  return (res.locals.exchange ??= begin(req)) as Exchange
}

function begin(req: Request): Exchange {
  const requestId = requestIdOf(req)
  const parent = readTraceparent(req.headers.traceparent)
  const span = tracerOf(req.app)?.begin({ name: req.method, kind: 'server', parents: [parent] })
  const traceparent = span?.traceparent ?? parent ?? newTraceparent()
  const startedAtMs = performance.now()
  return { requestId, traceparent, span, startedAtMs, timer: undefined, abandon: undefined }
}

/** The app's, for all who begin an exchange. */
export function tracerOf({ locals }: Pick<Application, 'locals'>): Tracer | undefined {
  return locals.tracer as Tracer | undefined
}

/** The id that the request brings along, or a fresh one. */
export function requestIdOf(req: Pick<IncomingMessage, 'headers'>): string {
  const given = req.headers['x-request-id'] as string | undefined
  return given !== undefined && requestIdForm.test(given) ? given : systemIds.next()
}

export function newBorder({ log, streamLimits, observe }: BorderOptions): Border {
  function conclude(entry: LogEntry): void {
    const ms = performance.now() - entry.exchange.startedAtMs
    logRequest(log, entry, ms)
    const { req, status, exchange } = entry
    const { path: route } = (req.route ?? {}) as { path?: string }
    if (exchange.span) endSpan(exchange.span, entry, route)
    observe?.({ method: req.method, route, status, seconds: ms / 1000 })
  }

  function refuse(req: Request, res: Response, error: unknown, headers?: Record<string, string>) {
    if (res.headersSent) return
    const exchange = exchangeOf(req, res)
    const fault = toFault(error)
    const problem = toProblem(fault, exchange.requestId)
    try {
      send(res, exchange, {
        ...toAnswer(fault, problem, headers),
        type: 'application/problem+json',
      })
    } catch (cause) {
      return refuse(req, res, new Error('a problem could not be written', { cause }))
    }
    exchange.abandon?.()
    conclude({ req, res, exchange, status: problem.status, fault })
  }

  async function stream(req: Request, res: Response, answer: Answer & { body: Pieces }) {
    const exchange = exchangeOf(req, res)
    const { status, body, endless = false } = answer
    const begin = () => beginStream(res, exchange, answer)
    const written = writeStream({
      ...{ res, pieces: body, limits: streamLimits, endless, begin },
      headOnly: req.method === 'HEAD',
    })
    exchange.abandon = written.abandon
    // It was refused before it began: too late, or the handler's own doing.
    if (res.headersSent) written.abandon()
    try {
      const ended = await written.done
      clearTimeout(exchange.timer)
      if (ended !== 'abandoned') conclude({ req, res, exchange, status, ended, fault: undefined })
    } catch (error) {
      if (!res.headersSent) return refuse(req, res, error)
      // The status is out already: all that is left to tell the client by is the connection.
      res.destroy()
      conclude({ req, res, exchange, status, ended: 'broken', fault: toFault(error) })
    }
  }

  return {
    answer(req, res, answer) {
      const { status, body, headers } = answer
      if (isStream(body)) return void stream(req, res, { ...answer, body })
      if (res.headersSent) return
      const exchange = exchangeOf(req, res)
      send(res, exchange, { status, body, headers, type: 'application/json' })
      conclude({ req, res, exchange, status, fault: undefined })
    },
    refuse,
  }
}

function toAnswer(fault: Fault, problem: Problem, headers?: Record<string, string>): Answer {
  const retryAfter = retryAfterSeconds(fault)
  const more =
    retryAfter === undefined ? headers : { ...headers, 'Retry-After': String(retryAfter) }
  return { status: problem.status, body: problem, headers: more }
}

function send(res: Response, exchange: Exchange, answer: Answer & { type: string }): void {
  const { status, body, headers, type } = answer
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : encodeJson(body)
  clearTimeout(exchange.timer)
  // Writing to a client that hung up would raise an error with nobody to tell.
  if (res.destroyed) return
  const head: Record<string, string | number> = { 'X-Request-Id': exchange.requestId }
  if (bytes !== undefined) {
    head['Content-Type'] = type
    head['Content-Length'] = Buffer.byteLength(bytes)
    head['X-Content-Type-Options'] = 'nosniff'
    head['Cache-Control'] = 'no-store'
  }
  if (headers) Object.assign(head, headers)
  res.writeHead(status, head).end(bytes)
}

/** Node copies a text behind the head, twice, so that the two are one packet: of a long one that is a waste. */
function encodeJson(body: unknown): string | Buffer {
  const text = JSON.stringify(body)
  return text.length > longText ? Buffer.from(text) : text
}

function beginStream(res: Response, exchange: Exchange, { status, headers }: Answer): void {
  clearTimeout(exchange.timer)
  res.writeHead(status, {
    'X-Request-Id': exchange.requestId,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    ...headers,
  })
}

interface LogEntry {
  req: Request
  res: Response
  exchange: Exchange
  status: number
  /** How a streamed answer ended. */
  ended?: StreamEnd | 'broken'
  fault: Fault | undefined
}

/** By the template, never the path: that one is a person's, and different each time. */
function endSpan(span: Span, { req, exchange, status, fault }: LogEntry, route = 'none'): void {
  span.end({
    name: `${req.method} ${route}`,
    attributes: {
      'http.request.method': req.method,
      'http.route': route,
      'http.response.status_code': status,
      'tillbook.request_id': exchange.requestId,
      ...(fault && { 'tillbook.fault': fault.code }),
    },
    failure: status >= 500 ? (fault?.code ?? 'internal') : undefined,
  })
}

function logRequest(log: Log, entry: LogEntry, durationMs: number): void {
  const { req, res, exchange, status, ended, fault } = entry
  const end = req.originalUrl.indexOf('?')
  const fields = {
    request_id: exchange.requestId,
    trace_id: traceIdOf(exchange.traceparent),
    method: req.method,
    path: req.originalUrl.slice(0, Math.min(end < 0 ? pathLengthMax : end, pathLengthMax)),
    status,
    duration_ms: Math.round(durationMs * 100) / 100,
    ...(fault && { code: fault.code }),
    ...(ended && ended !== 'finished' && { ended }),
    ...(!ended && res.destroyed && { hung_up: true }),
  }
  if (ended === 'broken') log.error({ ...fields, err: fault }, 'an answer broke off')
  else if (fault?.kind === 'unavailable') {
    log.warn({ ...fields, reason: reasonOf(fault) }, 'request not served')
  } else if (status >= 500) log.error({ ...fields, err: fault }, 'request failed')
  else log.debug(fields, 'request answered')
}

/**
 * One line, no stack: while the database is away or more is asked than can be taken, there is one of
 * these for each request, and nobody has a defect to look for.
 */
function reasonOf(fault: Fault): string {
  return describeError(fault.cause ?? fault).slice(0, reasonLengthMax)
}
