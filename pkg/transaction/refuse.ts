import { formatMoney } from '../../internal/money/currency'
import { minorUnitsMax } from '../../internal/money/decimal'
import { remainingOf, type Hold } from '../hold/hold'
import type { LockedAccount } from './book'
import type { Refusal } from './transaction'

/** What an instruction comes to that is refused. */
export interface Refused {
  refusal: Refusal
}

export function refuse(code: Refusal['code'], detail: string): Refused {
  return { refusal: { code, detail } }
}

export function refuseAccount(id: string): Refused {
  return refuse('account.not_found', `There is no account "${id}".`)
}

export function refuseRange(what: string, { id, currency }: LockedAccount): Refused {
  const most = `${formatMoney(minorUnitsMax, currency)} ${currency}`
  return refuse('account.balance_out_of_range', `${what} "${id}" would exceed ${most}.`)
}

export function refuseFunds(account: LockedAccount, amount: bigint): Refused {
  const { id, currency, held } = account
  const format = (units: bigint) => formatMoney(units, currency)
  const [balance, minBalance, wanted] = [account.balance, account.minBalance, -amount].map(format)
  const aside = held === 0n ? '' : `, of which ${format(held)} are set aside,`
  return {
    refusal: {
      code: 'account.insufficient_funds',
      detail: `"${id}" holds ${balance} ${currency}${aside} and may not fall below ${minBalance}: ${wanted} is too much.`,
      // By name, as they come back from the database: a replay is the same to the byte.
      members: {
        account_id: id,
        amount: format(amount),
        ...(held !== 0n && { available: format(account.balance - held) }),
        balance: balance!,
        min_balance: minBalance!,
      },
    },
  }
}

export function refuseCapture(hold: Hold, wanted: bigint): Refused {
  const remaining = formatMoney(remainingOf(hold), hold.currency)
  const amount = formatMoney(wanted, hold.currency)
  const detail = `Of the hold "${hold.id}" ${remaining} ${hold.currency} are left: ${amount} is too much.`
  return { refusal: { code: 'hold.amount_exceeded', detail, members: { amount, remaining } } }
}
