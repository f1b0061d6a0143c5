import { Fault } from '../../../internal/fault/fault'
import { newGroupCommit } from '../../../internal/group/group'
import type { AccountApp } from '../../account/app/account'
import type { UserApp } from '../../user/app/user'
import { touches } from '../decide'
import { fingerprintOf } from '../fingerprint'
import {
  transactionFaults,
  type NewTransaction,
  type Period,
  type Transaction,
  type TransactionPosition,
  type TransactionStore,
  type Verdict,
} from '../transaction'

/** The limits of the group commit; see internal/group. */
export interface LedgerLimits {
  lanes: number
  groupRequestsMax: number
  queueRequestsMax: number
  queueWaitMaxMs: number
}

/** A request as the caller makes it: with a key, or without. */
export type TransactionRequest = Omit<NewTransaction, 'idempotency'> & { key: string | null }

export interface TransactionApp {
  /**
   * Posts it and answers when it is on disk. A refusal is a verdict, not a fault: it is remembered
   * with its key as well. Faults: ledger.busy, ledger.outcome_unknown, idempotency.in_progress.
   */
  create(request: TransactionRequest): Promise<Verdict>
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
  /** Takes nothing more; resolves when all that was taken is answered. */
  close(): Promise<void>
}

export interface TransactionAppDeps {
  transactions: TransactionStore
  accounts: Pick<AccountApp, 'get'>
  users: Pick<UserApp, 'getOverview'>
  limits: LedgerLimits
}

export function newTransactionApp(deps: TransactionAppDeps): TransactionApp {
  const { transactions, accounts, users, limits } = deps
  const ledger = newGroupCommit<NewTransaction, Verdict>({
    ...limits,
    commit: (group) => transactions.post(group),
    touches: touchesWithKey,
    isDivisible: isOneRequestsFault,
    overflow: newBusy,
  })

  return {
    create({ key, ...request }) {
      const idempotency = key === null ? null : { key, fingerprint: fingerprintOf(request) }
      return ledger.submit({ ...request, idempotency })
    },

    async get(id) {
      const transaction = await transactions.find(id)
      if (!transaction) {
        const detail = `There is no transaction "${id}".`
        throw new Fault(transactionFaults.notFound, { detail })
      }
      return transaction
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

    close: () => ledger.close(),
  }
}

// An account's id holds no space, so that no key can be taken for one.
function touchesWithKey(request: NewTransaction): string[] {
  const { idempotency } = request
  return idempotency ? [...touches(request), `key ${idempotency.key}`] : touches(request)
}

/** What is no Fault is the database's word about some row of the group. */
function isOneRequestsFault(error: unknown): boolean {
  return !(error instanceof Fault) || error.code === transactionFaults.inProgress.code
}

function newBusy(): Fault {
  return new Fault(transactionFaults.busy, {
    detail: 'More is asked of the ledger than it can take. Nothing was posted; send it again.',
    retryAfterSeconds: 1,
  })
}
