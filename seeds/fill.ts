import { createHash } from 'node:crypto'
import type { Instant } from '../internal/clock/instant'

export interface FillNumbers {
  users: number
  transactions: number
  /** With another one the same users have other accounts, and other things happen to them. */
  seed: number
  /** The day after the last transaction, as in `2026-01-01`. */
  until: string
}

/** What a fill is made from: equal numbers, equal rows. */
export interface Fill extends FillNumbers {
  /** Goes into every hash. */
  name: string
  /** When the first user came. No two fills have this in common, so it tells which one a book holds. */
  foundedAt: Instant
  /** From one user's coming to the next one's. */
  userSpacingMicros: bigint
  startsAt: Instant
  endsAt: Instant
}

/** A part of a fill that is made by itself: its users pay each other and nobody else's. */
export interface Part {
  firstUser: number
  lastUser: number
  transactions: number
}

const dayMs = 86_400_000
const joiningDays = 28
const partTransactionsMax = 50_000
const partUsersMax = 10_000

/** The two years that end at `until`, never at the clock's now: a fill is the same on every day. */
export function newFill(numbers: FillNumbers): Fill {
  const { users, transactions, seed, until } = numbers
  const end = new Date(`${until}T00:00:00.000Z`)
  const start = new Date(end)
  start.setUTCFullYear(end.getUTCFullYear() - 2)
  const name = `seed ${seed}, ${users} users, ${transactions} transactions until ${until}`
  return {
    ...numbers,
    name,
    foundedAt: foundedAt(name, start),
    userSpacingMicros: BigInt(Math.floor((joiningDays * dayMs * 1000) / users)),
    startsAt: toInstant(start.getTime(), 0),
    endsAt: toInstant(end.getTime(), 0),
  }
}

/** Some microsecond of the day that is 30 days before the start. */
function foundedAt(name: string, start: Date): Instant {
  const chance = createHash('sha256').update(name).digest().readUIntBE(0, 6)
  const micros = chance % (dayMs * 1000)
  const ms = start.getTime() - (joiningDays + 2) * dayMs + Math.floor(micros / 1000)
  return toInstant(ms, micros % 1000)
}

function toInstant(ms: number, micros: number): Instant {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, -1)}${String(micros).padStart(3, '0')}Z` as Instant
}

/** Parts small enough for the memory of one statement, and for a bar that moves. */
export function partsOf({ users, transactions }: FillNumbers): Part[] {
  const wanted = Math.max(
    1,
    Math.ceil(transactions / partTransactionsMax),
    Math.ceil(users / partUsersMax),
  )
  const count = Math.min(users, wanted)
  const share = (total: number, i: number) => Math.floor((total * i) / count)
  return Array.from({ length: count }, (_, i) => ({
    firstUser: share(users, i) + 1,
    lastUser: share(users, i + 1),
    transactions: share(transactions, i + 1) - share(transactions, i),
  }))
}
