import type { Executor } from '../../internal/postgres/query'
import * as sql from './check.sql.ts'
import { find, isCreated, show, type History } from './history'
import type { Told } from './workload'

const batchSize = 5000

/** Looks whether the tables are right by themselves, and whether they are what the clients were told. */
export async function checkBook(db: Executor, history: History): Promise<void> {
  for (const [rule, list] of Object.entries(rules)) {
    for (const row of await list(db)) find(history, rule, words(row))
  }
  await checkAnswers(db, history)
  await checkOthers(db, history)
}

const rules: Record<string, (db: Executor) => Promise<object[]>> = {
  'a balance is the sum of its entries': (db) => sql.listWrongBalances(db),
  'an entry continues the one before': (db) => sql.listBrokenEntries(db),
  'an account counts its entries': (db) => sql.listWrongEntryCounts(db),
  'a currency comes to zero': (db) => sql.listUnbalancedCurrencies(db),
  'no balance is under its limit': (db) => sql.listOverdrafts(db),
  'no request is carried out twice': (db) => sql.listDoubledRequests(db),
  'no two keys share a transaction': (db) => sql.listDoubledKeys(db),
}

function words(row: object): string {
  return Object.entries(row)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** Every 2xx is in the database, as it was told. */
async function checkAnswers(db: Executor, history: History): Promise<void> {
  for (const told of inBatches(toldBy(history))) {
    const untrue = await sql.listUntrueAnswers(db, {
      ids: told.map((t) => t.id),
      account_ids: told.map((t) => t.account_id),
      counterparty_ids: told.map((t) => counterparty(t)),
      currencies: told.map((t) => t.currency),
      amounts: told.map((t) => t.amount),
      balances_after: told.map((t) => t.balance_after),
      descriptions: told.map((t) => t.description),
    })
    for (const { id, is_there } of untrue) {
      find(history, 'a 2xx is in the database', `${id} is ${is_there ? 'another' : 'not there'}`)
    }
  }
}

function counterparty({ counterparty_id: id }: Told): string | null {
  return id.startsWith('world:') ? null : id
}

/** All transactions that clients were told of. */
export function toldBy(history: History): Told[] {
  return history.sent
    .filter(isCreated)
    .flatMap(({ kind, answer }) => kind.tells(JSON.parse(answer!.text)))
}

/** Nothing is in the database but what was told; a request without a key may be there untold. */
async function checkOthers(db: Executor, history: History): Promise<void> {
  const refused = history.sent.filter((one) => one.answer && !isCreated(one))
  for (const batch of inBatches(refused)) {
    const descriptions = batch.map(({ label }) => label)
    for (const { description } of await sql.listUntoldTransactions(db, { descriptions })) {
      const { answer } = batch.find(({ label }) => label === description)!
      find(history, 'what was refused is not there', `${description}: ${show(answer!)}`)
    }
  }
  const untold = history.sent.filter(({ answer }) => !answer)
  let expected = new Set(toldBy(history).map(({ id }) => id)).size
  for (const batch of inBatches(untold)) {
    const descriptions = batch.map(({ label }) => label)
    expected += (await sql.listUntoldTransactions(db, { descriptions })).length
  }
  const { transactions } = await sql.countTransactions(db)
  if (Number(transactions) === expected) return
  find(history, 'nothing else is there', `${transactions} transactions, ${expected} are known`)
}

function inBatches<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / batchSize)
  return Array.from({ length: count }, (_, n) => all.slice(n * batchSize, (n + 1) * batchSize))
}
