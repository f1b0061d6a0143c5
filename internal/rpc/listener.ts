import type { IncomingMessage, RequestListener } from 'node:http'
import { createConnectRouter } from '@connectrpc/connect'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node'
import type { Authenticate } from '../http/authorize'
import { requestIdOf } from '../http/border'
import type { CrowdLimits } from '../http/crowd'
import type { RateLimit } from '../http/rate-limit'
import type { Log } from '../log/log'
import { newTraceparent, readTraceparent } from '../trace/traceparent'
import type { Tracer } from '../trace/tracer'
import { carry, type NodeRequest, type NodeResponse, type RpcCall } from './call'
import { newGate, newLate } from './gate'
import { admit, type AdmissionLimits } from './interceptor/admit'
import { limitTime } from './interceptor/limit-time'
import { newWelcome, signIn, type Welcome } from './interceptor/sign-in'
import { translate } from './interceptor/translate'
import { newJournal, type ObserveCall } from './journal'
import { collectAllowed, type Allowed, type RpcService } from './service'
import { encodeMessage, nameOfCode } from './status'

export interface RpcListenerOptions extends AdmissionLimits {
  services: readonly RpcService[]
  authenticate: Authenticate
  /** Where a call comes from. */
  addressOf(req: IncomingMessage): string
  /** Messages that are on their way. */
  uploads: CrowdLimits
  /** Without it anybody may call as often as they like. */
  rateLimit?: RateLimit | undefined
  messageBytesMax: number
  /** For a call from its first byte to its answer; its caller may allow less. */
  callTimeoutMs: number
  log: Log
  /** Told of every call that was answered. */
  observe?: ObserveCall
  /** Records a span for each call. */
  tracer?: Tracer | undefined
}

/** By its path, what serves it. */
type Handlers = ReadonlyMap<string, UniversalHandler>

/**
 * The services over gRPC, gRPC-Web and Connect, by the content type of the request, for HTTP/1.1 and
 * HTTP/2. Throws when an rpc does not say who may call it.
 *
 * In place of connectNodeAdapter: that one throws out of the listener, which ends the process, when a
 * request has no host or none that a URL can have.
 */
export function newRpcListener(options: RpcListenerOptions): RequestListener {
  const allowed = collectAllowed(options.services)
  const welcome = newWelcome(options, allowed)
  const handlers = newHandlers(options, allowed, welcome)
  const open = newGate({ ...options, welcome })
  const conclude = newJournal(options)
  const serve = (req: NodeRequest, res: NodeResponse) => {
    const handler = handlers.get((req.url ?? '').split('?', 1)[0]!)
    const call = begin(req, options.tracer)
    const timer = setTimeout(() => giveUp(req, call, options), options.callTimeoutMs)
    stopUpload(req, res)
    res.once('close', () => {
      clearTimeout(timer)
      conclude(call, { handler, status: isSent(res) ? res.statusCode : undefined })
    })
    res.setHeader('x-request-id', call.requestId)
    // The specification of gRPC makes UNIMPLEMENTED of it.
    if (!handler) return void res.writeHead(404).end()
    const request = read(req, res, call)
    if (!request) return void res.writeHead(400).end()
    const body = open(request.body, { call, method: handler.method, req, res })
    // What fails here is the writing: the caller has gone, and the end of the response says so.
    answer(handler({ ...request, body }), res, call).catch(() => res.destroy())
  }
  // Its type knows HTTP/1.1 only.
  return serve as RequestListener
}

/** Undefined when there is no host, or none that a URL can have. */
function read(req: NodeRequest, res: NodeResponse, call: RpcCall) {
  try {
    return universalRequestFromNodeRequest(req, res, undefined, carry(call))
  } catch {
    return undefined
  }
}

async function answer(answered: Answered, res: NodeResponse, call: RpcCall): Promise<void> {
  const { body, trailer, ...head } = await answered
  const all = body && trailer ? withMessage(body, trailer, call) : body
  await universalResponseToNodeResponse({ ...head, body: all, trailer }, res)
}

type Answered = ReturnType<UniversalHandler>

/**
 * The status stands in the trailer once the body is over. Its message is percent-encoded as a URL there,
 * and widely used clients decode less than that: as the specification has it, ASCII stays as it is.
 */
async function* withMessage(body: AsyncIterable<Uint8Array>, trailer: Headers, call: RpcCall) {
  yield* body
  const message = trailer.get('grpc-message')
  if (message) trailer.set('grpc-message', encodeMessage(decodeURIComponent(message)))
  const status = trailer.get('grpc-status')
  if (status) call.code ??= nameOfCode(Number(status))
}

/** A message that does not arrive in time. Once it is there, limitTime answers. */
function giveUp(req: NodeRequest, call: RpcCall, { callTimeoutMs }: RpcListenerOptions): void {
  if (call.begun) return
  if (call.giveUp) return call.giveUp(newLate(callTimeoutMs))
  call.code ??= 'deadline_exceeded'
  req.destroy()
}

/**
 * Who still sends when the answer is out is told to stop (RFC 9113, 8.1); else the call would be under way
 * until they have sent it all. HTTP/1.1 reads on by itself.
 */
function stopUpload(req: NodeRequest, res: NodeResponse): void {
  if (!('stream' in res)) return
  const { stream } = res
  const stop = () => {
    if (req.complete) return
    stream.close()
    // What has arrived and nobody reads would keep it open.
    stream.destroy()
  }
  // Behind the trailers, which Node sends in this turn.
  stream.once('wantTrailers', () => setImmediate(stop))
}

function isSent(res: NodeResponse): boolean {
  return 'stream' in res ? res.stream?.writableFinished !== false : res.writableFinished
}

function newHandlers(
  options: RpcListenerOptions,
  allowed: ReadonlyMap<string, Allowed>,
  welcome: Welcome,
): Handlers {
  const { services, messageBytesMax, callTimeoutMs } = options
  const router = createConnectRouter({
    acceptCompression: [compressionGzip],
    readMaxBytes: messageBytesMax,
    binaryOptions: { readUnknownFields: false },
    // Whoever reads JSON knows no .proto file that says what a missing field is.
    jsonOptions: { alwaysEmitImplicit: true },
    interceptors: [translate(), limitTime(callTimeoutMs), admit(options, allowed), signIn(welcome)],
  })
  for (const { mount } of services) mount(router)
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
}

function begin(req: NodeRequest, tracer: Tracer | undefined): RpcCall {
  const parent = readTraceparent(req.headers.traceparent)
  const span = tracer?.begin({ name: 'rpc', kind: 'server', parents: [parent] })
  return {
    requestId: requestIdOf(req),
    // A request of HTTP/2 has all of it that is asked for.
    req: req as IncomingMessage,
    traceparent: span?.traceparent ?? parent ?? newTraceparent(),
    span,
    startedAtMs: performance.now(),
    begun: false,
    principal: undefined,
    quota: undefined,
    giveUp: undefined,
    code: undefined,
    error: undefined,
  }
}
