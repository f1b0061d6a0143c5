import { z } from 'zod'
import { formatMoney } from '../../../internal/money/currency'
import { instantOutput } from '../../../internal/wire/instant'
import { moneyOutput } from '../../../internal/wire/money'
import { findingCodes, type Finding } from '../finding'
import type { CheckedVerification, Trial } from '../verification'

const count = z.int().min(0)

const findingDto = z
  .strictObject({
    code: z.enum(findingCodes),
    detail: z.string().meta({ description: 'For people.' }),
    seal_no: count.nullable(),
    transaction_id: z.string().nullable(),
    account_id: z.string().nullable(),
  })
  .meta({ id: 'Finding' })

const trialDto = z
  .strictObject({
    accounts: count.meta({ description: 'How many there are.' }),
    balance: moneyOutput.meta({ description: 'The sum of their balances.' }),
    world: moneyOutput.meta({ description: 'The balance of the outside world.' }),
    sum: moneyOutput.meta({ description: 'Of all balances, the outside world included: zero.' }),
  })
  .meta({ id: 'TrialBalance' })

/** GET /ledger/verification */
export const verificationDto = z
  .strictObject({
    intact: z.boolean().meta({ description: 'Nothing was found.' }),
    checked_at: instantOutput,
    currencies: z.record(z.string(), trialDto).nullable().meta({
      description: 'Null while too many transactions are not verified to look at balances.',
    }),
    wrong_accounts: count.nullable().meta({
      description: 'Accounts whose balance is not the sum of their transactions: none.',
    }),
    seals: z.strictObject({
      intact: z.boolean(),
      last: z
        .strictObject({
          no: count,
          digest: z.string().regex(/^[0-9a-f]{64}$/),
          transaction_id: z.string().meta({ description: 'The last one that it covers.' }),
        })
        .nullable()
        .meta({ description: 'Up to which seal the chain was verified, from the first on.' }),
    }),
    verified_transactions: count,
    unverified_transactions: count.meta({
      description: 'Posted after the last seal that was verified; 100000 stands for that or more.',
    }),
    findings: z.array(findingDto).meta({ description: 'What is wrong: the first of it.' }),
  })
  .meta({ id: 'Verification' })

export type VerificationDto = z.input<typeof verificationDto>

export function toVerificationDto(verification: CheckedVerification): VerificationDto {
  const { at, report } = verification.checked
  const { balances, behind, findings, sealNo, digest, transactionId } = report
  const currencies = balances?.currencies.map(
    (trial) => [trial.currency, toTrialDto(trial)] as const,
  )
  return {
    intact: findings.length === 0,
    checked_at: at,
    currencies: currencies ? Object.fromEntries(currencies) : null,
    wrong_accounts: balances ? Number(balances.wrongAccounts) : null,
    seals: {
      intact: !findings.some(({ sealNo }) => sealNo !== undefined),
      last: sealNo === 0n ? null : { no: Number(sealNo), digest, transaction_id: transactionId },
    },
    verified_transactions: Number(report.transactions),
    unverified_transactions: Number(behind.transactions),
    findings: findings.map(toFindingDto),
  }
}

function toTrialDto({ currency, accounts, balance, world }: Trial): z.input<typeof trialDto> {
  return {
    accounts: Number(accounts),
    balance: formatMoney(balance, currency),
    world: formatMoney(world, currency),
    sum: formatMoney(balance + world, currency),
  }
}

function toFindingDto(finding: Finding): z.input<typeof findingDto> {
  const { code, detail, sealNo, transactionId = null, accountId = null } = finding
  return {
    code,
    detail,
    seal_no: sealNo === undefined ? null : Number(sealNo),
    transaction_id: transactionId,
    account_id: accountId,
  }
}
