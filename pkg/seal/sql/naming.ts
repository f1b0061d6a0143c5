import type { Executor } from '../../../internal/postgres/query'
import type { Finding } from '../finding'
import { money } from '../report'
import { listBreaks, listOverdrawnAccounts, listWrongHolds } from './recheck.sql.ts'
import { findPositions } from './seal.sql.ts'

const accountsMax = 100n
const breaksMax = 20n

/** Of transactions that are not in their range any more, those that stand somewhere else are named so. */
export async function nameMoved(tx: Executor, findings: Finding[]): Promise<Finding[]> {
  const ids = findings
    .filter(({ code }) => code === 'transaction.deleted')
    .flatMap(({ transactionId }) => transactionId ?? [])
  if (ids.length === 0) return findings
  const found = new Map((await findPositions(tx, { ids })).map((row) => [row.id, row.xact_no]))
  return findings.map((finding) => {
    const xactNo = found.get(finding.transactionId ?? '')
    if (finding.code !== 'transaction.deleted' || xactNo === undefined) return finding
    const { sealNo, transactionId } = finding
    const detail = `seal ${sealNo}: transaction ${transactionId} was moved out of it, to xact_no ${xactNo}`
    return { ...finding, code: 'transaction.moved', detail }
  })
}

/** The entries of an account that do not continue the one before. */
export async function nameBreaks(tx: Executor, accountId: string): Promise<Finding[]> {
  const rows = await listBreaks(tx, { account_id: accountId, limit: breaksMax })
  return rows.map((row) => ({
    code: 'entry.broken',
    accountId,
    transactionId: row.id,
    detail:
      `account ${accountId}: transaction ${row.id}, entry ${row.entry_no} with ${row.amount} and then ` +
      `${row.balance_after}, does not continue entry ${row.number_before} with ${row.balance_before}`,
  }))
}

export async function nameWrongHolds(tx: Executor): Promise<Finding[]> {
  const rows = await listWrongHolds(tx, { limit: accountsMax })
  return rows.map((row) => ({
    code: 'account.wrong_held',
    accountId: row.id,
    detail:
      `account ${row.id} holds ${money(row.held, row.currency)}, ` +
      `its open holds sum to ${money(BigInt(row.rest), row.currency)}`,
  }))
}

export async function nameOverdrawn(tx: Executor): Promise<Finding[]> {
  const rows = await listOverdrawnAccounts(tx, { limit: accountsMax })
  return rows.map(({ id, currency, balance, held, min_balance }) => ({
    code: 'account.below_limit',
    accountId: id,
    detail:
      `account ${id} has ${money(balance - held, currency)} available, ` +
      `less than its limit of ${money(min_balance, currency)}`,
  }))
}
