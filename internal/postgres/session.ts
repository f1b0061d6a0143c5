import pg from 'pg'
import { connectionConfig, type ConnectionSettings } from './connection'
import { toFault } from './errors'

/** One connection for as long as the work takes. Faults: database.unavailable. */
export async function withSession<T>(
  settings: ConnectionSettings,
  program: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connectionConfig(settings, program))
  // The statement that was running gets the same error; an unheard event would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw toFault(error)
  } finally {
    await client.end()
  }
}
