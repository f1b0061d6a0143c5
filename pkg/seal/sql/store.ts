import type { Instant } from '../../../internal/clock/instant'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { inTransaction } from '../../../internal/postgres/transaction'
import { checkRows } from '../check'
import type { Finding } from '../finding'
import {
  digestSeal,
  encoding,
  idAt,
  noLink,
  type Link,
  type Position,
  type RowDigests,
  type Seal,
  type SealStore,
} from '../seal'
import {
  digestRange,
  findHorizon,
  findLastSeal,
  insertSeal,
  listSealsAfter,
  tryLockChain,
  type ListSealsAfterRow,
} from './seal.sql.ts'

/** Behind every id. */
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export interface SealStoreDeps {
  /**
   * Of its own, so that sealing keeps nobody waiting. Its transactions are READ COMMITTED: under
   * SERIALIZABLE the reader of everything would be in conflict with everyone who posts.
   */
  pool: Pool
}

export function newSealStore({ pool }: SealStoreDeps): SealStore {
  return {
    sealNext: (transactionsMax) =>
      inTransaction(pool, async (tx) => {
        const { locked } = await tryLockChain(tx, { chain: 'seal' })
        if (!locked) return 'busy'
        const link = await findLastLink(tx)
        const { horizon, now } = await findHorizon(tx)
        const until = { xactNo: horizon - 1n, id: lastId }
        const rows = await findRows(tx, link.to, until, transactionsMax)
        if (rows.lastXactNo === null) return 'none'
        const to = { xactNo: rows.lastXactNo, id: idAt(rows.ids, rows.transactions - 1) }
        return insert(tx, link, { ...rows, to, createdAt: now })
      }),
  }
}

async function insert(
  tx: Executor,
  { no, digest, to: from }: Link,
  range: RowDigests & { to: Position; createdAt: Instant },
): Promise<Seal> {
  const { transactions, ids, digests, rowsDigest, to, createdAt } = range
  const content = {
    no: no + 1n,
    encoding,
    from,
    to,
    createdAt,
    transactions,
    ids,
    digests,
    rowsDigest,
  }
  const seal = { ...content, digest: digestSeal(digest, content) }
  await insertSeal(tx, {
    no: seal.no,
    encoding,
    from_xact_no: from.xactNo,
    from_id: from.id,
    to_xact_no: to.xactNo,
    to_id: to.id,
    transactions,
    created_at: createdAt,
    rows_digest: rowsDigest,
    row_ids: ids,
    row_digests: digests,
    digest: seal.digest,
  })
  return seal
}

/** The end of the chain. */
export async function findLastLink(db: Executor): Promise<Link> {
  const row = await findLastSeal(db)
  if (!row) return noLink
  return { no: row.no, digest: row.digest, to: { xactNo: row.to_xact_no, id: row.to_id } }
}

/**
 * The rows behind one position up to another, that many of them at most; without their ids and
 * digests one by one unless these are asked for.
 */
export async function findRows(
  db: Executor,
  after: Position,
  until: Position,
  rowsMax: number,
  namesRows = true,
): Promise<RowDigests & { lastXactNo: bigint | null }> {
  const row = await digestRange(db, {
    after_xact_no: after.xactNo,
    after_id: after.id,
    until_xact_no: until.xactNo,
    until_id: until.id,
    rows_max: BigInt(rowsMax),
    names_rows: namesRows,
  })
  return {
    transactions: Number(row.transactions),
    ids: row.row_ids,
    digests: row.row_digests,
    rowsDigest: row.rows_digest,
    lastXactNo: row.last_xact_no,
  }
}

/** Room for the rows that somebody put into a range; all of them would be too many to remember. */
const insertedRowsMax = 100_000

/**
 * Compares a seal with the rows in its range, and counts these. First as many as it has, which is
 * quick: an index on (xact_no, id) is not left at an upper end within one xact_no, but read to the
 * end of that number, which may be the whole book. When they are right there can be no others, for
 * the last of them is where the range ends; and when the seal itself is right, `isLinked`, what it
 * says of each row is, too.
 */
export async function checkSealedRows(
  db: Executor,
  { seal, isLinked }: { seal: Seal; isLinked: boolean },
): Promise<{ rows: number; findings: Finding[] }> {
  const { from, to, transactions, rowsDigest } = seal
  const first = await findRows(db, from, to, transactions, false)
  const areRight = first.transactions === transactions && first.rowsDigest.equals(rowsDigest)
  if (areRight && isLinked) return { rows: transactions, findings: [] }
  const all = await findRows(db, from, to, transactions + insertedRowsMax)
  return { rows: all.transactions, findings: checkRows(seal, all) }
}

/** The seals behind a number, in order. */
export async function listSeals(db: Executor, after: bigint, limit: number): Promise<Seal[]> {
  const rows = await listSealsAfter(db, { no: after, limit: BigInt(limit) })
  return rows.map(toSeal)
}

function toSeal(row: ListSealsAfterRow): Seal {
  return {
    no: row.no,
    encoding: row.encoding,
    from: { xactNo: row.from_xact_no, id: row.from_id },
    to: { xactNo: row.to_xact_no, id: row.to_id },
    transactions: row.transactions,
    createdAt: row.created_at,
    rowsDigest: row.rows_digest,
    ids: row.row_ids,
    digests: row.row_digests,
    digest: row.digest,
  }
}
