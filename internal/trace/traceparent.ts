import { randomFillSync } from 'node:crypto'

/**
 * W3C trace context in the form of its version 00, `00-<trace id>-<span id>-<flags>`: what is taken from
 * a caller, handed on to services and messages, and kept with rows, so that one trace spans them all.
 */
export type Traceparent = string

const form =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.{0,256})?$/

/** Undefined for what is none: a caller's mistake there starts a new trace, and refuses nothing. */
export function readTraceparent(value: unknown): Traceparent | undefined {
  const parts = typeof value === 'string' ? form.exec(value) : null
  if (!parts) return undefined
  const [, version, traceId, spanId, flags, rest] = parts
  if (version === '00') return rest === undefined ? parts[0] : undefined
  // Of a later version only these four fields are known, and of the flags the first.
  return `00-${traceId}-${spanId}-${Number.parseInt(flags!, 16) & 1 ? '01' : '00'}`
}

const bytes = 24
// Drawn for many at once: one draw costs as much as a thousand bytes of it.
const drawn = Buffer.allocUnsafe(bytes * 128)
let used = drawn.length

/** Of a trace that begins here and that nobody here records. */
export function newTraceparent(): Traceparent {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  const hex = drawn.toString('hex', used, used + bytes)
  used += bytes
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-00`
}

/** By which log lines, spans and messages of one trace are found. */
export function traceIdOf(traceparent: Traceparent): string {
  return traceparent.slice(3, 35)
}

/** As a log line carries it; nothing where there is no trace. */
export function traceFields(traceparent: Traceparent | null | undefined): { trace_id?: string } {
  return traceparent ? { trace_id: traceIdOf(traceparent) } : {}
}
