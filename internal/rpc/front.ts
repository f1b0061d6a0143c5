import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import type { Front } from '../http/server'
import type { Log } from '../log/log'

export interface FrontOptions {
  listener: RequestListener
  /** Calls under way at once on one connection. */
  streamsPerConnectionMax: number
  /** A connection on which nothing moves for that long is closed. */
  idleTimeoutMs: number
  /** For a connection to say which HTTP it speaks. */
  prefaceTimeoutMs?: number
  log: Log
}

/** What each connection of HTTP/2 begins with (RFC 9113, 3.4); no method of HTTP/1.1 begins with it. */
const preface = Buffer.from('PRI ')

/** Serves HTTP/2 without TLS, as gRPC speaks it, on the port of an HTTP/1.1 server. */
export function newHttp2Front(options: FrontOptions): Front {
  const { prefaceTimeoutMs = 10_000 } = options
  const sessions = new Set<ServerHttp2Session>()
  let draining = false
  const server = newServer(options, (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    if (draining) session.close()
  })
  return {
    accept(socket, handOn) {
      sort(socket, prefaceTimeoutMs, (speaksHttp2) =>
        speaksHttp2 ? server.emit('connection', socket) : handOn(socket),
      )
    },
    drain() {
      draining = true
      for (const session of sessions) session.close()
    },
    cut() {
      for (const session of sessions) session.destroy()
    },
  }
}

/** Of one connection, beyond the calls under way on it. */
export const sessionLimits = {
  /** All headers of a call together; a longer list is no call. */
  headerListBytesMax: 16_384,
  headersMax: 64,
  /** Of what is kept for it outside of the heap, answers that wait to be taken for one; no call more is taken beyond. */
  memoryMbMax: 8,
  /** Frames that break the protocol, and calls beyond the bound; then it is closed. */
  invalidFramesMax: 100,
  rejectedStreamsMax: 100,
}

function newServer(
  { listener, streamsPerConnectionMax, idleTimeoutMs, log }: FrontOptions,
  onSession: (session: ServerHttp2Session) => void,
): Http2Server {
  const server = createServer({
    settings: {
      maxConcurrentStreams: streamsPerConnectionMax,
      maxHeaderListSize: sessionLimits.headerListBytesMax,
    },
    maxHeaderListPairs: sessionLimits.headersMax,
    maxSessionMemory: sessionLimits.memoryMbMax,
    maxSessionInvalidFrames: sessionLimits.invalidFramesMax,
    maxSessionRejectedStreams: sessionLimits.rejectedStreamsMax,
  })
  // Its type knows requests of HTTP/1.1 only; the listener takes both.
  server.on('request', listener as unknown as (req: unknown, res: unknown) => void)
  server.on('session', (session) => {
    closeIdle(session, idleTimeoutMs)
    onSession(session)
  })
  server.on('sessionError', (error: Error) => {
    log.debug({ reason: error.message }, 'a connection of HTTP/2 failed')
  })
  return server
}

const pingTimeoutMs = 10_000

/** A connection that nobody uses is closed; one on which somebody watches must still answer a ping. */
function closeIdle(session: ServerHttp2Session, idleTimeoutMs: number): void {
  let open = 0
  session.on('stream', (stream) => {
    open += 1
    stream.once('close', () => (open -= 1))
  })
  session.on('timeout', () => {
    if (session.destroyed || open === 0) return void session.close()
    const timer = setTimeout(() => session.destroy(), pingTimeoutMs)
    session.ping(() => clearTimeout(timer))
    session.setTimeout(idleTimeoutMs)
  })
  session.setTimeout(idleTimeoutMs)
}

/** Reads as little as is needed to know, and puts it back. */
function sort(socket: Socket, timeoutMs: number, done: (speaksHttp2: boolean) => void): void {
  let bytes = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  const fail = () => socket.destroy()
  const end = () => clearTimeout(timer)
  function read(): void {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    bytes = Buffer.concat([bytes, chunk])
    const begins = preface.subarray(0, bytes.length).equals(bytes.subarray(0, preface.length))
    if (begins && bytes.length < preface.length) return
    clearTimeout(timer)
    socket.off('readable', read).off('error', fail).off('close', end).off('end', fail)
    socket.unshift(bytes)
    done(begins)
  }
  socket.on('readable', read).on('error', fail).once('close', end).once('end', fail)
}
