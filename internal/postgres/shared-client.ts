import { isConnectionError } from './errors'
import type { Client, Pool } from './pool'

/** A connection that several use at once, each statement behind the one before. Free when nobody does. */
export interface SharedClient {
  use<T>(work: (client: Client) => Promise<T>): Promise<T>
}

interface Loan {
  client: Promise<Client>
  users: number
  giveBack(): void
}

/** Of a pool that is pipelined. */
export function newSharedClient(pool: Pool): SharedClient {
  let current: Loan | undefined

  function end(loan: Loan): void {
    if (current === loan) current = undefined
  }

  return {
    async use(work) {
      const loan = (current ??= borrow(pool))
      loan.users += 1
      try {
        return await work(await loan.client)
      } catch (error) {
        // Whoever comes next takes another: one after the other they would keep the broken one for ever.
        if (isConnectionError(error)) end(loan)
        throw error
      } finally {
        loan.users -= 1
        if (loan.users === 0) {
          end(loan)
          loan.giveBack()
        }
      }
    },
  }
}

function borrow(pool: Pool): Loan {
  let giveBack = () => {}
  const client = new Promise<Client>((resolve, reject) => {
    const lend = (lent: Client) =>
      new Promise<void>((done) => {
        giveBack = done
        resolve(lent)
      })
    pool.withClient(lend).catch(reject)
  })
  return { client, users: 0, giveBack: () => giveBack() }
}
