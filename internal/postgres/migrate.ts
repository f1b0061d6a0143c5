import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { migrate as runMigrations } from 'postgres-migrations'
import { Fault, type FaultSpec } from '../fault/fault'
import type { ConnectionSettings } from './connection'
import { checkSchema, describeSchema } from './schema-check'
import { withSession } from './session'

const schemaAhead = {
  kind: 'conflict',
  code: 'schema.ahead',
  title: 'The database is newer than the program',
} satisfies FaultSpec

export interface MigrateOptions {
  settings: ConnectionSettings
  /** The folder with `001-….sql`, `002-….sql`, … */
  directory: string
  program: string
}

/**
 * Applies the migrations that the database lacks, each in a transaction of its own; answers the names
 * of those it applied. Any number of processes may do so at once: they take turns. Throws the Fault
 * `schema.ahead`, and changes nothing, when the database knows migrations that the folder does not.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const known = await listMigrations(options.directory)
  return withSession(options.settings, options.program, async (client) => {
    await refuseAhead(client, known)
    const done = await withNumbered(options.directory, known, (directory) =>
      runMigrations({ client }, directory),
    )
    return { applied: done.filter(({ id }) => id > 0).map(({ fileName }) => nameOf(fileName)) }
  })
}

async function refuseAhead(client: pg.Client, known: string[]): Promise<void> {
  const schema = await checkSchema(client, known)
  if (schema.state === 'ahead') throw new Fault(schemaAhead, { detail: describeSchema(schema) })
}

/** The file names of a folder's migrations, in order. */
export async function listMigrations(directory: string): Promise<string[]> {
  const names = await readdir(directory)
  return names.filter((name) => /^\d+-.+\.sql$/.test(name)).sort()
}

/**
 * Lends a folder that holds only these files: postgres-migrations refuses one with any other `.sql`
 * in it, and schema.sql stands beside the migrations. It hashes names and contents, not places.
 */
async function withNumbered<T>(
  directory: string,
  files: string[],
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const numbered = await mkdtemp(join(tmpdir(), 'tillbook-migrations-'))
  try {
    for (const file of files) await cp(join(directory, file), join(numbered, file))
    return await use(numbered)
  } finally {
    await rm(numbered, { recursive: true, force: true })
  }
}

function nameOf(fileName: string): string {
  return fileName.replace(/\.sql$/, '')
}
