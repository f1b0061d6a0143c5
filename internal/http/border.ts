import type { Request, Response } from 'express'
import { systemIds } from '../id/id'
import { describeError } from '../fault/describe'
import type { Fault } from '../fault/fault'
import type { Log } from '../log/log'
import { retryAfterSeconds, toFault, toProblem, type Problem } from './problem'
import type { Answer } from './route'

/** What is remembered of a request until it is answered; stands in `res.locals.exchange`. */
export interface Exchange {
  requestId: string
  startedAtMs: number
  timer: NodeJS.Timeout | undefined
}

/** The one place where answers leave and where requests are logged. */
export interface Border {
  /** Does nothing when the request was answered already. Throws when the body is no JSON. */
  answer(req: Request, res: Response, answer: Answer): void
  /** Answers a problem, whatever was thrown; does nothing when the request was answered already. */
  refuse(req: Request, res: Response, error: unknown, headers?: Record<string, string>): void
}

const pathLengthMax = 200
const reasonLengthMax = 300

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/

/** Begins with the first handler that asks, which spares every request a walk through a middleware. */
export function exchangeOf(req: Request, res: Response): Exchange {
  return (res.locals.exchange ??= begin(req)) as Exchange
}

function begin(req: Request): Exchange {
  const given = req.headers['x-request-id'] as string | undefined
  const requestId = given !== undefined && requestIdForm.test(given) ? given : systemIds.next()
  return { requestId, startedAtMs: performance.now(), timer: undefined }
}

export function newBorder(log: Log): Border {
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
    logRequest(log, { req, res, exchange, status: problem.status, fault })
  }
  return {
    answer(req, res, { status, body, headers }) {
      if (res.headersSent) return
      const exchange = exchangeOf(req, res)
      send(res, exchange, { status, body, headers, type: 'application/json' })
      logRequest(log, { req, res, exchange, status, fault: undefined })
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
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
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

interface LogEntry {
  req: Request
  res: Response
  exchange: Exchange
  status: number
  fault: Fault | undefined
}

function logRequest(log: Log, { req, res, exchange, status, fault }: LogEntry): void {
  const end = req.originalUrl.indexOf('?')
  const fields = {
    request_id: exchange.requestId,
    method: req.method,
    path: req.originalUrl.slice(0, Math.min(end < 0 ? pathLengthMax : end, pathLengthMax)),
    status,
    duration_ms: Math.round((performance.now() - exchange.startedAtMs) * 100) / 100,
    ...(fault && { code: fault.code }),
    ...(res.destroyed && { hung_up: true }),
  }
  if (fault?.kind === 'unavailable') {
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
