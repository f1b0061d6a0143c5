import type { Executor } from '../../../internal/postgres/query'
import type { LedgerState } from '../book'
import type { Companion } from '../companion'
import type { Decision } from '../decide'
import type { Instruction } from '../instruction'

/** By kind. */
export type Companions = Readonly<Record<string, Companion<Executor>>>

/** What a group asks of each companion, by its kind; nothing at all for most groups. */
export type Asks = ReadonlyMap<string, unknown[]>

type Opened = NonNullable<LedgerState['companions']>
type Opening = Opened extends ReadonlyMap<infer Kind, infer Open> ? [Kind, Open] : never

const noAsks: Asks = new Map()
const nothingOpened: Opened = new Map()

export function asksOf(instructions: readonly Instruction[]): Asks {
  let asks: Map<string, unknown[]> | undefined
  for (const instruction of instructions) {
    if (instruction.kind !== 'pay') continue
    const { kind, ask } = instruction.companion
    asks ??= new Map()
    const asked = asks.get(kind)
    if (asked) asked.push(ask)
    else asks.set(kind, [ask])
  }
  return asks ?? noAsks
}

/** Sent behind the locks of the accounts, in the same round trip. */
export function lookBeside(
  client: Executor,
  { asks, passesHeldAccounts }: { asks: Asks; passesHeldAccounts: boolean },
  companions: Companions,
): Promise<Opened> | Opened {
  if (asks.size === 0) return nothingOpened
  const options = { passesHeld: passesHeldAccounts }
  const looks = [...asks].map(async ([kind, asked]) => {
    const companion = companions[kind]
    // Their judgement then says that there is none.
    if (!companion) return []
    const facts = await companion.look(client, asked, options)
    return [[kind, (journal) => companion.open(facts, journal)] as Opening]
  })
  return Promise.all(looks).then((openings) => new Map(openings.flat()))
}

/** Sends a statement. Throws when it cannot be encoded; nothing was sent then. */
export type Send = () => Promise<unknown>

/** The statements of those that have something to write. */
export function writeBeside(
  client: Executor,
  { sideEntries, now }: Decision,
  companions: Companions,
): Send[] {
  return sideEntries
    .filter(({ entries }) => entries.length > 0)
    .map(
      ({ kind, entries }) =>
        () =>
          companions[kind]!.write(client, entries, now),
    )
}
