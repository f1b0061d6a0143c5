import { randomBytes } from 'node:crypto'
import { chown, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from './account'
import type { Binaries } from './binaries'
import { ifThere } from './file'
import type { Place } from './place'
import { runProgram } from './program'

/** The superuser, and the only role at first. */
export const superuser = 'tillbook'

const freshName = 'postgres.new-'
const initMsMax = 120_000

export interface ClusterOptions {
  place: Place
  binaries: Binaries
  account?: Account
  /** The name of the database to be created. */
  database: string
}

/** True when there is a cluster; throws when these binaries are of another major version. */
export async function checkCluster(place: Place, binaries: Binaries): Promise<boolean> {
  const version = (await ifThere(readFile(join(place.cluster, 'PG_VERSION'), 'utf8')))?.trim()
  if (version === undefined || version === binaries.version) return version !== undefined
  throw new Error(
    `The database in ${place.directory} was made by PostgreSQL ${version}, and PostgreSQL ` +
      `${binaries.version} (${binaries.folder}) cannot open it. Name the folder of PostgreSQL ${version}'s programs, ` +
      `or move ${place.directory} away to begin with an empty database.`,
  )
}

/** Makes the cluster under another name and renames it, so that nobody ever sees half of one. */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const { place, binaries, account, database } = options
  await removeLeftovers(place)
  const passwordFile = await makePassword(place, account)
  const fresh = await mkdtemp(join(place.directory, freshName))
  try {
    if (account) await chown(fresh, account.uid, account.gid)
    const identity = ['-U', superuser, '--pwfile', passwordFile, '--auth', 'scram-sha-256']
    const text = ['-E', 'UTF8', '--locale=C']
    const run = { account, timeoutMs: initMsMax }
    await runProgram(join(binaries.folder, 'initdb'), ['-D', fresh, ...identity, ...text], run)
    const single = ['--single', '-D', fresh, '-c', 'exit_on_error=on', 'postgres']
    const input = `create database "${database.replaceAll('"', '""')}"\n`
    await runProgram(join(binaries.folder, 'postgres'), single, { ...run, input })
    await rename(fresh, place.cluster)
    await syncFolder(place.directory)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw error
  }
}

/** A program that was killed here left its folder behind. Its initdb may still run for a moment. */
async function removeLeftovers(place: Place): Promise<void> {
  for (const name of await readdir(place.directory)) {
    if (!name.startsWith(freshName)) continue
    const folder = join(place.directory, name)
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  }
}

async function makePassword({ passwordFile }: Place, account?: Account): Promise<string> {
  const fresh = `${passwordFile}.new`
  await rm(fresh, { force: true })
  await writeFile(fresh, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true })
  if (account) await chown(fresh, account.uid, account.gid)
  await rename(fresh, passwordFile)
  return passwordFile
}

/** The superuser's password. */
export async function readPassword({ passwordFile }: Place): Promise<string> {
  const password = await ifThere(readFile(passwordFile, 'utf8'))
  if (password) return password
  throw new Error(
    `${passwordFile}, the password of the database beside it, is missing. Put it back.`,
  )
}

/** So that the rename is on disk before anything that is written into the cluster. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}
