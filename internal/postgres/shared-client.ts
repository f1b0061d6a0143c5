import type { Client, Pool } from './pool'

/** A connection that several use at once, each statement behind the one before. Free when nobody does. */
export interface SharedClient {
  use<T>(work: (client: Client) => Promise<T>): Promise<T>
}

/** Of a pool that is pipelined. */
export function newSharedClient(pool: Pool): SharedClient {
  let users = 0
  let borrowed: Promise<Client> | undefined
  let giveBack = () => {}

  function borrow(): Promise<Client> {
    return new Promise((resolve, reject) => {
      const lend = (client: Client) =>
        new Promise<void>((done) => {
          giveBack = done
          resolve(client)
        })
      pool.withClient(lend).catch(reject)
    })
  }

  return {
    async use(work) {
      users += 1
      borrowed ??= borrow()
      try {
        return await work(await borrowed)
      } finally {
        users -= 1
        if (users === 0) {
          borrowed = undefined
          giveBack()
        }
      }
    },
  }
}
