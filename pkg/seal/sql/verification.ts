import { sqlState, sqlStateOf } from '../../../internal/postgres/errors'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { inTransaction } from '../../../internal/postgres/transaction'
import { checkLink, gone, newChain } from '../check'
import type { Finding } from '../finding'
import type { Link, Seal } from '../seal'
import type { Advanced, Checked, Verification, VerificationStore } from '../verification'
import { checkBalances } from './balances'
import { findHorizon, findSealDigest, tryLockChain } from './seal.sql.ts'
import { checkSealedRows, findLastLink, listSeals } from './store'
import { readReport, writeReport } from './stored-report'
import {
  addVerifiedEntries,
  advanceVerification,
  countTransactionsAfter,
  findVerification,
  updateReport,
} from './verification.sql.ts'

export interface VerificationStoreDeps {
  /** For reading how far it is. */
  pool: Pool
  /** For the work, which takes longer than a request may. */
  background: Pool
}

// Kept in what is stored, so it stays the same; a full recheck draws one.
const hashSeed = 0n
const accountsNamedMax = 20
const findingsMax = 100
// More than a few seconds of the fastest posting. Beyond it the balances have to wait.
const behindMax = 100_000n

export function newVerificationStore({
  pool,
  background,
}: VerificationStoreDeps): VerificationStore {
  return {
    find: () => find(pool),
    advance: () => inTransaction(background, advance),
    check: () =>
      inTransaction(background, check, 'begin isolation level repeatable read').catch(
        (error: unknown) => {
          // Another process ended its own between our snapshot and the lock.
          if (sqlStateOf(error) === sqlState.serialization_failure) return 'busy'
          throw error
        },
      ),
  }
}

async function find(db: Executor): Promise<Verification> {
  const row = await findVerification(db)
  const to = { xactNo: row.to_xact_no, id: row.to_id }
  return {
    link: { no: row.seal_no, digest: row.digest, to },
    transactions: row.transactions,
    checked:
      row.checked_at === null || row.report === null
        ? undefined
        : { at: row.checked_at, report: readReport(row.report) },
  }
}

async function advance(tx: Executor): Promise<Advanced> {
  if (!(await lock(tx))) return 'busy'
  const state = await find(tx)
  const { seal, findings } = await inspectNext(tx, state)
  if (!seal || findings.length > 0) return 'done'
  await addVerifiedEntries(tx, {
    after_xact_no: seal.from.xactNo,
    after_id: seal.from.id,
    transactions: BigInt(seal.transactions),
    hash_seed: hashSeed,
  })
  await advanceVerification(tx, {
    seal_no: seal.no,
    to_xact_no: seal.to.xactNo,
    to_id: seal.to.id,
    digest: seal.digest,
    transactions: BigInt(seal.transactions),
  })
  return 'more'
}

async function lock(tx: Executor): Promise<boolean> {
  return (await tryLockChain(tx, { chain: 'verification' })).locked
}

/** The first seal that is not verified, and what is wrong with it. */
async function inspectNext(
  tx: Executor,
  { link }: Verification,
): Promise<{ seal: Seal | undefined; findings: Finding[] }> {
  const [seal] = await listSeals(tx, link.no, 1)
  if (!seal) return { seal, findings: [] }
  const { findings } = checkLink(newChain(link), seal)
  const sealed = await checkSealedRows(tx, { seal, isLinked: findings.length === 0 })
  return { seal, findings: [...findings, ...sealed.findings] }
}

/** A seal that is verified is the same ever after; the chain may have been made anew since. */
export async function checkVerified(
  tx: Executor,
  { no, digest }: Pick<Link, 'no' | 'digest'>,
): Promise<Finding[]> {
  const seal = await findSealDigest(tx, { no })
  if (!seal || seal.digest.equals(digest)) return []
  const detail = `seal ${no} has another digest than when it was verified`
  return [{ code: 'seal.unexpected', sealNo: no, detail }]
}

async function check(tx: Executor): Promise<Checked> {
  if (!(await lock(tx))) return 'busy'
  const state = await find(tx)
  const { now } = await findHorizon(tx)
  const after = { after_xact_no: state.link.to.xactNo, after_id: state.link.to.id }
  const { transactions } = await countTransactionsAfter(tx, { ...after, limit: behindMax })
  const isAtLeast = transactions >= behindMax
  const last = await findLastLink(tx)
  const { findings } = await inspectNext(tx, state)
  if (last.no < state.link.no) findings.push(gone(last.no + 1n, state.link.no))
  findings.push(...(await checkVerified(tx, state.link)))
  // Still on its way, and nothing to be told.
  if (isAtLeast && findings.length === 0) return 'behind'
  const scope = {
    after: state.link.to,
    hasCheckpoint: true,
    hashSeed,
    accountsMax: accountsNamedMax,
  }
  const balances = isAtLeast ? undefined : await checkBalances(tx, scope)
  const report = writeReport({
    sealNo: state.link.no,
    digest: state.link.digest.toString('hex'),
    transactionId: state.link.to.id,
    transactions: state.transactions,
    balances,
    behind: { transactions, isAtLeast },
    findings: [...findings, ...(balances?.findings ?? [])].slice(0, findingsMax),
  })
  await updateReport(tx, { checked_at: now, report })
  return 'done'
}
