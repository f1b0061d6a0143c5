/** One message as it goes to the broker; always persistent, always `mandatory`. */
export interface Outgoing {
  /** The message_id, by which a consumer knows a repeat; no two of a batch are the same. */
  id: string
  exchange: string
  routingKey: string
  type: string
  /** JSON text. */
  body: Buffer
  headers: Record<string, string | number>
  /** The AMQP timestamp, which has whole seconds. */
  timestampSeconds: number
}

/**
 * What became of it. `confirmed`: every queue that it was routed to has it on disk. `unroutable`: the
 * broker has no place for it now, and nobody got it; it may be taken later, as it is. `refused`: the
 * broker does not want this very message. `unanswered`: the connection broke, or nothing came in time;
 * it may have arrived or not.
 */
export type Outcome =
  { kind: 'confirmed' } | { kind: 'unroutable' | 'refused' | 'unanswered'; reason: string }
