import type { AccountApp } from '../../account/app/account'
import type { UserApp } from '../../user/app/user'
import { single, type LedgerAnswer, type Post, type Reverse, type Verdict } from '../instruction'
import {
  newTransactionNotFound,
  type Period,
  type Transaction,
  type TransactionPosition,
  type TransactionRequest,
  type TransactionStore,
} from '../transaction'
import { idempotencyOf, withKey, type Ledger } from './ledger'

export interface TransactionApp {
  /**
   * Posts it and answers when it is on disk; as a dry run it only tells what would become of it.
   * Faults of all that posts: those of the ledger, see ledger.ts.
   */
  create(request: TransactionRequest, options?: { isDryRun: boolean }): Promise<Verdict>
  /** Posts many at once, each by itself, or as an atomic whole. */
  createMany(
    requests: readonly TransactionRequest[],
    options: { isAtomic: boolean; isDryRun: boolean },
  ): Promise<LedgerAnswer>
  /** Posts the opposite of a transaction. Faults: transaction.not_found as well. */
  reverse(id: string, key: string | null): Promise<Verdict>
  /** Faults: transaction.not_found. */
  get(id: string): Promise<Transaction>
  /** Seen from the account, newest first. Faults: account.not_found. */
  listByAccount(
    accountId: string,
    page: Period & { after: TransactionPosition | undefined; limit: number },
  ): Promise<Transaction[]>
  /** One for each currency in which there is one, by currency. Faults: user.not_found. */
  listLargestExpenses(
    userId: string,
    period: Period & { currency: string | null },
  ): Promise<Transaction[]>
}

export interface TransactionAppDeps {
  ledger: Ledger
  transactions: TransactionStore
  accounts: Pick<AccountApp, 'get'>
  users: Pick<UserApp, 'getOverview'>
}

export function newTransactionApp(deps: TransactionAppDeps): TransactionApp {
  const { ledger, transactions, accounts, users } = deps

  async function get(id: string): Promise<Transaction> {
    const transaction = await transactions.find(id)
    if (transaction) return transaction
    throw newTransactionNotFound(id)
  }

  return {
    get,

    async create(request, { isDryRun } = { isDryRun: false }) {
      const { verdicts } = await ledger.submit(single(toPost(request), isDryRun))
      return verdicts[0]!
    },

    createMany: (requests, options) =>
      ledger.submit({ instructions: requests.map(toPost), ...options }),

    async reverse(id, key) {
      const original = await get(id)
      return ledger.submitOne(withKey<Reverse>({ kind: 'reverse', original }, key))
    },

    async listByAccount(accountId, page) {
      const list = await transactions.listByAccount(accountId, page)
      if (list.length === 0) await accounts.get(accountId)
      return list
    },

    async listLargestExpenses(userId, period) {
      const list = await transactions.listLargestExpenses(userId, period)
      if (list.length === 0) await users.getOverview(userId)
      return list
    },
  }
}

/** Written out because a bulk has thousands of them, and `...` is dear where members come or go. */
function toPost(request: TransactionRequest): Post {
  const post: Post = {
    kind: 'post',
    accountId: request.accountId,
    amount: request.amount,
    counterpartyId: request.counterpartyId,
    description: request.description,
    metadata: request.metadata,
    effectiveAt: request.effectiveAt,
    idempotency: null,
  }
  post.idempotency = idempotencyOf(post, request.key)
  return post
}
