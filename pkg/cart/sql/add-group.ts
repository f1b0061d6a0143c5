import { databaseUnavailable, Fault } from '../../../internal/fault/fault'
import { newGroupCommit } from '../../../internal/group/group'
import { sqlStateOf } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import type { Added, NewNamedLine } from '../cart'
import { addByName, fingerprintOf, toAdded } from './add'
import { addNamedLines, type AddNamedLinesParams } from './cart-add.sql.ts'

type Outcome = PromiseSettledResult<Added>

/** Statements under way at once: one waits for the disk while another is made. */
export const addLanes = 2

const limits = {
  lanes: addLanes,
  groupRequestsMax: 64,
  queueRequestsMax: 10_000,
  queueWaitMaxMs: 2000,
}

/**
 * Adds lines as `addByName` does; those that come while others are being written are written together. Of
 * two for one cart the second waits here, and not in the database, where each would keep a connection
 * from everybody else.
 */
export function newGroupAdder(db: Executor): (line: NewNamedLine) => Promise<Added> {
  const adds = newGroupCommit<NewNamedLine, Outcome>({
    commit: (lines) => addGroup(db, lines),
    touches: ({ storeId, userId }) => [`${storeId} ${userId}`],
    isApart: true,
    // Each has an outcome of its own.
    isDivisible: () => false,
    overflow: newBusy,
    ...limits,
  })
  return async (line) => {
    const outcome = await adds.submit(line)
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }
}

/** Together when that can be; alone, so that each gets what is its own, when one of them is refused. */
async function addGroup(db: Executor, lines: readonly NewNamedLine[]): Promise<Outcome[]> {
  if (lines.length > 1) {
    try {
      return await addTogether(db, lines)
    } catch (error) {
      if (!wasRefused(error)) throw error
    }
  }
  return Promise.allSettled(lines.map((line) => addByName(db, line)))
}

async function addTogether(db: Executor, lines: readonly NewNamedLine[]): Promise<Outcome[]> {
  const rows = await addNamedLines(db, toColumns(lines))
  if (rows.length !== lines.length) {
    throw new Error(`${rows.length} of ${lines.length} lines were answered`)
  }
  return Promise.allSettled(rows.map(async (row, i) => toAdded(row, lines[i]!)))
}

function toColumns(lines: readonly NewNamedLine[]): AddNamedLinesParams {
  return {
    user_ids: lines.map(({ userId }) => userId),
    store_ids: lines.map(({ storeId }) => storeId),
    names: lines.map(({ name }) => name),
    quantities: lines.map(({ quantity }) => quantity),
    keys: lines.map(({ key }) => key),
    fingerprints: lines.map(fingerprintOf),
    cart_ids: lines.map(({ ids }) => ids.cart),
    line_ids: lines.map(({ ids }) => ids.line),
    reservation_ids: lines.map(({ ids }) => ids.reservation),
  }
}

/** A constraint, a deadlock or a lock that somebody else held too long: nothing was added, for certain. */
function wasRefused(error: unknown): boolean {
  return /^(?:23|40|55P03)/.test(sqlStateOf(error) ?? '')
}

function newBusy(): Fault {
  return new Fault(databaseUnavailable, {
    detail: 'More is put into carts than can be written. Nothing was added; send it again.',
    retryAfterSeconds: 1,
  })
}
