/** What a service answers. */
export interface Reply {
  status: number
  /** Sent as JSON; none when it is undefined. */
  body?: unknown
}

/** What a service is asked. */
export interface Call {
  method: string
  /** The path without its leading slash, split and decoded. */
  segments: string[]
  query: URLSearchParams
  idempotencyKey: string | undefined
  /** Parsed as JSON; undefined when there is none. */
  body: unknown
}

/** Waits in the simulator's own time, in milliseconds that are scaled; rejects when it closes. */
export type Wait = (ms: number) => Promise<void>

/** Acts, takes its time and says what to answer. */
export type Service = (call: Call) => Promise<Reply>

/** How long a service takes to say that there is no such thing. */
const refusalMs = 10

/** A refusal, after the time that it takes. */
export async function refuse(wait: Wait, status: number, error: string): Promise<Reply> {
  await wait(refusalMs)
  return { status, body: { error } }
}
