import type { Instant } from '../../internal/clock/instant'
import type { JsonObject } from '../../internal/json/json'
import type { Stamp } from './book'
import type { Movement, Refusal } from './transaction'

/**
 * What is paid for, when it has to happen in the very commit that moves the money: goods that change
 * hands, an order that is written. The ledger carries it along and knows nothing else about it.
 *
 * `Client` is a connection inside the group's database transaction. All its rows are locked and read by
 * `look`, after the accounts and in an order that is always the same; `open` begins a judgement, which is
 * pure; `write` stores what was judged, before the commit.
 */
export interface Companion<Client = unknown, Ask = unknown, Facts = unknown, Entry = unknown> {
  /**
   * One round trip for all that a group asks. `passesHeld`: rows that somebody else has locked are left
   * out, after waiting for them was in vain.
   */
  look(client: Client, asks: readonly Ask[], options: { passesHeld: boolean }): Promise<Facts>
  open(facts: Facts, journal: Journal): SideBook<Ask, Entry>
  write(client: Client, entries: readonly Entry[], now: Instant): Promise<unknown>
}

/** What a companion keeps beside the ledger's book, for the length of one decision. */
export interface SideBook<Ask = unknown, Entry = unknown> {
  judge(ask: Ask): Proposal
  /** What has to be written so that the verdicts are true; of no use to anybody while it is empty. */
  entries(): readonly Entry[]
}

/** What a companion makes of an ask. */
export type Proposal = Payment | Paid | Elsewhere | { refusal: Refusal }

/** So much is to be paid. Nothing has happened yet. */
export interface Payment {
  /** Above zero, in minor units of the payee's currency. */
  amount: bigint
  description: string | null
  metadata: JsonObject | null
  /** The money has moved: enters what follows into the side book, and answers with what came of it. */
  accept(movement: Movement): unknown
}

/** It was paid before, by this transaction: nothing is to be done. */
export interface Paid {
  paidBy: string
}

/** Somebody else holds its rows, so that nothing can be said about it. */
export interface Elsewhere {
  isElsewhere: true
}

/**
 * How a side book changes what it keeps: maps and lists of its own, made for this decision. What is entered
 * this way is taken back together with the ledger's entries when an attempt is given up.
 */
export interface Journal extends Stamp {
  put<Value>(map: Map<string, Value>, key: string, value: Value): void
  add<Value>(list: Value[], value: Value): void
}

/** An instruction's ask to a companion. */
export interface CompanionAsk {
  /** Under which name the companion was given to the store. */
  kind: string
  ask: unknown
  /** What else it touches, for the scheduling of groups; with a space in it, as no account's id has. */
  touches: readonly string[]
  /** As how many instructions it counts for a group and for the queue: about the rows it locks. */
  weight: number
  /** What it means, members by name: a part of the fingerprint. */
  meaning: JsonObject
}
