import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canEnter, chooseAccount, isRoot, type Account } from './account'
import { copyName } from './binaries'
import { ifThere } from './file'

/** Where a database lives and who runs it. */
export interface Place {
  directory: string
  cluster: string
  passwordFile: string
  logFile: string
  lockFile: string
}

/** A place that is ready to be used. */
export interface PreparedPlace {
  place: Place
  /** Who runs PostgreSQL, when that is not ourselves. */
  account?: Account
  /** Makes and answers the folder for copied binaries. */
  copies(): Promise<string>
}

function placeIn(directory: string): Place {
  return {
    directory,
    cluster: join(directory, 'postgres'),
    passwordFile: join(directory, 'password'),
    logFile: join(directory, 'postgres.log'),
    lockFile: join(directory, 'start.lock'),
  }
}

/** Where a database asked for in this folder may live: there, or, as root, in its stand-in. */
export async function possiblePlaces(directory: string): Promise<Place[]> {
  const standIn = standInOf(directory)
  const places = [placeIn(directory)]
  if (isRoot() && (await ifThere(lstat(standIn)))) {
    await checkOwner(standIn)
    places.push(placeIn(join(standIn, 'data')))
  }
  return places
}

/** Decides for the folder or its stand-in, and makes it. */
export async function preparePlace(
  directory: string,
  onProgress: (line: string) => void,
): Promise<PreparedPlace> {
  const asked = placeIn(directory)
  const account = await chooseAccount(asked.cluster)
  if (!account) {
    await mkdir(directory, { recursive: true })
    return { place: asked, copies: async () => directory }
  }
  if (await canEnter(account, await nearestFolder(directory))) {
    if (await mkdir(directory, { recursive: true })) await chmod(directory, 0o755)
    return { place: asked, account, copies: () => makeStandIn(directory) }
  }
  return prepareStandIn(asked, account, onProgress)
}

async function prepareStandIn(
  asked: Place,
  account: Account,
  onProgress: (line: string) => void,
): Promise<PreparedPlace> {
  if (await ifThere(stat(asked.cluster))) {
    throw new Error(
      `${asked.directory} holds a database that its account ${account.name} cannot reach. ` +
        'Open the folders above it for that account (chmod a+x), or move it.',
    )
  }
  const standIn = await makeStandIn(asked.directory)
  const place = placeIn(join(standIn, 'data'))
  await mkdir(place.directory, { recursive: true })
  await chmod(place.directory, 0o755)
  onProgress(
    `PostgreSQL runs as ${account.name}, who cannot reach ${asked.directory}: ` +
      `the database lives in ${place.directory}`,
  )
  const owner = await chooseAccount(place.cluster)
  return { place, account: owner, copies: async () => standIn }
}

function standInOf(directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 16)
  return join('/var/tmp', `tillbook-${name}`)
}

/** Makes the folder in /var/tmp that stands in for this one. */
async function makeStandIn(directory: string): Promise<string> {
  const standIn = standInOf(directory)
  await mkdir(standIn, { recursive: true, mode: 0o755 })
  await checkOwner(standIn)
  await chmod(standIn, 0o755)
  return standIn
}

// Everybody may write to /var/tmp, so somebody else may have made this folder, to have us run their programs.
async function checkOwner(standIn: string): Promise<void> {
  const state = await lstat(standIn)
  if (state.isDirectory() && state.uid === 0 && (state.mode & 0o022) === 0) return
  throw new Error(`${standIn} was not made by root. Look who made it, and remove it.`)
}

/** Removes what was made for a database whose server is stopped, and nothing else that lies beside it. */
export async function removePlaces(directory: string): Promise<void> {
  for (const place of await possiblePlaces(directory)) {
    const { cluster, passwordFile, logFile, lockFile } = place
    for (const path of [
      cluster,
      passwordFile,
      logFile,
      lockFile,
      join(place.directory, copyName),
    ]) {
      await rm(path, { recursive: true, force: true })
    }
    await rmdir(place.directory).catch(() => {})
  }
  if (isRoot()) await rm(standInOf(directory), { recursive: true, force: true })
}

async function nearestFolder(path: string): Promise<string> {
  const state = await ifThere(stat(path))
  if (!state) return nearestFolder(dirname(path))
  if (!state.isDirectory()) throw new Error(`${path} is not a folder.`)
  return path
}
