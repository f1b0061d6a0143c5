import type { Log } from '../log/log'
import { newBreaker, type BreakerState } from './breaker'
import { newBulkhead } from './bulkhead'
import { exchangeOnce, type Exchange, type UpstreamAnswer } from './exchange'
import { upstreamFault } from './fault'
import { judgeForBreaker, judgeForRetry, outcomeOf, type Outcome } from './outcome'
import { repeat, settle, unwrap, type BackoffOptions } from './retry'
import { newRetryBudget } from './retry-budget'
import { initOf, isRepeatable, type UpstreamRequest } from './request'
import { traceFields } from '../trace/traceparent'
import type { Span, Tracer } from '../trace/tracer'
import { urlOf } from './url'

export { upstreamFaults } from './fault'
export type { UpstreamAnswer, UpstreamRequest }

/** A service that is called over HTTP, and may be slow, away, broken or hostile. */
export interface Upstream {
  /**
   * Answers what the service said: 2xx with its body, checked by the schema, and 4xx without. Throws
   * `upstreamFaults` for all else, and the signal's reason when the caller gave up.
   */
  call<T>(request: UpstreamRequest<T>): Promise<UpstreamAnswer<T>>
  state(): UpstreamState
}

export interface UpstreamState {
  breaker: BreakerState
  inFlight: number
  queued: number
}

/** For metrics: a call that ended, a retry that began, a circuit that changed. */
export type UpstreamEvent =
  | { kind: 'call'; outcome: Outcome; seconds: number }
  | { kind: 'retry' }
  | { kind: 'breaker'; state: BreakerState }

export interface UpstreamOptions {
  /** As in "the user service". */
  name: string
  baseUrl: string
  /** For one try, from the connection to the last byte. */
  timeoutMs: number
  /** For all tries with their pauses; long enough for all of them when left out. */
  budgetMs?: number
  retries: number
  backoff?: BackoffOptions
  /** How many failures in a row retries are made for; see RetryBudget. */
  retryTokensMax?: number
  inFlightMax: number
  queueMax: number
  queueWaitMsMax?: number
  breaker?: Partial<typeof breakerDefaults>
  bodyBytesMax?: number
  log?: Log
  /** Records a span for each call. */
  tracer?: Tracer | undefined
  onOutcome?(event: UpstreamEvent): void
  now?(): number
  random?(): number
}

const breakerDefaults = { windowMs: 10_000, callsMin: 20, failureShare: 0.5, openMs: 5000 }

const defaults = {
  backoff: { baseMs: 50, capMs: 200 },
  retryTokensMax: 20,
  queueWaitMsMax: 100,
  bodyBytesMax: 65_536,
  onOutcome: () => {},
  now: () => performance.now(),
  random: Math.random,
}

type Settings = UpstreamOptions &
  Required<Pick<UpstreamOptions, keyof typeof defaults>> & { breaker: typeof breakerDefaults }

interface Traced {
  traceparent: string | undefined
  span: Span | undefined
}

/** Retries around the bulkhead around the breaker around the time-out: each try asks all of them anew. */
export function newUpstream(options: UpstreamOptions): Upstream {
  const settings = withDefaults(options)
  const { retryTokensMax: tokensMax, onOutcome, now } = settings
  const { breaker, bulkhead } = newGuards(settings)
  const budget = newRetryBudget({ tokensMax, perSuccess: 0.1, perSecond: 0.5, now })

  function tryRepeatedly<T>(exchange: Exchange<T>, request: UpstreamRequest<T>) {
    const { signal } = request
    const timeoutMs = request.timeoutMs ?? settings.timeoutMs
    const retriesMax = isRepeatable(request) ? settings.retries : 0
    const send = (deadlineMs: number) =>
      exchangeOnce(exchange, { timeoutMs: Math.min(timeoutMs, deadlineMs - now()), signal })
    const once = (deadlineMs: number) =>
      bulkhead.run(() => breaker.run(() => send(deadlineMs)), signal)
    return repeat<UpstreamAnswer<T>>({
      ...{ once, judge: judgeForRetry, retriesMax, budget, signal },
      ...{ backoff: settings.backoff, now, random: settings.random },
      budgetMs: budgetOf(settings, request, retriesMax),
      onRetry: () => onOutcome({ kind: 'retry' }),
    })
  }

  return {
    async call<T>(request: UpstreamRequest<T>) {
      const url = urlOf(settings.baseUrl, request.path)
      if (url === undefined) return { status: 404, body: undefined }
      const { name: service, bodyBytesMax } = settings
      const { traced, span } = beginSpan(settings, request)
      const exchange: Exchange<T> = {
        service,
        url,
        init: initOf(traced),
        schema: request.schema,
        bodyBytesMax,
      }
      const { traceparent } = traced.headers ?? {}
      return watch(tryRepeatedly(exchange, traced), { ...settings, traceparent, span })
    },
    state: () => ({
      breaker: breaker.state(),
      inFlight: bulkhead.inFlight(),
      queued: bulkhead.queued(),
    }),
  }
}

