import type { Traceparent } from './traceparent'

export type Attributes = Record<string, string | number | boolean | undefined>

export interface SpanStart {
  /** Of few different values: `POST /orders`, never an id. */
  name: string
  /** `server` answers a caller, `client` calls, `consumer` takes up what was left for it, `producer` publishes. */
  kind: 'server' | 'client' | 'consumer' | 'producer' | 'internal'
  /**
   * On whose behalf. Of several, as of the requests of a group, the first that is recorded is the
   * parent and the others are linked; of none a trace begins.
   */
  parents: readonly (Traceparent | null | undefined)[]
  /** Short and bounded; no bodies, no secrets. */
  attributes?: Attributes
}

export interface SpanEnd {
  /** In place of the first name, where it was not known at the beginning. */
  name?: string
  attributes?: Attributes
  /** Why it failed, as a code of ours; left out when it did not. */
  failure?: string | undefined
}

/** A piece of work as a trace shows it. */
export interface Span {
  /** For whatever is done on its behalf. */
  traceparent: Traceparent
  end(end?: SpanEnd): void
}

/** Records spans. Where nothing is to be recorded there is none, which costs a comparison. */
export interface Tracer {
  begin(start: SpanStart): Span
  /** Does the work so that `current` answers this span within it. */
  within<T>(span: Span, work: () => T): T
  current(): Traceparent | undefined
  /** Sends what was recorded, and does not wait for long. */
  close(): Promise<void>
}
