import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate as runMigrations } from 'postgres-migrations'
import { Fault, type FaultSpec } from '../fault/fault'
import type { ConnectionSettings } from './connection'
import { checkSchema, describeSchema, type SchemaState } from './schema-check'
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

/** By name: `001-currency`. */
export interface Migrated {
  applied: string[]
  /** Of a newer version. */
  unknown: string[]
}

/**
 * Applies the migrations that the database lacks, each in a transaction of its own; answers which they
 * were. Any number of processes may do so at once: they take turns. A database that knows all of
 * the folder's migrations and more is left as it is: a version was taken back. Throws the Fault `schema.ahead`,
 * and changes nothing, when it lacks one of them besides.
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const known = await listMigrations(options.directory)
  return withSession(options.settings, options.program, async (client) => {
    const schema = await checkSchema(client, known)
    if (schema.state === 'ahead') return leaveAhead(schema)
    const done = await withNumbered(options.directory, known, (directory) =>
      runMigrations({ client }, directory),
    )
    const applied = done.filter(({ id }) => id > 0).map(({ fileName }) => nameOf(fileName))
    return { applied, unknown: [] }
  })
}

function leaveAhead(schema: SchemaState): Migrated {
  if (schema.pending.length > 0) throw new Fault(schemaAhead, { detail: describeSchema(schema) })
  return { applied: [], unknown: schema.unknown }
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