function withDefaults(options: UpstreamOptions): Settings {
  return {
    ...defaults,
    ...given(options),
    breaker: { ...breakerDefaults, ...given(options.breaker ?? {}) },
  }
}

/** What is there but undefined is left out as well: no bound may go by that way. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function newGuards({ name, log, onOutcome, random, now, ...options }: Settings) {
  const { openMs } = options.breaker
  const refusal = (retryAfterMs: number) => () => upstreamFault(name, 'busy', { retryAfterMs })
  const breaker = newBreaker({
    ...{ ...options.breaker, now, random },
    judge: judgeForBreaker,
    refusal: refusal(openMs),
    onChange(state) {
      onOutcome({ kind: 'breaker', state })
      log?.[state === 'open' ? 'warn' : 'info']({ upstream: name, state }, 'the circuit changed')
    },
  })
  const { inFlightMax, queueMax, queueWaitMsMax } = options
  const bulkhead = newBulkhead({ inFlightMax, queueMax, queueWaitMsMax, refusal: refusal(1000) })
  return { breaker, bulkhead }
}

/** The budget is for tries of the usual length; a call that takes longer ones has its own. */
function budgetOf(
  { budgetMs, queueWaitMsMax, backoff, ...settings }: Settings,
  { timeoutMs }: UpstreamRequest<unknown>,
  retriesMax: number,
): number {
  if (timeoutMs === undefined && budgetMs !== undefined) return budgetMs
  const tryMs = queueWaitMsMax + (timeoutMs ?? settings.timeoutMs)
  return tryMs * (retriesMax + 1) + backoff.capMs * retriesMax
}

/** The service continues the span of the call, not that of its caller; the path is no attribute: it has ids. */
function beginSpan<T>({ tracer, name }: Settings, request: UpstreamRequest<T>) {
  if (!tracer) return { traced: request, span: undefined }
  const { method, headers } = request
  const span = tracer.begin({
    name: `${method} ${name}`,
    kind: 'client',
    parents: [headers?.traceparent],
    attributes: { 'http.request.method': method, 'peer.service': name },
  })
  const { traceparent } = span
  return { traced: { ...request, headers: { ...headers, traceparent } }, span }
}

/** Tells what became of the call, and gives it on. */
async function watch<T>(
  calling: Promise<UpstreamAnswer<T>>,
  { name, log, onOutcome, now, traceparent, span }: Settings & Traced,
): Promise<UpstreamAnswer<T>> {
  const beganMs = now()
  const result = await settle(calling)
  const outcome = outcomeOf(result)
  const seconds = (now() - beganMs) / 1000
  log?.debug(
    { upstream: name, outcome, seconds, ...traceFields(traceparent) },
    'a service was called',
  )
  const isFine = outcome === 'ok' || outcome === 'refused'
  span?.end({
    attributes: { 'tillbook.outcome': outcome },
    failure: isFine ? undefined : outcome,
  })
  onOutcome({ kind: 'call', outcome, seconds })
  return unwrap(result)
}
