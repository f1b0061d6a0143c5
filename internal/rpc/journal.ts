import type { UniversalHandler } from '@connectrpc/connect/protocol'
import { describeError } from '../fault/describe'
import { Fault } from '../fault/fault'
import type { Log } from '../log/log'
import type { CallTime } from '../metrics/metrics'
import { traceIdOf } from '../trace/traceparent'
import type { Span } from '../trace/tracer'
import type { RpcCall } from './call'
import { nameOf } from './service'

export type ObserveCall = (call: CallTime) => void

/** How a call left, as far as HTTP knows. */
export interface Departure {
  handler: UniversalHandler | undefined
  /** Undefined when the caller has gone before the answer was out. */
  status: number | undefined
}

const reasonLengthMax = 300

/** The one place where calls are logged and measured, once each, when they are over. */
export function newJournal({ log, observe }: { log: Log; observe?: ObserveCall }) {
  return (call: RpcCall, { handler, status }: Departure): void => {
    const rpc = handler && nameOf(handler.method)
    const code = codeOfCall(call, status)
    const ms = performance.now() - call.startedAtMs
    logCall(log, call, { rpc, code, duration_ms: Math.round(ms * 100) / 100 })
    if (call.span) endSpan(call.span, call, { rpc, code })
    observe?.({ rpc, code, seconds: ms / 1000 })
  }
}

const codeOfStatus: Readonly<Record<number, string>> = {
  400: 'invalid_argument',
  404: 'unimplemented',
  405: 'unimplemented',
  415: 'invalid_argument',
  429: 'resource_exhausted',
  500: 'internal',
}

/** What the transport refuses, no interceptor sees: then the status of HTTP has to do. */
function codeOfCall({ code }: RpcCall, status: number | undefined): string {
  if (status === undefined) return code ?? 'canceled'
  const isRefused = status >= 400 && (code === undefined || code === 'ok')
  return (isRefused ? codeOfStatus[status] : code) ?? 'unknown'
}

/** What nobody but us can have caused. */
const serversFault = ['unknown', 'internal', 'unavailable', 'deadline_exceeded', 'data_loss']

function endSpan(
  span: Span,
  { requestId, error }: RpcCall,
  { rpc = 'none', code }: { rpc: string | undefined; code: string },
): void {
  span.end({
    name: rpc,
    attributes: {
      'rpc.system': 'connect_rpc',
      'rpc.method': rpc,
      'rpc.response.status_code': code,
      'tillbook.request_id': requestId,
      ...(error instanceof Fault && { 'tillbook.fault': error.code }),
    },
    failure: serversFault.includes(code) ? code : undefined,
  })
}

/** What never came to a handler, as a message that is none, is the caller's own doing, whatever its code. */
function logCall(log: Log, call: RpcCall, outcome: Record<string, unknown>): void {
  const { requestId, traceparent, principal, begun, error } = call
  const fields = {
    request_id: requestId,
    trace_id: traceIdOf(traceparent),
    ...outcome,
    ...(error instanceof Fault && { fault: error.code }),
    ...(principal && { user_id: principal.userId }),
  }
  if (error instanceof Fault && error.kind === 'unavailable') {
    // One line, no stack: there may be one of these for each call, and nobody has a defect to look for.
    const reason = describeError(error.cause ?? error).slice(0, reasonLengthMax)
    log.warn({ ...fields, reason }, 'call not served')
  } else if (
    (begun || error !== undefined) &&
    (outcome.code === 'internal' || outcome.code === 'unknown')
  ) {
    log.error({ ...fields, err: error }, 'call failed')
  } else log.debug(fields, 'call answered')
}
