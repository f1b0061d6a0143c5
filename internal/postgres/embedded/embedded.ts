import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { chooseAccount } from './account'
import { findBinaries } from './binaries'
import { checkCluster, createCluster, readPassword, superuser } from './cluster'
import { ifThere, isCode } from './file'
import { withLock } from './lock'
import { possiblePlaces, preparePlace, removePlaces, type Place, type PreparedPlace } from './place'
import { findServer, launchServer, stopServer, type Server } from './server'

export interface EmbeddedOptions {
  /** Where the database lives, as in `.data`; made when it is not there. */
  directory: string
  /** The name of the database, created with the first start. */
  database: string
  /** A folder with `initdb` and `postgres`, when the ones found by themselves are not wanted. */
  binaries?: string
  /**
   * For data that nobody wants back, as that of tests: a server that this call starts does not wait for the
   * disk. It forgives a kill, but no loss of power.
   */
  isThrownAway?: boolean
  /** Hears one readable line for each step that takes time. */
  onProgress?: (line: string) => void
}

export interface Embedded {
  /** With user, password and port: whoever has it is the superuser. */
  url: string
  /** True when this call started the server, false when it was running. */
  started: boolean
  /** Where the database really lives; as root, not always where it was asked for. */
  directory: string
}

/**
 * Starts a PostgreSQL that outlives this process, or finds the one that runs: it is shared by all programs
 * that name the same folder. Throws an Error that says what to do.
 */
export function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  return explained('start', options, async () => {
    const running = await findEmbedded(options)
    if (running) return running
    const say = options.onProgress ?? (() => {})
    const prepared = await preparePlace(resolve(options.directory), say)
    return withLock(prepared.place.lockFile, () => startLocked(options, prepared, say))
  })
}

async function startLocked(
  options: EmbeddedOptions,
  { place, account, copies }: PreparedPlace,
  say: (line: string) => void,
): Promise<Embedded> {
  const running = await findServer(place.cluster)
  if (running?.ready) return describe(running, place, options, false)
  const binaries = await findBinaries({ folder: options.binaries, account, copies })
  // Before the start: a server that nobody has the password for would only be in the way.
  if (await checkCluster(place, binaries)) await readPassword(place)
  else {
    say(`Creating a database in ${options.directory} (first start) …`)
    await createCluster({ place, binaries, account, database: options.database })
  }
  say(`Starting PostgreSQL ${binaries.version} in ${options.directory} …`)
  const server = await launchServer({
    ...{ place, binaries: binaries.folder, account },
    isThrownAway: options.isThrownAway ?? false,
  })
  return describe(server, place, options, true)
}

/** The running server, when it is ready; never starts one. */
export async function findEmbedded(options: EmbeddedOptions): Promise<Embedded | undefined> {
  for (const place of await possiblePlaces(resolve(options.directory))) {
    const server = await findServer(place.cluster)
    if (server?.ready) return describe(server, place, options, false)
  }
  return undefined
}

/** Stops the server, also one that another program started; false when none was running. */
export function stopEmbedded(options: EmbeddedOptions): Promise<boolean> {
  return explained('stop', options, async () => {
    for (const place of await possiblePlaces(resolve(options.directory))) {
      if (!(await ifThere(stat(place.directory)))) continue
      if (await withLock(place.lockFile, () => stopLocked(place))) return true
    }
    return false
  })
}

async function stopLocked(place: Place): Promise<boolean> {
  const server = await findServer(place.cluster)
  if (!server) return false
  await stopServer(server, place, await chooseAccount(place.cluster))
  return true
}

/** Stops the server and removes the database with all its data, wherever it lives. For throw-away databases. */
export async function removeEmbedded(options: EmbeddedOptions): Promise<void> {
  await stopEmbedded(options)
  await explained('go away', options, () => removePlaces(resolve(options.directory)))
}

async function describe(
  server: Server,
  place: Place,
  options: EmbeddedOptions,
  started: boolean,
): Promise<Embedded> {
  const password = encodeURIComponent(await readPassword(place))
  const database = encodeURIComponent(options.database)
  const url = `postgres://${superuser}:${password}@127.0.0.1:${server.port}/${database}`
  return { url, started, directory: place.directory }
}

async function explained<T>(verb: string, options: EmbeddedOptions, work: () => Promise<T>) {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = isCode(error, 'EACCES', 'EPERM')
      ? '. Run this as the user who owns the folder.'
      : ''
    throw new Error(
      `The embedded database in ${options.directory} did not ${verb}: ${reason}${advice}`,
      { cause: error },
    )
  }
}
