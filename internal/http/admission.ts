import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Fault } from '../fault/fault'
import type { Log } from '../log/log'
import { requestIdOf } from './border'
import { generalFaults } from './general-fault'
import { toProblem } from './problem'
import type { Route } from './route'

export interface AdmissionOptions {
  app: RequestListener
  /** Those marked `uncounted` are let in always. */
  routes: readonly Route[]
  /** Requests under way at once; each one beyond is refused with api.busy. */
  requestsMax: number
  /** Of them, those with a large body, which is in memory several times until it is answered. */
  largeRequestsMax: number
  log: Log
}

/** A body of more bytes, or of unknown length, is large. */
const largeBytes = 65_536

const logIntervalMs = 1000

/**
 * Lets a bounded number of requests in. The excess is refused before its body is read or a route is
 * looked for, so that those who were let in go on as fast as ever.
 */
export function newAdmission(options: AdmissionOptions): RequestListener {
  const { app, routes, requestsMax, largeRequestsMax, log } = options
  const uncounted = new Set(routes.filter((route) => route.uncounted).map(({ path }) => path))
  const tell = newTeller(log)
  /** The requests of each connection, and whether their bodies are large. */
  const perSocket = new WeakMap<Socket, Map<object, boolean>>()
  let underWay = 0
  let largeUnderWay = 0

  function count(isLarge: boolean, by: 1 | -1): void {
    underWay += by
    if (isLarge) largeUnderWay += by
  }
  /** A response that waits behind another one on its connection is not told when that breaks. */
  function underWayOn(socket: Socket): Map<object, boolean> {
    const known = perSocket.get(socket)
    if (known) return known
    const some = new Map<object, boolean>()
    perSocket.set(socket, some)
    socket.once('close', () => {
      for (const isLarge of some.values()) count(isLarge, -1)
      some.clear()
    })
    return some
  }
  function enter({ socket }: IncomingMessage, res: ServerResponse, isLarge: boolean): void {
    const some = underWayOn(socket)
    some.set(res, isLarge)
    count(isLarge, 1)
    res.once('close', () => {
      if (some.delete(res)) count(isLarge, -1)
    })
  }
  return (req, res) => {
    if (!uncounted.has(pathOf(req))) {
      const isLarge = hasLargeBody(req)
      if (underWay >= requestsMax || (isLarge && largeUnderWay >= largeRequestsMax)) {
        tell()
        return refuse(req, res)
      }
      enter(req, res, isLarge)
    }
    app(req, res)
  }
}

function hasLargeBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > largeBytes
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

const mark = '<request id>'

// Written once: only the request's id differs.
const [before, after] = JSON.stringify(
  toProblem(
    new Fault(generalFaults.busy, {
      detail: 'More is asked than can be served at once. Nothing was done; send it again.',
    }),
    mark,
  ),
).split(mark) as [string, string]

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const requestId = requestIdOf(req)
  const body = `${before}${requestId}${after}`
  const head = [
    'Content-Type',
    'application/problem+json',
    // All of it is ASCII.
    'Content-Length',
    String(body.length),
    'Retry-After',
    '1',
    'X-Request-Id',
    requestId,
    'X-Content-Type-Options',
    'nosniff',
    'Cache-Control',
    'no-store',
  ]
  res.writeHead(503, head).end(body)
}

/** One line a second says how many there were: a line for each would be work for nothing. */
function newTeller(log: Log): () => void {
  let refused = 0
  return () => {
    if (refused++ > 0) return
    setTimeout(() => {
      log.warn({ refused }, 'requests were refused: too many at once')
      refused = 0
    }, logIntervalMs).unref()
  }
}
