import { randomBytes } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { typeParsers } from '../../internal/postgres/types'

/**
 * Runs `use` on a new database that holds the migrated schema, and drops it, come what may. Made
 * from template0, so that nothing of the server's own gets into what is generated.
 */
export async function withMigratedDatabase<Answer>(
  databaseUrl: string,
  migrations: string,
  use: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  const name = `tillbook_generate_${randomBytes(6).toString('hex')}`
  return withClient(databaseUrl, async (server) => {
    await server.query(
      `create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`,
    )
    try {
      const url = new URL(databaseUrl)
      url.pathname = `/${name}`
      return await withClient(url.href, async (client) => {
        await migrate(client, migrations)
        return use(client)
      })
    } finally {
      await server.query(`drop database ${name} with (force)`)
    }
  })
}

async function withClient<Answer>(url: string, use: (client: Client) => Promise<Answer>) {
  const client = new Client({ connectionString: url, types: typeParsers })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Only the schema matters here, so nothing is kept of which migrations ran. */
async function migrate(client: Client, folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((file) => /^\d+-.*\.sql$/.test(file)).sort()
  for (const file of files) {
    try {
      await client.query(await readFile(join(folder, file), 'utf8'))
    } catch (error) {
      throw new Error(`migrations/${file}: ${(error as Error).message}`, { cause: error })
    }
  }
}
