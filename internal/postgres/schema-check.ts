import { sqlState, sqlStateOf } from './errors'
import { many, type Executor } from './query'

interface AppliedMigrationRow {
  id: number
  name: string
}

// SQL in TypeScript, for once: the table is made by postgres-migrations and not by a migration of
// ours, so the generator has nothing to type the query against. Row 0 is the table's own creation.
const listAppliedMigrations = many<void, AppliedMigrationRow>({
  name: 'migration.ListAppliedMigrations',
  text: 'select id, name from migrations where id > 0 order by id limit 10000',
  params: [],
})

export interface SchemaState {
  /**
   * `missing`: nothing was ever applied. `behind`: some known migrations are not applied.
   * `ahead`: the database knows migrations that this program does not, whatever else is so.
   */
  state: 'current' | 'behind' | 'ahead' | 'missing'
  /** Known here, not applied there: `001-currency`. */
  pending: string[]
  /** Applied there, not known here. */
  unknown: string[]
}

/** Compares what was applied with the known migrations, given as file names: `001-currency.sql`. */
export async function checkSchema(db: Executor, known: readonly string[]): Promise<SchemaState> {
  const applied = await listApplied(db)
  const names = known.map((file) => file.replace(/\.sql$/, ''))
  const there = new Set(applied.map(fullName))
  const unknown = applied.map(fullName).filter((name) => !names.includes(name))
  const pending = names.filter((name) => !there.has(name))
  return { state: stateOf(applied.length, unknown, pending), pending, unknown }
}

/** In a sentence, why a program cannot work with the schema; undefined when it can, as with a newer one. */
export async function findLack(
  db: Executor,
  known: readonly string[],
): Promise<string | undefined> {
  const schema = await checkSchema(db, known)
  return schema.pending.length > 0 ? describeSchema(schema) : undefined
}

/** For a program that wants its own schema, no older and no newer one; throws in a sentence. */
export async function requireCurrent(db: Executor, known: readonly string[]): Promise<void> {
  const schema = await checkSchema(db, known)
  if (schema.state !== 'current') throw new Error(describeSchema(schema))
}

function stateOf(applied: number, unknown: string[], pending: string[]): SchemaState['state'] {
  if (unknown.length > 0) return 'ahead'
  if (pending.length === 0) return 'current'
  return applied === 0 ? 'missing' : 'behind'
}

async function listApplied(db: Executor): Promise<AppliedMigrationRow[]> {
  try {
    return await listAppliedMigrations(db)
  } catch (error) {
    if (sqlStateOf(error) === sqlState.undefined_table) return []
    throw error
  }
}

/** The table keeps id and name apart; our files have three digits and a hyphen. */
function fullName({ id, name }: AppliedMigrationRow): string {
  return `${String(id).padStart(3, '0')}-${name}`
}

/** What is wrong with a schema and what to do about it, in one sentence. */
export function describeSchema(schema: SchemaState): string {
  const { state, pending, unknown } = schema
  if (state === 'current') return 'The schema is up to date.'
  if (state === 'missing') return 'The database has no schema yet: run `make migrate`.'
  if (state === 'behind') return `The schema lacks ${pending.join(', ')}: run \`make migrate\`.`
  const ahead = `The database is ahead of this program, which does not know ${unknown.join(', ')}`
  return pending.length > 0
    ? `${ahead}, and lacks ${pending.join(', ')}.`
    : `${ahead}: use a newer one.`
}
