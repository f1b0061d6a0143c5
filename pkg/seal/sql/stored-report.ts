import { z } from 'zod'
import type { Json } from '../../../internal/json/json'
import { findingCodes } from '../finding'
import type { VerificationReport } from '../verification'

const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt)

/** As it stands in verification.report: whole numbers are text, because JSON numbers are floats. */
const storedReport = z.object({
  seal_no: whole,
  digest: z.string(),
  transaction_id: z.string(),
  transactions: whole,
  balances: z
    .object({
      wrong_accounts: whole,
      currencies: z.array(
        z.object({ currency: z.string(), accounts: whole, balance: whole, world: whole }),
      ),
    })
    .nullable(),
  behind: z.object({ transactions: whole, is_at_least: z.boolean() }),
  findings: z.array(
    z.object({
      code: z.enum(findingCodes),
      detail: z.string(),
      seal_no: whole.optional(),
      transaction_id: z.string().optional(),
      account_id: z.string().optional(),
    }),
  ),
})

export function writeReport(report: VerificationReport): string {
  const { balances, behind, findings } = report
  const stored: z.input<typeof storedReport> = {
    seal_no: String(report.sealNo),
    digest: report.digest,
    transaction_id: report.transactionId,
    transactions: String(report.transactions),
    balances: balances
      ? {
          wrong_accounts: String(balances.wrongAccounts),
          currencies: balances.currencies.map(({ currency, accounts, balance, world }) => ({
            currency,
            accounts: String(accounts),
            balance: String(balance),
            world: String(world),
          })),
        }
      : null,
    behind: { transactions: String(behind.transactions), is_at_least: behind.isAtLeast },
    findings: findings.map(({ code, detail, sealNo, transactionId, accountId }) => ({
      code,
      detail,
      seal_no: sealNo?.toString(),
      transaction_id: transactionId,
      account_id: accountId,
    })),
  }
  return JSON.stringify(stored)
}

export function readReport(json: Json): VerificationReport {
  const { balances, behind, findings, ...report } = storedReport.parse(json)
  return {
    sealNo: report.seal_no,
    digest: report.digest,
    transactionId: report.transaction_id,
    transactions: report.transactions,
    balances: balances
      ? { currencies: balances.currencies, wrongAccounts: balances.wrong_accounts }
      : undefined,
    behind: { transactions: behind.transactions, isAtLeast: behind.is_at_least },
    findings: findings.map(({ code, detail, seal_no, transaction_id, account_id }) => ({
      code,
      detail,
      ...(seal_no !== undefined && { sealNo: seal_no }),
      ...(transaction_id !== undefined && { transactionId: transaction_id }),
      ...(account_id !== undefined && { accountId: account_id }),
    })),
  }
}
