import type { MigrateConfig } from '../../config/config'
import type { ConnectionSettings } from '../../internal/postgres/connection'
import { openDatabase } from '../../internal/postgres/database'
import { listMigrations, migrate } from '../../internal/postgres/migrate'
import { withSession } from '../../internal/postgres/session'
import { raiseXactOffset } from '../../pkg/event/sql/event.sql.ts'

export interface MigrateDeps {
  /** The folder of the migrations. */
  directory: string
  print(line: string): void
}

const program = 'tillbook-migrate'

/** Brings the schema up to date and says what that took. */
export async function run(config: MigrateConfig, { directory, print }: MigrateDeps): Promise<void> {
  const settings = await openDatabase(config.database, print)
  const { applied, unknown } = await migrate({ settings, directory, program })
  for (const name of applied) print(`applied ${name}`)
  await raiseNumbers(settings, print)
  if (applied.length > 0) return
  if (unknown.length > 0)
    return print(`left as it is: a newer version applied ${unknown.join(', ')}`)
  const files = await listMigrations(directory)
  print(`up to date (${files.length} migrations, the last is ${files.at(-1)?.replace('.sql', '')})`)
}

/** A book that was restored into another server goes on above the numbers that it brought along. */
async function raiseNumbers(
  settings: ConnectionSettings,
  print: (line: string) => void,
): Promise<void> {
  const raised = await withSession(settings, program, (client) => raiseXactOffset(client))
  if (!raised) return
  print(`this book comes from another server: its numbers go on with ${raised.xact_offset} on top`)
}
