import type { MigrateConfig } from '../../config/config'
import { openDatabase } from '../../internal/postgres/database'
import { listMigrations, migrate } from '../../internal/postgres/migrate'

export interface MigrateDeps {
  /** The folder of the migrations. */
  directory: string
  print(line: string): void
}

/** Brings the schema up to date and says what that took. */
export async function run(config: MigrateConfig, { directory, print }: MigrateDeps): Promise<void> {
  const settings = await openDatabase(config.database, print)
  const { applied } = await migrate({ settings, directory, program: 'tillbook-migrate' })
  for (const name of applied) print(`applied ${name}`)
  if (applied.length > 0) return
  const files = await listMigrations(directory)
  print(`up to date (${files.length} migrations, the last is ${files.at(-1)?.replace('.sql', '')})`)
}
