import { authFaults } from '../../internal/auth/fault'
import type { Principal } from '../../internal/auth/principal'
import type { Instant } from '../../internal/clock/instant'
import { Fault, type FaultSpec } from '../../internal/fault/fault'
import { formatMoney } from '../../internal/money/currency'

/** Money of one user in one currency; amounts in minor units. */
export interface Account {
  id: string
  userId: string
  name: string
  currency: string
  balance: bigint
  /** The lowest balance allowed: 0, or below it for a credit line. */
  minBalance: bigint
  /** What open holds have set aside; available is balance - held. */
  held: bigint
  /** Number of the last entry; entries are numbered from 1 without gaps. */
  entryNo: bigint
  closedAt: Instant | null
  createdAt: Instant
}

export type NewAccount = Pick<Account, 'id' | 'userId' | 'name' | 'currency' | 'minBalance'>

export const accountFaults = {
  notFound: { kind: 'not_found', code: 'account.not_found', title: 'No such account' },
  exists: { kind: 'conflict', code: 'account.exists', title: 'The account exists already' },
  closed: { kind: 'unprocessable', code: 'account.closed', title: 'The account is closed' },
  insufficientFunds: {
    kind: 'unprocessable',
    code: 'account.insufficient_funds',
    title: 'Not enough money on the account',
  },
  balanceOutOfRange: {
    kind: 'unprocessable',
    code: 'account.balance_out_of_range',
    title: 'The balance would leave its range',
  },
  notEmpty: {
    kind: 'conflict',
    code: 'account.not_empty',
    title: 'The account still holds or owes money',
  },
  limitNotMet: {
    kind: 'unprocessable',
    code: 'account.limit_not_met',
    title: 'The account has less available than the new limit asks for',
  },
} as const satisfies Record<string, FaultSpec>

export function newAccountNotFound(id: string): Fault {
  return new Fault(accountFaults.notFound, { detail: `There is no account "${id}".` })
}

/**
 * Whoever is no operator opens plain accounts: no credit line, and under no id of their choice, which
 * might be the one that somebody else is paid on, and would tell whether there is such an account.
 * Faults: auth.forbidden.
 */
export function assertMayOpen(
  { role }: Principal,
  { id, minBalance }: { id?: string | undefined; minBalance: bigint },
): void {
  if (role === 'operator' || (id === undefined && minBalance === 0n)) return
  const what = id === undefined ? 'grants a credit line' : 'chooses the id of an account'
  throw new Fault(authFaults.forbidden, { detail: `Only an operator ${what}.` })
}

/** Ids that begin so belong to the outside world: `world:EUR`. */
export const worldPrefix = 'world:'

export interface AccountStore {
  /** Faults: user.not_found, user.too_many_accounts, account.exists. */
  insert(account: NewAccount): Promise<Account>
  /** Undefined when there is no such account. */
  find(id: string): Promise<Account | undefined>
  /**
   * Closes it for new transactions; one that is closed already stays as it is. Undefined when there is
   * no such account. Faults: account.not_empty.
   */
  close(id: string): Promise<Account | undefined>
  /**
   * Sets the lowest balance allowed. Undefined when there is no such account. Faults: account.closed,
   * account.limit_not_met.
   */
  setMinBalance(id: string, minBalance: bigint): Promise<Account | undefined>
}

export function availableOf({ balance, held }: Pick<Account, 'balance' | 'held'>): bigint {
  return balance - held
}

/** Why an account cannot be closed; nothing when it can, or is already. */
export function refuseClosing(account: Account): Fault | undefined {
  const { id, currency, balance, held } = account
  if (account.closedAt !== null || (balance === 0n && held === 0n)) return undefined
  const what = held === 0n ? 'its balance is' : `${formatMoney(held, currency)} are set aside of`
  return new Fault(accountFaults.notEmpty, {
    detail: `"${id}" cannot be closed: ${what} ${formatMoney(balance, currency)} ${currency}.`,
  })
}

/** Why an account cannot have that limit; nothing when it can. */
export function refuseLimit(account: Account, minBalance: bigint): Fault | undefined {
  const { id, currency } = account
  if (account.closedAt !== null) {
    return new Fault(accountFaults.closed, { detail: `The account "${id}" is closed.` })
  }
  if (availableOf(account) >= minBalance) return undefined
  const available = formatMoney(availableOf(account), currency)
  const limit = formatMoney(minBalance, currency)
  return new Fault(accountFaults.limitNotMet, {
    detail: `"${id}" has ${available} ${currency} available, which is less than ${limit}.`,
    members: { account_id: id, available, min_balance: limit },
  })
}
