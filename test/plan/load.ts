import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { systemIds } from '../../internal/id/id'
import { formatMoney } from '../../internal/money/currency'
import { sqlState, sqlStateOf } from '../../internal/postgres/errors'
import type { Random } from '../harness/random'
import { post } from '../ledger/processes'
import { ask } from './script'

/** An account, which its user may lose meanwhile. */
export interface Pocket {
  id: string
  user_id: string
  currency: string
}

/** Somebody wants to move money, and asks with one key until there is an answer. */
interface Wish {
  key: string
  from: Pocket
  to: Pocket | null
  /** Minor units that leave `from`; below zero they come in. */
  amount: bigint
}

export interface Outcome extends Wish {
  /** The transaction; undefined when it was refused. */
  id: string | undefined
  by: 'accounts' | 'users'
}

export interface Load {
  /** Every wish that was answered, in no particular order. */
  outcomes: Outcome[]
  /** How often the API answered 503. */
  refusedByVersion(): number
  answered(by: Outcome['by']): number
  stop(): Promise<void>
}

export interface LoadOptions {
  apis: string[]
  databaseUrl: string
  pockets: Pocket[]
  random: Random
  workers: number
}

/**
 * Posts without a pause: through the API, which knows accounts; when that answers 503 and users hold
 * the money, as the next version would, with the queries of the plan; and back again.
 */
export function startLoad({ apis, databaseUrl, pockets, random, workers }: LoadOptions): Load {
  const outcomes: Outcome[] = []
  let usersHold = false
  let refused = 0
  let isStopped = false

  async function carryOut(client: Client, wish: Wish, api: string): Promise<Outcome> {
    for (;;) {
      if (usersHold) {
        const id = await postToUsers(client, wish)
        if (id !== 'accounts') return { ...wish, id, by: 'users' }
        usersHold = false
      }
      const { status, json, text } = await post(`${api}/transactions`, bodyOf(wish), wish.key)
      if (status === 201 || status === 422) return { ...wish, id: json.id, by: 'accounts' }
      if (status !== 503 && status !== 409) throw new Error(`${status}: ${text}`)
      if (status === 503) refused += 1
      usersHold = await doUsersHold(client)
      await sleep(random.between(1, 20))
    }
  }

  async function work(api: string): Promise<void> {
    const client = new Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      while (!isStopped) outcomes.push(await carryOut(client, newWish(pockets, random), api))
    } catch (error) {
      isStopped = true
      throw error
    } finally {
      await client.end()
    }
  }

  const working = Array.from({ length: workers }, (_, i) => work(apis[i % apis.length]!))
  return {
    outcomes,
    refusedByVersion: () => refused,
    answered: (by) => outcomes.filter((outcome) => outcome.by === by).length,
    async stop() {
      isStopped = true
      await Promise.all(working)
    },
  }
}

function newWish(pockets: Pocket[], random: Random): Wish {
  const from = pockets[random.between(0, pockets.length - 1)]!
  const others = pockets.filter(({ id, currency }) => id !== from.id && currency === from.currency)
  const to =
    random.between(0, 1) === 0 ? null : (others[random.between(0, others.length - 1)] ?? null)
  const amount = BigInt(random.between(1, 20_000) * (random.between(0, 2) === 0 ? -1 : 1))
  return { key: systemIds.next(), from, to, amount }
}

function bodyOf({ from, to, amount }: Wish) {
  const money = formatMoney(-amount, from.currency)
  return { account_id: from.id, amount: money, counterparty_id: to?.id, description: 'load' }
}

/** False as long as there is no such plan. */
export async function doUsersHold(client: Client): Promise<boolean> {
  try {
    const [row] = await ask(client, 'FindModel')
    return row['users_hold_the_money']
  } catch (error) {
    if (sqlStateOf(error) === sqlState.undefined_table || sqlStateOf(error) === '3F000')
      return false
    throw error
  }
}

const passing = new Set<string | undefined>([
  sqlState.serialization_failure,
  sqlState.deadlock_detected,
  sqlState.unique_violation,
])
const gone = new Set<string | undefined>([
  sqlState.read_only_sql_transaction,
  sqlState.undefined_table,
  '3F000',
])

/** One movement as the version for users posts it: its id, undefined when there is not enough money. */
export async function postToUsers(
  client: Client,
  wish: Wish,
): Promise<string | undefined | 'accounts'> {
  for (;;) {
    const [known] = await ask(client, 'FindAnswer', { key: wish.key })
    if (known) return known.transaction_id ?? undefined
    try {
      await client.query('begin isolation level serializable')
      const id = await decideAndWrite(client, wish)
      await client.query('commit')
      return id
    } catch (error) {
      await client.query('rollback')
      if (gone.has(sqlStateOf(error))) return 'accounts'
      if (!passing.has(sqlStateOf(error))) throw error
    }
  }
}

async function decideAndWrite(client: Client, { key, from, to, amount }: Wish) {
  if (!(await doUsersHold(client))) return 'accounts'
  const other = to?.user_id ?? null
  // Between accounts of one user once; there is nothing to move any more.
  if (other === from.user_id) return undefined
  const user_ids = other === null ? [from.user_id] : [from.user_id, other]
  const rows = await ask(client, 'LockBalances', { currency: from.currency, user_ids })
  const after = user_ids.map((user_id, i) => {
    const row = rows.find((one) => one.user_id === user_id)
    const change = i === 0 ? -amount : amount
    const balance = BigInt(row.balance) + change
    const fits = change > 0n || balance - BigInt(row.held) >= BigInt(row.min_balance)
    return { user_id, balance, entry_no: BigInt(row.entry_no) + 1n, fits }
  })
  if (!after.every(({ fits }) => fits)) return undefined
  const id = systemIds.next()
  const [own, counter] = after
  await ask(client, 'WriteGroup', {
    ids: [id],
    amounts: [-amount],
    balances_after: [own!.balance],
    entry_nos: [own!.entry_no],
    counterparty_balances_after: [counter?.balance ?? null],
    counterparty_entry_nos: [counter?.entry_no ?? null],
    user_ids: [from.user_id],
    counterparty_user_ids: [other],
    descriptions: ['load'],
    currency: from.currency,
    keys: [key],
    fingerprints: [createHash('sha256').update(key).digest()],
    changed_user_ids: user_ids,
    changed_balances: after.map(({ balance }) => balance),
    changed_entry_nos: after.map(({ entry_no }) => entry_no),
  })
  return id
}
