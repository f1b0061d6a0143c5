import { newSystemClock } from '../../internal/clock/clock'
import type { Instant } from '../../internal/clock/instant'
import { systemIds } from '../../internal/id/id'
import { formatMinorUnits, readDecimal } from '../../internal/money/decimal'
import type { Account, AccountStore } from '../../pkg/account/account'
import { newAccountStore } from '../../pkg/account/memory/store'
import type { CartRecord } from '../../pkg/cart/memory/record'
import { newCartStore } from '../../pkg/cart/memory/store'
import type { CredentialStore } from '../../pkg/credential/credential'
import { newCredentialStore } from '../../pkg/credential/memory/store'
import type { Hold, HoldStore } from '../../pkg/hold/hold'
import { newHoldStore } from '../../pkg/hold/memory/store'
import type { Item, Stock } from '../../pkg/item/item'
import { newItemStore } from '../../pkg/item/memory/store'
import { newStoreStore } from '../../pkg/store/memory/store'
import type { Store } from '../../pkg/store/store'
import { single, type Instruction, type Verdict } from '../../pkg/transaction/instruction'
import { newTransactionStore } from '../../pkg/transaction/memory/store'
import type {
  NewTransaction,
  Refusal,
  Transaction,
  TransactionStore,
} from '../../pkg/transaction/transaction'
import { newUserStore } from '../../pkg/user/memory/store'
import type { User, UserStore } from '../../pkg/user/user'

/** The stores of the ledger over one and the same data, empty to begin with. */
export interface Stores {
  users: UserStore
  accounts: AccountStore
  transactions: TransactionStore
  holds: HoldStore
  credentials: CredentialStore
  close(): Promise<void>
}

export type OpenStores = () => Promise<Stores>

export async function openMemoryStores() {
  const users = new Map<string, User>()
  const accounts = new Map<string, Account>()
  const accountIds = new Map<string, string[]>()
  const holds = new Map<string, Hold>()
  const clock = newSystemClock()
  const userStore = newUserStore({ users, accounts, accountIds, holds, clock })
  const accountStore = newAccountStore({ users, accounts, accountIds, holds, clock })
  const stores = new Map<string, Store>()
  const goods = {
    ...{ stores, items: new Map<string, Item>(), removedIds: new Set<string>(), clock },
    ...{ idsByName: new Map<string, string[]>(), stock: new Map<string, Stock>() },
  }
  const carts = { ...goods, users, carts: new Map<string, CartRecord>(), latestIds: new Map() }
  return {
    shops: newStoreStore({ stores, users: userStore, accounts: accountStore }),
    items: newItemStore(goods),
    carts: newCartStore(carts),
    users: userStore,
    accounts: accountStore,
    transactions: newTransactionStore({ accounts, accountIds, holds, clock, ids: systemIds }),
    holds: newHoldStore(holds, clock),
    credentials: newCredentialStore({ users, clock }),
    close: async () => {},
  }
}

export const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/** Midnight of a day of January 2026, and some microseconds. */
export function january(day: number, micros = 0): Instant {
  const two = String(day).padStart(2, '0')
  return `2026-01-${two}T00:00:00.${String(micros).padStart(6, '0')}Z` as Instant
}

/** The verdicts on a group of requests for one transaction each. */
export async function postEach(
  store: Pick<TransactionStore, 'post'>,
  group: readonly NewTransaction[],
): Promise<Verdict[]> {
  const answers = await store.post(group.map((one) => single({ kind: 'post', ...one })))
  return answers.map(({ verdicts }) => verdicts[0]!)
}

/** The verdict on one instruction that is a group of its own. */
export async function carryOut(
  store: Pick<TransactionStore, 'post'>,
  instruction: Instruction,
): Promise<Verdict> {
  const [answer] = await store.post([single(instruction)])
  return answer!.verdicts[0]!
}

/** What cases need on their way to what they prove. */
export function newGiven(stores: () => Stores) {
  let count = 0

  async function aUser(): Promise<string> {
    const user = { id: `user-${++count}`, firstName: 'Ada', lastName: 'Lovelace' }
    return (await stores().users.insert(user)).id
  }

  /** The id of an account with that much on it, in minor units. */
  async function anAccount(given: Partial<Account> = {}): Promise<string> {
    const { balance = 0n, userId = await aUser(), currency = 'EUR', minBalance = 0n } = given
    const id = `${userId}-${++count}`
    await stores().accounts.insert({ id, userId, name: 'Test', currency, minBalance })
    if (balance !== 0n) await post(request(id, balance))
    return id
  }

  /** The verdict on one request that is a group of its own. */
  async function post(one: NewTransaction): Promise<Verdict> {
    const [verdict] = await postEach(stores().transactions, [one])
    return verdict!
  }

  async function create(...args: Parameters<typeof request>): Promise<Transaction> {
    return created(await post(request(...args)))
  }

  return { aUser, anAccount, post, create }
}

/** A request for an amount in minor units of a currency with two decimals, unless a text is given. */
export function request(
  accountId: string,
  amount: bigint | string,
  more: Partial<NewTransaction> = {},
): NewTransaction {
  return {
    accountId,
    amount: readDecimal(typeof amount === 'string' ? amount : formatMinorUnits(amount, 2))!,
    counterpartyId: null,
    description: null,
    metadata: null,
    effectiveAt: null,
    idempotency: null,
    ...more,
  }
}

/** A key with the digest of what was asked under it, which is all that a store compares. */
export function keyed(key: string, digest = 1): Pick<NewTransaction, 'idempotency'> {
  return { idempotency: { key, fingerprint: String(digest).padStart(2, '0').repeat(32) } }
}

export function created(verdict: Verdict): Transaction {
  if (verdict.status === 'refused') throw new Error(`refused: ${verdict.refusal.detail}`)
  return plain(verdict.transaction!)
}

export function refusal(verdict: Verdict): Refusal {
  if (verdict.status !== 'refused') throw new Error(`${verdict.status}, not refused`)
  return verdict.refusal
}

/** Without what a store may know beyond the contract. */
export function plain(transaction: Transaction): Transaction {
  const { id, accountId, currency, amount, balanceAfter, counterpartyId } = transaction
  const { description, metadata, effectiveAt, createdAt, reversesId, holdId } = transaction
  return {
    ...{ id, accountId, currency, amount, balanceAfter, counterpartyId },
    ...{ description, metadata, effectiveAt, createdAt, reversesId, holdId },
  }
}
