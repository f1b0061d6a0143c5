import { Fault } from '../../../internal/fault/fault'
import { newAccountNotFound } from '../../account/account'
import type { Period } from '../../transaction/transaction'
import { runBalance, statementFaults, type StatementPage, type StatementStore } from '../statement'

export interface StatementApp {
  /**
   * The pages of a statement, at least one; nothing is read ahead. Thrown with the first page:
   * account.not_found, statement.busy; with any: database.unavailable.
   */
  read(accountId: string, period: Period): AsyncGenerator<StatementPage, void, void>
  /** How many are being read at this moment. */
  open(): number
}

export interface StatementAppDeps {
  statements: StatementStore
  /** Each of them holds a connection and a snapshot for as long as its reader takes. */
  concurrentMax: number
}

export function newStatementApp({ statements, concurrentMax }: StatementAppDeps): StatementApp {
  let open = 0

  async function* read(accountId: string, period: Period): AsyncGenerator<StatementPage> {
    if (open >= concurrentMax) throw newBusy(concurrentMax)
    open += 1
    try {
      let balance: bigint | undefined
      for await (const { opening, entries } of statements.read(accountId, period)) {
        const lines = runBalance(balance ?? opening.openingBalance, entries)
        balance = lines.at(-1)?.balance ?? balance ?? opening.openingBalance
        yield { opening, lines, balance }
      }
      if (balance === undefined) throw newAccountNotFound(accountId)
    } finally {
      open -= 1
    }
  }
  return { read, open: () => open }
}

function newBusy(concurrentMax: number): Fault {
  return new Fault(statementFaults.busy, {
    detail: `${concurrentMax} statements are being read, as many as are at once. Ask again.`,
    retryAfterSeconds: 2,
  })
}
