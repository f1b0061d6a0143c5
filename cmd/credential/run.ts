import type { CredentialConfig } from '../../config/config'
import type { Principal } from '../../internal/auth/principal'
import { toPassword } from '../../internal/auth/basic'
import { usageFault } from '../../internal/cli/arguments'
import { Fault } from '../../internal/fault/fault'
import { systemIds } from '../../internal/id/id'
import type { Log } from '../../internal/log/log'
import { newPasswords } from '../../internal/password/password'
import { openDatabase } from '../../internal/postgres/database'
import { newPool, type Pool } from '../../internal/postgres/pool'
import { requireCurrent } from '../../internal/postgres/schema-check'
import { newCredentialApp } from '../../pkg/credential/app/credential'
import { newCredentialStore } from '../../pkg/credential/sql/store'
import { newUserApp } from '../../pkg/user/app/user'
import { newUserStore } from '../../pkg/user/sql/store'
import { userFaults } from '../../pkg/user/user'
import type { CredentialArguments } from './arguments'

export interface CredentialDeps {
  log: Log
  /** The file names of the migrations that the database must have. */
  migrations: readonly string[]
  password: string
  /** One line of the answer. */
  print(line: string): void
}

// Whoever has the database may do as an operator does.
const principal: Principal = { userId: '', role: 'operator' }

/** Lets a user sign in, and creates the user when a name is given and nobody has the id. */
export async function run(
  config: CredentialConfig,
  args: Omit<CredentialArguments, 'path'>,
  { log, migrations, password, print }: CredentialDeps,
): Promise<void> {
  const settings = await openDatabase(config.database, print)
  const pool = newPool(settings, log, { program: 'tillbook-credential' })
  try {
    await requireCurrent(pool, migrations)
    await setCredential(pool, args, toPassword(password))
    print(`${args.userId} can sign in.`)
  } finally {
    await pool.close()
  }
}

async function setCredential(
  pool: Pool,
  { userId, role, name }: Omit<CredentialArguments, 'path'>,
  password: string,
): Promise<void> {
  if (name) await createUser(pool, userId, name)
  const credentials = newCredentialApp({
    credentials: newCredentialStore(pool),
    passwords: newPasswords({ inFlightMax: 1, queueMax: 0 }),
    // The API hears of it within a minute.
    forget: () => {},
  })
  try {
    await credentials.set(principal, { userId, role, password })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== userFaults.notFound.code) throw error
    throw usageFault(`there is no user "${userId}": --first-name and --last-name create one`)
  }
}

/** Nothing when there is such a user already. */
async function createUser(
  pool: Pool,
  id: string,
  { first, last }: { first: string; last: string },
): Promise<void> {
  const users = newUserApp({ users: newUserStore(pool), ids: systemIds })
  try {
    await users.create({ id, firstName: first, lastName: last })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== userFaults.exists.code) throw error
  }
}
