import type { Principal } from '../../../internal/auth/principal'
import { newLru } from '../../../internal/lru/lru'
import { newAccountNotFound, type AccountStore } from '../account'

export interface Ownership {
  /** Whether the caller may see the account; an operator sees all there are. */
  isOwn(principal: Principal, accountId: string): Promise<boolean>
  /**
   * Another's account is none to whoever is no operator. Done at once for an operator: whether the
   * account is there is not asked. Faults: account.not_found.
   */
  assertOwn(principal: Principal, accountId: string): Promise<void> | void
}

export interface OwnershipDeps {
  accounts: Pick<AccountStore, 'find'>
  /** So many accounts' owners are kept in memory: an owner never changes. */
  rememberedMax?: number
}

const usualRememberedMax = 20_000

export function newOwnership({
  accounts,
  rememberedMax = usualRememberedMax,
}: OwnershipDeps): Ownership {
  const owners = newLru<string>(rememberedMax)

  /**
   * What is remembered only ever says yes. A no is looked up each time, whether or not the account is
   * there: otherwise it would come sooner for one that is.
   */
  async function isOwn({ userId, role }: Principal, accountId: string): Promise<boolean> {
    if (role === 'operator' || owners.get(accountId) === userId) return true
    const account = await accounts.find(accountId)
    if (account?.userId !== userId) return false
    owners.set(accountId, userId)
    return true
  }

  async function look(principal: Principal, accountId: string): Promise<void> {
    if (!(await isOwn(principal, accountId))) throw newAccountNotFound(accountId)
  }

  return {
    isOwn,
    assertOwn: (principal, id) => (principal.role === 'operator' ? undefined : look(principal, id)),
  }
}
