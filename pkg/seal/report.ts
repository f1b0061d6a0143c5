import { formatMoney, isCurrency } from '../../internal/money/currency'
import type { Finding } from './finding'
import type { Trial } from './verification'

/** What is known of an account that does not fit its entries; undefined where there is no such account. */
export interface WrongAccount {
  id: string
  currency: string
  entryNo: bigint | undefined
  balance: bigint | undefined
  /** How many transactions it has, and what they sum to. */
  entries: bigint
  sum: bigint
}

export function wrongAccount(account: WrongAccount): Finding {
  const { id, currency } = account
  const detail = `account ${id} ${whatIsWrong(account, (units) => money(units, currency))}`
  return { code: 'account.wrong_balance', accountId: id, detail }
}

function whatIsWrong(
  { entryNo, balance, entries, sum }: WrongAccount,
  text: (units: bigint) => string,
): string {
  if (balance === undefined) return `is gone, and has ${entries} transactions`
  if (balance !== sum)
    return `has a balance of ${text(balance)}, its transactions sum to ${text(sum)}`
  if (entryNo !== entries)
    return `has ${entries} transactions, its last one has the number ${entryNo}`
  return 'has transactions that do not continue one another'
}

/** Currencies whose balances do not sum to zero. */
export function unbalanced(trials: Trial[]): Finding[] {
  return trials
    .filter(({ balance, world }) => balance + world !== 0n)
    .map(({ currency, balance, world }) => ({
      code: 'currency.not_zero',
      detail: `the balances in ${currency} sum to ${money(balance + world, currency)}, not to zero`,
    }))
}

/** In minor units where the currency is none that is known: what was tampered with may say anything. */
export function money(units: bigint, currency: string): string {
  return isCurrency(currency)
    ? `${formatMoney(units, currency)} ${currency}`
    : `${units} minor units`
}
