import type { z } from 'zod'

export interface UpstreamRequest<T> {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** From the base URL on, encoded, with its query. */
  path: string
  /** Sent as JSON. */
  body?: unknown
  /** Further ones, as `traceparent` and `idempotency-key`. */
  headers?: Record<string, string>
  /** An empty body is given to it as undefined. */
  schema: z.ZodType<T>
  signal?: AbortSignal
  /** Whether it may be sent twice; by default what HTTP calls idempotent, and what has a key. */
  isRepeatable?: boolean
  /** In place of the upstream's own, for each try. */
  timeoutMs?: number
  withoutRetries?: boolean
}

const keyHeader = /^idempotency-key$/i

/** The methods that HTTP itself calls idempotent, and what the service knows again by its key. */
export function isRepeatable(request: UpstreamRequest<unknown>): boolean {
  if (request.withoutRetries) return false
  const isKeyed = Object.keys(request.headers ?? {}).some((name) => keyHeader.test(name))
  return request.isRepeatable ?? (request.method !== 'POST' || isKeyed)
}

/** As fetch takes it. */
export function initOf({ method, headers, body }: UpstreamRequest<unknown>): RequestInit {
  return {
    method,
    // Uncompressed: what is small on the wire is not to become large here.
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }
}
