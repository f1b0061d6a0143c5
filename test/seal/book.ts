import { newPool, type Pool } from '../../internal/postgres/pool'
import type { VerificationReport } from '../../pkg/seal/verification'
import type { Finding } from '../../pkg/seal/finding'
import { recheck } from '../../pkg/seal/sql/recheck'
import { findHorizon } from '../../pkg/seal/sql/seal.sql.ts'
import { newSealStore } from '../../pkg/seal/sql/store'
import { newVerificationStore } from '../../pkg/seal/sql/verification'
import { newGiven } from '../conformance/stores'
import { connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'
import { pollUntil } from '../harness/poll'
import { openSqlStores } from '../store/sql-stores'

export type Book = Awaited<ReturnType<typeof openBook>>

/** A ledger with its sealer and verification, each step of which a test takes itself. */
export async function openBook() {
  const stores = await openSqlStores()
  const { pool } = stores
  const given = newGiven(() => stores)
  const seals = newSealStore({ pool })
  const verifications = newVerificationStore({ pool, background: pool })

  async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await pool.query({ text, values })).rows as Row[]
  }

  async function count(table: string): Promise<bigint> {
    return (await sql<{ n: bigint }>(`select count(*) as n from ${table}`))[0]!.n
  }

  /**
   * Seals all there is. The horizon is that of the whole server, where other tests have transactions
   * under way, so that it may take a moment until it is above everything; only then are seals as full
   * as they may be.
   */
  async function sealAll(transactionsMax = 10_000): Promise<void> {
    const [last] = await sql<{ no: bigint }>('select max(xact_no) as no from transaction')
    const isBelow = async () => (await findHorizon(pool)).horizon > last!.no
    await pollUntil(isBelow, { what: 'horizon above every transaction' })
    while (typeof (await seals.sealNext(transactionsMax)) === 'object');
  }

  /** As a superuser can who wants to: past the triggers and the foreign keys. */
  async function tamper(text: string, values: unknown[] = []): Promise<void> {
    await pool.withClient(async (client) => {
      await client.query({ text: 'set session_replication_role = replica', values: [] })
      await client.query({ text, values })
      await client.query({ text: 'reset session_replication_role', values: [] })
    })
  }

  /** Takes the step-by-step verification as far as it comes. */
  async function verify(): Promise<VerificationReport> {
    while ((await verifications.advance()) === 'more');
    expect(await verifications.check()).toBe('done')
    return (await verifications.find()).checked!.report
  }

  /** As before its first step. */
  async function forget(): Promise<void> {
    await sql('truncate verified_account')
    await sql(`update verification set seal_no = 0, to_xact_no = -9223372036854775808, transactions = 0,
      to_id = '00000000-0000-0000-0000-000000000000', digest = decode(repeat('00', 32), 'hex'),
      checked_at = null, report = null`)
  }

  async function findings(): Promise<Finding[]> {
    return (await recheck(pool)).findings
  }

  return {
    ...{
      stores,
      pool,
      seals,
      verifications,
      sql,
      count,
      sealAll,
      tamper,
      verify,
      forget,
      findings,
    },
    ...given,
    recheck: (...args: Parameters<typeof recheck> extends [Pool, ...infer Rest] ? Rest : never) =>
      recheck(pool, ...args),
    newPool: () =>
      newPool(connectionSettings(stores.url), silentLog(), { program: 'tillbook-test' }),
    close: stores.close,
  }
}
