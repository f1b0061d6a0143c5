import type { z } from 'zod'
import { discardBody, readBody } from './body'
import { upstreamFault } from './fault'
import { parseRetryAfter } from './retry-after'

/** One try, as it goes over the wire. */
export interface Exchange<T> {
  service: string
  url: string
  init: RequestInit
  schema: z.ZodType<T>
  bodyBytesMax: number
}

/** What the service said: 2xx with its body, or 4xx without. */
export interface UpstreamAnswer<T> {
  status: number
  /** Undefined for a refusal. */
  body: T | undefined
  /** What a refusal asks to wait, as a 429 does. */
  retryAfterMs?: number
}

export interface TimeLimit {
  timeoutMs: number
  /** The caller's own; thrown as its reason. */
  signal: AbortSignal | undefined
}

/**
 * Sends the request once. Whatever ends the try, its connection is free again or closed; the time-out
 * is for everything from the connection to the last byte of the body.
 */
export async function exchangeOnce<T>(
  exchange: Exchange<T>,
  { timeoutMs, signal }: TimeLimit,
): Promise<UpstreamAnswer<T>> {
  const end = new AbortController()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end.abort()
  }, timeoutMs)
  try {
    return await exchangeUntil(
      exchange,
      signal ? AbortSignal.any([signal, end.signal]) : end.signal,
    )
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw isLate ? upstreamFault(exchange.service, 'timeout', { cause: error }) : error
  } finally {
    clearTimeout(timer)
    // Closes the connection of an answer that was not read to its end; one that was is kept.
    end.abort()
  }
}

async function exchangeUntil<T>(
  exchange: Exchange<T>,
  signal: AbortSignal,
): Promise<UpstreamAnswer<T>> {
  const { service } = exchange
  const response = await send(exchange, signal)
  const { status } = response
  if (status >= 200 && status < 300) {
    return { status, body: parse(await receive(response, exchange), exchange) }
  }
  await discardBody(response)
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), Date.now())
  if (status >= 500) {
    const cause = new Error(`it answered ${status}`)
    throw upstreamFault(service, 'failed', { cause, retryAfterMs })
  }
  if (status >= 400) {
    return { status, body: undefined, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  throw upstreamFault(service, 'invalid', { cause: new Error(`it answered ${status}`) })
}

async function send<T>(
  { service, url, init }: Exchange<T>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal })
  } catch (cause) {
    throw upstreamFault(service, isNoHttp(cause) ? 'invalid' : 'unreachable', { cause })
  }
}

async function receive<T>(
  response: Response,
  { service, bodyBytesMax }: Exchange<T>,
): Promise<Buffer> {
  try {
    return await readBody(response, bodyBytesMax)
  } catch (cause) {
    // Too long, or the connection ended in the middle.
    throw upstreamFault(service, cause instanceof RangeError ? 'invalid' : 'unreachable', { cause })
  }
}

/** An empty body is undefined, for the schema to accept or refuse. */
function parse<T>(body: Buffer, { service, schema }: Exchange<T>): T {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    return schema.parse(text === '' ? undefined : JSON.parse(text))
  } catch (cause) {
    throw upstreamFault(service, 'invalid', { cause })
  }
}

/** Something answers there, but it does not speak HTTP, or has headers without end. */
function isNoHttp(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } }
  const code = String(cause?.code)
  return code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW'
}
