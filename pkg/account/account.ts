import type { Instant } from '../../internal/clock/instant'
import type { FaultSpec } from '../../internal/fault/fault'

/** Money of one user in one currency; amounts in minor units. */
export interface Account {
  id: string
  userId: string
  name: string
  currency: string
  balance: bigint
  /** The lowest balance allowed: 0, or below it for a credit line. */
  minBalance: bigint
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
} as const satisfies Record<string, FaultSpec>

/** Ids that begin so belong to the outside world: `world:EUR`. */
export const worldPrefix = 'world:'

export interface AccountStore {
  /** Faults: user.not_found, user.too_many_accounts, account.exists. */
  insert(account: NewAccount): Promise<Account>
  /** Undefined when there is no such account. */
  find(id: string): Promise<Account | undefined>
}
