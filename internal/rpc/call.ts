import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createContextKey, createContextValues, type ContextValues } from '@connectrpc/connect'
import type { Principal } from '../auth/principal'
import type { Fault } from '../fault/fault'
import type { Traceparent } from '../trace/traceparent'
import type { Span } from '../trace/tracer'

export type NodeRequest = IncomingMessage | Http2ServerRequest
export type NodeResponse = ServerResponse | Http2ServerResponse

/** What is remembered of a call from its first byte to its answer. */
export interface RpcCall {
  requestId: string
  /** For whoever asks who sends it, and from where: the metadata are its headers. */
  req: IncomingMessage
  /** The caller's W3C trace context or a fresh one; when spans are recorded, the span's. */
  traceparent: Traceparent
  span: Span | undefined
  startedAtMs: number
  /** Its message was read whole, and the interceptors have it. */
  begun: boolean
  /** Once it has signed in. */
  principal: Principal | undefined
  /** What the caller has left, for the answer. */
  quota: Record<string, string> | undefined
  /** Refuses the call while its message is on its way. */
  giveUp: ((why: Fault) => void) | undefined
  /** The code's name, once it is known. */
  code: string | undefined
  /** What was thrown. */
  error: unknown
}

const callKey = createContextKey<RpcCall | undefined>(undefined)

export function carry(call: RpcCall): ContextValues {
  return createContextValues().set(callKey, call)
}

/** The call that interceptors and handlers work for. */
export function callOf(values: ContextValues): RpcCall {
  const call = values.get(callKey)
  if (!call) throw new Error('a call came past the listener')
  return call
}
