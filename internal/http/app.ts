import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express'
import { Fault, type FaultSpec } from '../fault/fault'
import type { Log } from '../log/log'
import type { Tracer } from '../trace/tracer'
import type { AwaitBody } from './admission'
import { assertRoles, newAuthorizer, principalOf, type Authenticate } from './authorize'
import { exchangeOf, newBorder, tracerOf, type Border, type Observe } from './border'
import { whileConfirmed, type Confirm } from './confirm'
import { newDocs } from './docs'
import { newExpress } from './express'
import { generalFaults } from './general-fault'
import { newNegotiator } from './negotiate'
import type { ApiInfo } from './openapi'
import { collectFaults } from './problem'
import { assertBody, newReaderOf, toTransportFault } from './request-body'
import { newInputReader } from './request-input'
import type { RateLimit } from './rate-limit'
import type { Answer, Refused, Route, RouteInput } from './route'
import { isStream, streamLimits, type StreamLimits } from './stream'

export interface HttpAppOptions {
  routes: readonly Route[]
  /** Faults that any route may answer, `database.unavailable` say; the routes' own need not be repeated. */
  faults: readonly FaultSpec[]
  info: ApiInfo
  /** Asked for every route that is not for anyone. */
  authenticate: Authenticate
  /** Looks now and then whether whoever reads a stream without an end may still; without it they may. */
  confirm?: { isStill: Confirm; intervalMs: number }
  /** Without it anybody may ask as often as they like. */
  rateLimit?: RateLimit | undefined
  /** Bounds the bodies that are on their way; without it they are as many as the requests. */
  awaitBody?: AwaitBody
  log: Log
  /** For routes that name no limit of their own. */
  bodyBytesMax: number
  /** Until the answer, or the first piece of one that is streamed. */
  requestTimeoutMs: number
  /** From then on. */
  streamLimits?: Partial<StreamLimits>
  /** Told of every request that was answered. */
  observe?: Observe
  /** Records a span for each request. */
  tracer?: Tracer | undefined
}

/**
 * The routes with their reference as an Express app. Throws when two routes are one, or one does not
 * say who may call it.
 */
export function newHttpApp(options: HttpAppOptions): Express {
  const { routes, info, faults } = options
  assertRoles(routes)
  const declared = collectFaults([
    ...Object.values(generalFaults),
    ...faults,
    ...routes.flatMap((route) => route.faults),
  ])
  const docs = newDocs({ openApi: { routes, info, faults }, faults: declared })
  const served = [...routes, ...docs]
  const limits = { ...streamLimits, ...options.streamLimits }
  const border = newBorder({ log: options.log, streamLimits: limits, observe: options.observe })

  const app = newExpress().disable('x-powered-by').disable('etag')
  app.enable('case sensitive routing')
  app.locals.tracer = options.tracer
  mountRoutes(app, served, { ...options, border })
  mountMisses(app, served, border)
  app.use(newErrorHandler(border))
  return app
}

type Settings =
  'authenticate' | 'confirm' | 'rateLimit' | 'awaitBody' | 'bodyBytesMax' | 'requestTimeoutMs'
type Context = Pick<HttpAppOptions, Settings> & { border: Border }

/** One Express route for each path, so that a request is matched against as few as there are. */
function mountRoutes(app: Express, routes: readonly Route[], context: Context): void {
  const readerOf = newReaderOf(context)
  for (const [path, siblings] of byPath(routes)) {
    const mounted = app.route(path)
    for (const route of siblings) {
      const authorize = newAuthorizer(route, context)
      const serve = newServe(route, context)
      const steps = route.body ? [authorize, readerOf(route), serve] : [authorize, serve]
      mounted[route.method](...steps)
    }
  }
}

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>()
  for (const route of routes) {
    const siblings = paths.get(route.path) ?? []
    if (siblings.some(({ method }) => method === route.method)) {
      throw new Error(`${route.method} ${route.path} is there twice`)
    }
    paths.set(route.path, [...siblings, route])
  }
  return paths
}

