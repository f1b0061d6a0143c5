import type { Executor } from '../../internal/postgres/query'
import * as sql from './check.sql.ts'
import type { Seen } from './consumer'
import { find, type History } from './history'

/** The ids of all transactions that are in the book. */
export async function listCommitted(db: Executor): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await sql.listTransactionIds(db, { after })
    if (rows.length === 0) return ids
    for (const { id } of rows) ids.add(id)
    after = rows.at(-1)!.id
  }
}

export interface Read {
  /** Who read it. */
  name: string
  seen: readonly Seen[]
}

/**
 * Each reader has every committed transaction once, and none that is not there; all have them in the
 * same order, in which each account's entries follow one another.
 */
export function checkEvents(
  reads: readonly Read[],
  committed: ReadonlySet<string>,
  history: History,
): void {
  const first = reads[0]?.seen ?? []
  for (const { name, seen } of reads) {
    checkOnce(name, seen, committed, history)
    checkAccounts(name, seen, history)
    const at = seen.findIndex((event, n) => JSON.stringify(event) !== JSON.stringify(first[n]))
    if (at < 0) continue
    const what = `${name}, event ${at}: ${seen[at]!.id}, ${reads[0]!.name} has ${first[at]?.id}`
    find(history, 'events are the same for everybody', what)
  }
}

function checkOnce(
  name: string,
  seen: readonly Seen[],
  committed: ReadonlySet<string>,
  history: History,
): void {
  const rule = 'an event comes once for each transaction'
  const ids = new Set<string>()
  for (const { transaction } of seen) {
    const { id } = transaction
    if (ids.has(id)) find(history, rule, `${name}: ${id} came again`)
    if (!committed.has(id)) find(history, rule, `${name}: ${id} is not there`)
    ids.add(id)
  }
  for (const id of committed) if (!ids.has(id)) find(history, rule, `${name}: ${id} never came`)
}

/** Whoever keeps balances from the events never sees a gap. */
function checkAccounts(name: string, seen: readonly Seen[], history: History): void {
  const last = new Map<string, number>()
  for (const { transaction: t } of seen) {
    const sides: [string, number][] = [[t.account_id, t.entry_no]]
    if (t.counterparty_entry_no !== null) sides.push([t.counterparty_id, t.counterparty_entry_no])
    for (const [account, entryNo] of sides) {
      const before = last.get(account) ?? 0
      if (entryNo !== before + 1) {
        const what = `${name}: ${account} has entry ${entryNo} after ${before}`
        find(history, "events tell an account's entries in turn", what)
      }
      last.set(account, entryNo)
    }
  }
}
