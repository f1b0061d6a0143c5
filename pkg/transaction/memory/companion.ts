import type { Instant } from '../../../internal/clock/instant'
import type { LedgerState } from '../book'
import type { Companion, Journal, SideBook } from '../companion'
import type { Decision } from '../decide'
import type { Instruction } from '../instruction'

/** A companion without a database: it looks and writes at once, so that nobody comes in between. */
export interface MemoryCompanion<Ask = unknown, Facts = unknown, Entry = unknown> {
  look(asks: readonly Ask[]): Facts
  open: Companion<unknown, Ask, Facts, Entry>['open']
  write(entries: readonly Entry[], now: Instant): void
}

/** By kind. */
export type MemoryCompanions = Readonly<Record<string, MemoryCompanion>>

type Opened = NonNullable<LedgerState['companions']>

export function lookBeside(
  instructions: readonly Instruction[],
  companions: MemoryCompanions,
): Opened {
  const asked = instructions.flatMap((one) => (one.kind === 'pay' ? [one.companion] : []))
  const opened = new Map<string, (journal: Journal) => SideBook>()
  for (const kind of new Set(asked.map((one) => one.kind))) {
    const companion = companions[kind]
    if (!companion) continue
    const facts = companion.look(asked.filter((one) => one.kind === kind).map(({ ask }) => ask))
    opened.set(kind, (journal) => companion.open(facts, journal))
  }
  return opened
}

export function writeBeside({ sideEntries, now }: Decision, companions: MemoryCompanions): void {
  for (const { kind, entries } of sideEntries) companions[kind]!.write(entries, now)
}
