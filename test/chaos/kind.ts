import type { Random } from '../harness/random'
import type { Book } from './book'

/** What came over the wire. */
export interface Reply {
  status: number
  text: string
  isReplayed: boolean
}

/** A request as a client decides to make it; `path` and `body` are what is sent, each time again. */
export interface Asked {
  /** POST when it is left out. */
  method?: 'PUT' | 'DELETE'
  path: string
  /** The customer who signs in; whoever does not is the demo operator. */
  as?: string
  body?: Record<string, unknown>
  /** By what it makes is known in the book, as `traceOf` tells it there; none when it makes nothing. */
  trace?: string
  /** Those of a bulk, each with a key of its own when the bulk has one. */
  parts?: Part[]
  /** There are no keys for it: sent once, and never again. */
  isKeyless?: boolean
  /** All of its parts are carried out, or none. */
  isAtomic?: boolean
}

/** One of a bulk, as it is sent alone. */
export interface Part extends Asked {
  label: string
}

/** A transaction as an answer tells of it. */
export interface Told {
  id: string
  account_id: string
  counterparty_id: string
  currency: string
  amount: string
  balance_after: string
  description: string | null
  reverses_id: string | null
  hold_id: string | null
}

/** A hold as an answer tells of it. */
export interface ToldHold {
  id: string
  account_id: string
  counterparty_id: string
  currency: string
  amount: string
  captured: string
  status: string
  description: string | null
}

/** An order as an answer tells of it. */
export interface ToldOrder {
  id: string
  status: 'pending' | 'created' | 'failed'
  cart_id: string | null
  transaction_id: string | null
}

/** A line of a cart as an answer tells of it. */
export interface ToldLine {
  id: string
  removed_at: string | null
}

/** Whom a request is made for, and under what name. */
export interface Asking {
  book: Book
  /** Unique to the request: what it makes carries it as its description, where it has one of its own. */
  label: string
  /** Null: without a key. */
  key: string | null
}

/** A kind of request: to add one, add an entry to `requestKinds`. */
export interface RequestKind {
  name: string
  /** How often it is drawn, among all kinds. */
  weight: number
  /** Undefined when there is nothing yet to ask it of. */
  ask(random: Random, asking: Asking): Asked | undefined
  /** The transactions that a 2xx tells of. */
  tells(answer: unknown): Told[]
  /** The holds that a 2xx tells of. */
  tellsHolds?(answer: unknown): ToldHold[]
  tellsOrders?(answer: unknown): ToldOrder[]
  tellsLines?(answer: unknown): ToldLine[]
  /** Whether both can be answers to one key, where what was made goes on changing. */
  agrees?(first: Reply, later: Reply): boolean
  /** The answer as it would be the first time, when a replay of it shows in the body. */
  read?(reply: Reply): Reply
  /** What the answer says of each part; undefined where it says nothing. */
  verdicts?(reply: Reply): (Reply | undefined)[]
}
