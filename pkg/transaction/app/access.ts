import { hash } from 'node:crypto'
import { authFaults } from '../../../internal/auth/fault'
import type { Principal } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import type { Ownership } from '../../account/app/ownership'
import {
  newTransactionNotFound,
  type Transaction,
  type TransactionRequest,
  type TransactionStore,
} from '../transaction'

/** What a caller may post and see. An operator may all of it, and is not kept waiting by a look-up. */
export interface TransactionAccess {
  /** Faults: account.not_found, auth.forbidden. */
  assertMayPost(principal: Principal, request: TransactionRequest): Promise<void> | void
  /**
   * The transaction as the caller's own account sees it: what is on the other one is nobody else's
   * business. Faults: transaction.not_found, also when neither account is the caller's.
   */
  show(principal: Principal, transaction: Transaction): Promise<Transaction> | Transaction
}

export interface TransactionAccessDeps {
  ownership: Ownership
  transactions: Pick<TransactionStore, 'findCounterside'>
}

export function newTransactionAccess(deps: TransactionAccessDeps): TransactionAccess {
  const { ownership, transactions } = deps

  async function assertOwnExpense(principal: Principal, request: TransactionRequest) {
    await ownership.assertOwn(principal, request.accountId)
    // The other way round it would make money, or take it from somebody.
    if (request.amount.units > 0n) throw newForbidden('only take money out of their accounts')
    if (request.effectiveAt !== null) throw newForbidden('not say when it counts')
  }

  async function showOwnSide(principal: Principal, transaction: Transaction) {
    const { id, accountId, counterpartyId } = transaction
    if (await ownership.isOwn(principal, accountId)) return transaction
    const isPaid = counterpartyId !== null && (await ownership.isOwn(principal, counterpartyId))
    const seen = isPaid ? await transactions.findCounterside(id) : undefined
    if (!seen) throw newTransactionNotFound(id)
    return seen
  }

  return {
    assertMayPost: (principal, request) =>
      principal.role === 'operator' ? undefined : assertOwnExpense(principal, request),
    show: (principal, transaction) =>
      principal.role === 'operator' ? transaction : showOwnSide(principal, transaction),
  }
}

function newForbidden(what: string): Fault {
  return new Fault(authFaults.forbidden, {
    detail: `Whoever is no operator may ${what}.`,
  })
}

/**
 * The key under which a caller's request is remembered. Operators share theirs, as one house; everybody
 * else has keys of their own, so that nobody meets another's answer or takes a key away.
 */
export function keyOf({ userId, role }: Principal, key: string | undefined): string | null {
  if (key === undefined) return null
  if (role === 'operator') return key
  return hash('sha256', `${userId}\0${key}`, 'base64url')
}