function newServe(route: Route, { border, confirm, requestTimeoutMs }: Context): RequestHandler {
  const read = newInputReader(route)
  const negotiate = newNegotiator(route)
  const expire = (req: Request, res: Response) => {
    if (!res.destroyed) border.refuse(req, res, timeout(requestTimeoutMs))
  }
  /** Not in `serve`, which would hold what was sent until it is answered; a bulk is large. */
  function begin(req: Request, res: Response): Promise<Answer | Refused> {
    if (route.body) assertBody(req.body)
    const exchange = exchangeOf(req, res)
    const { traceparent, span } = exchange
    const input = read(req, { traceparent, ...callerOf(req, res) })
    req.body = undefined
    if (negotiate) input.mediaType = negotiate(req.headers.accept)
    exchange.timer = setTimeout(expire, requestTimeoutMs, req, res)
    const tracer = span && tracerOf(req.app)
    return tracer ? tracer.within(span, () => route.handle(input)) : route.handle(input)
  }
  async function serve(req: Request, res: Response): Promise<void> {
    try {
      const answer = await begin(req, res)
      if ('fault' in answer) border.refuse(req, res, answer.fault, answer.headers)
      else
        border.answer(req, res, confirm ? confirmed(answer, callerOf(req, res), confirm) : answer)
    } catch (error) {
      border.refuse(req, res, error)
    }
  }
  // Express is not given the promise: it has nothing to wait for.
  return (req, res) => void serve(req, res)
}

type Caller = Pick<RouteInput, 'principal' | 'requestId'>

function callerOf(req: Request, res: Response): Caller {
  return { principal: principalOf(res), requestId: exchangeOf(req, res).requestId }
}

function confirmed(
  answer: Answer,
  { principal, requestId }: Caller,
  { isStill, intervalMs }: NonNullable<HttpAppOptions['confirm']>,
): Answer {
  const { body, endless } = answer
  if (!endless || !isStream(body)) return answer
  const options = { isStill: () => isStill(principal), intervalMs, requestId }
  return { ...answer, body: whileConfirmed(body, options) }
}

function timeout(requestTimeoutMs: number): Fault {
  return new Fault(generalFaults.timeout, {
    detail:
      `There was no result within ${requestTimeoutMs} ms, and it is unknown whether the request was ` +
      'carried out. It is safe to send it again with the same Idempotency-Key.',
  })
}

/** Behind all routes, so that a hit never passes here: which methods would the path have taken? */
function mountMisses(app: Express, routes: readonly Route[], border: Border): void {
  for (const [path, siblings] of byPath(routes)) {
    const methods = siblings.map(({ method }) => method.toUpperCase())
    if (methods.includes('GET')) methods.push('HEAD')
    app.all(path, (_req, res, next) => {
      const allowed = (res.locals.allowed ?? []) as string[]
      res.locals.allowed = [...allowed, ...methods]
      next()
    })
  }
  app.use((req, res) => {
    const allowed = res.locals.allowed as string[] | undefined
    if (!allowed) throw routeNotFound()
    const headers = { Allow: [...new Set([...allowed, 'OPTIONS'])].sort().join(', ') }
    if (req.method === 'OPTIONS') border.answer(req, res, { status: 204, body: undefined, headers })
    else border.refuse(req, res, methodNotAllowed(headers.Allow), headers)
  })
}

function routeNotFound(): Fault {
  return new Fault(generalFaults.routeNotFound, {
    detail: 'Nothing is served under this path; /docs shows what there is.',
  })
}

function methodNotAllowed(allow: string): Fault {
  return new Fault(generalFaults.methodNotAllowed, { detail: `This path takes ${allow}.` })
}

function newErrorHandler(border: Border): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error, req, res, _next) => border.refuse(req, res, toTransportFault(error))
}
