import type { Principal } from '../../internal/auth/principal'
import type { Instant } from '../../internal/clock/instant'
import { Fault, type FaultSpec } from '../../internal/fault/fault'
import type { Account } from '../account/account'

/** Whoever owns accounts. */
export interface User {
  id: string
  firstName: string
  lastName: string
  createdAt: Instant
}

export type NewUser = Pick<User, 'id' | 'firstName' | 'lastName'>

/** A user with all their accounts, read in one snapshot. */
export interface UserOverview {
  user: User
  /** By id. */
  accounts: Account[]
}

export const userFaults = {
  notFound: { kind: 'not_found', code: 'user.not_found', title: 'No such user' },
  exists: { kind: 'conflict', code: 'user.exists', title: 'The user exists already' },
  tooManyAccounts: {
    kind: 'unprocessable',
    code: 'user.too_many_accounts',
    title: 'The user has as many accounts as a user can have',
  },
} as const satisfies Record<string, FaultSpec>

/** So many accounts can a user have: GetUser answers all of them at once. */
export const accountsPerUserMax = 100

export interface UserStore {
  /** Faults: user.exists. */
  insert(user: NewUser): Promise<User>
  /** By id, those after `afterId`; empty when there are none. */
  list(page: { afterId: string | undefined; limit: number }): Promise<User[]>
  /** Undefined when there is no such user. */
  findOverview(id: string): Promise<UserOverview | undefined>
}

/** What the accounts hold together, in minor units by currency. */
export function totalsOf(accounts: readonly Account[]): Map<string, bigint> {
  const totals = new Map<string, bigint>()
  for (const { currency, balance } of accounts) {
    totals.set(currency, (totals.get(currency) ?? 0n) + balance)
  }
  return totals
}

export function newUserNotFound(id: string, cause?: unknown): Fault {
  return new Fault(userFaults.notFound, { detail: `There is no user "${id}".`, cause })
}

/** Another's user is none to whoever is no operator. Faults: user.not_found. */
export function assertSelf({ userId, role }: Principal, id: string): void {
  if (role !== 'operator' && userId !== id) throw newUserNotFound(id)
}
