import type { ConnectionSettings } from './connection'
import { startEmbedded } from './embedded/embedded'

/** Which PostgreSQL: exactly one of `url` and `embedded` is there. */
export interface DatabaseSettings extends Omit<ConnectionSettings, 'url'> {
  url?: string | undefined
  embedded?: { directory: string } | undefined
}

/** The database inside the embedded server. */
export const embeddedDatabase = 'tillbook'

/**
 * Settings that can be connected with. The embedded PostgreSQL is started when it does not run; it
 * goes on running when this process ends, because other programs use it too.
 */
export async function openDatabase(
  settings: DatabaseSettings,
  onProgress: (step: string) => void,
): Promise<ConnectionSettings> {
  const { url, embedded, ...limits } = settings
  if (url !== undefined) return { ...limits, url }
  if (embedded === undefined) throw new Error('the settings name no database')
  const { directory } = embedded
  const started = await startEmbedded({ directory, database: embeddedDatabase, onProgress })
  return { ...limits, url: started.url }
}
