import {
  createServer,
  STATUS_CODES,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { systemIds } from '../id/id'
import { Fault } from '../fault/fault'
import type { Log } from '../log/log'
import { limitConnections } from './connection-limit'
import type { CrowdLimits } from './crowd'
import { messagesOf } from './express'
import { generalFaults } from './general-fault'
import { toProblem } from './problem'
import { askToEnd } from './stream'

export interface ServerOptions {
  app: RequestListener
  /** Comes before the app, and may answer in its place. */
  guard?: (app: RequestListener) => RequestListener
  host: string
  /** 0 takes a free one. */
  port: number
  shutdownTimeoutMs: number
  /** The environment variable that another port is chosen with, for those who find it in use. */
  portName?: string
  /** Looks at connections before HTTP/1.1 does. */
  front?: Front
  /** As many as there are files for, unless it says less. */
  connections?: CrowdLimits
  log: Log
  /** How long a client may take; the defaults suit the open network. */
  limits?: Partial<typeof clientLimits>
}

/** Takes the connections of another protocol, and hands the others on. */
export interface Front {
  accept(socket: Socket, handOn: (socket: Socket) => void): void
  /** Takes nothing more, and lets what is under way finish. */
  drain(): void
  /** Cuts what is left. */
  cut(): void
}

export interface RunningServer {
  /** The port that was bound. */
  port: number
  /**
   * Stops accepting, ends endless streams at once, lets all else finish, and cuts what is left after
   * shutdownTimeoutMs.
   */
  close(): Promise<void>
}

/** Against clients that are slow, or pretend to be. */
export const clientLimits = {
  headersTimeoutMs: 10_000,
  /** Headers and body together. */
  requestTimeoutMs: 30_000,
  /** Longer than the 60 s after which the usual load balancers give up an idle connection. */
  keepAliveTimeoutMs: 65_000,
  /** Nothing read or written, as by a client that does not take its answer; longer than any handler may run. */
  socketTimeoutMs: 60_000,
  /** To take the last answer of a connection; who then keeps its own side open is cut. */
  lingerMs: 1_000,
  checkIntervalMs: 1_000,
}

/** Resolves once the port is bound; rejects with a sentence for people when it cannot be. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { app, guard = (unguarded) => unguarded, log } = options
  const serve = guard(app)
  const { lingerMs } = { ...clientLimits, ...options.limits }
  const connections = new Map<Socket, ServerResponse | undefined>()
  let draining = false
  const { front } = options
  const server = newServer(options, (req, res) => {
    connections.set(req.socket, res)
    if (draining) {
      res.shouldKeepAlive = false
      askToEnd(res)
    }
    serve(req, res)
  })
  if (front) putInFront(server, front)
  if (options.connections) limitConnections(server, options.connections, log)
  server.on('connection', (socket: Socket) => {
    connections.set(socket, undefined)
    socket.once('close', () => connections.delete(socket))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    refuseMalformed(error, socket, { current: connections.get(socket), lingerMs, log }),
  )
  await listen(server, options)
  server.on('error', (err) => log.error({ err }, 'the HTTP server failed'))

  let closed: Promise<void> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      draining = true
      return (closed ??= drain({ server, front, connections }, options.shutdownTimeoutMs))
    },
  }
}

function newServer({ app, limits }: ServerOptions, listener: RequestListener): Server {
  const limit = { ...clientLimits, ...limits }
  const server = createServer(
    {
      headersTimeout: limit.headersTimeoutMs,
      requestTimeout: limit.requestTimeoutMs,
      keepAliveTimeout: limit.keepAliveTimeoutMs,
      connectionsCheckingInterval: limit.checkIntervalMs,
      noDelay: true,
      ...messagesOf(app),
    },
    listener,
  )
  return server.setTimeout(limit.socketTimeoutMs)
}

/** In place of the server's own listener, which is then given what is handed on. */
function putInFront(server: Server, front: Front): void {
  const [serve] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) =>
    front.accept(socket, (plain) => serve!.call(server, plain)),
  )
}

function listen(server: Server, options: ServerOptions): Promise<void> {
  const { host, port } = options
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(wordBindError(error, options))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

function wordBindError(cause: NodeJS.ErrnoException, options: ServerOptions): Error {
  const { host, port, portName = 'PORT' } = options
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} on ${host} is in use: stop what holds it, or choose another with ${portName}=…`,
    EACCES: `port ${port} on ${host} is not for this account: choose one above 1023 with ${portName}=…`,
  }
  const reason = reasons[cause.code ?? '']
  // It says all that there is to know: the cause would only repeat it in the words of the system.
  if (reason) return new Error(reason)
  return new Error(`cannot listen on ${host}:${port}`, { cause })
}

type Connections = ReadonlyMap<Socket, ServerResponse | undefined>

interface Draining {
  server: Server
  front: Front | undefined
  connections: Connections
}

function drain({ server, front, connections }: Draining, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = () => {
      server.closeAllConnections()
      front?.cut()
    }
    const timer = setTimeout(cut, timeoutMs)
    // Closes the connections that are idle between two requests, too.
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    front?.drain()
    for (const [socket, response] of connections) {
      // Node takes a connection that never carried a request for one that is about to.
      if (socket.bytesRead === 0) socket.destroy()
      else if (response) {
        response.shouldKeepAlive = false
        askToEnd(response)
      }
    }
  })
}

interface MalformedContext {
  current: ServerResponse | undefined
  lingerMs: number
  log: Log
}

/** What is no HTTP never becomes a request: it is answered here, and the connection closed. */
function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  { current, lingerMs, log }: MalformedContext,
): void {
  const isAnswering = current?.headersSent && !current.writableFinished
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) return void socket.destroy()
  const requestId = systemIds.next()
  const problem = toProblem(malformedFault(error), requestId)
  const { status, code } = problem
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  // Its request counts as one that is under way until the connection is closed on both sides.
  setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  log.debug({ request_id: requestId, status, code, reason: error.code }, 'malformed request')
}

function malformedFault({ code }: NodeJS.ErrnoException): Fault {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Fault(generalFaults.headersTooLarge, { detail: 'The headers are too large.' })
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Fault(generalFaults.tooSlow, { detail: 'The request did not arrive in time.' })
  }
  return new Fault(generalFaults.malformed, { detail: 'This is not well-formed HTTP/1.1.' })
}
