import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ifThere, isCode } from './file'
import { isAlive } from './program'

export interface LockTiming {
  /** How often a holder touches its file to show that it lives. */
  beatMs: number
  /** After how long without a touch its lock is taken over. */
  silenceMsMax: number
}

// A pid alone proves nothing: in a container, the next start gives the same number to another program.
const usualTiming: LockTiming = { beatMs: 1_000, silenceMsMax: 5_000 }
const waitMsMax = 180_000
const pollMs = 40

/**
 * Runs the work while no other process runs its own under the same file. The lock of a holder that is
 * gone, or silent for too long, is taken over. Should there be two holders after all, PostgreSQL's own lock
 * still lets only one server start.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  timing = usualTiming,
): Promise<T> {
  const token = `${process.pid} ${randomUUID()}`
  await acquire(file, token, timing.silenceMsMax)
  const touch = () => void utimes(file, new Date(), new Date()).catch(() => {})
  const beat = setInterval(touch, timing.beatMs)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if ((await ifThere(readFile(file, 'utf8'))) === token) await rm(file, { force: true })
  }
}

async function acquire(file: string, token: string, silenceMsMax: number): Promise<void> {
  const deadline = Date.now() + waitMsMax
  let seen = { sign: '', at: 0 }
  while (!(await create(file, token))) {
    const holder = await look(file)
    if (!holder) continue
    if (holder.sign !== seen.sign) seen = { sign: holder.sign, at: Date.now() }
    if (isGone(holder.token) || Date.now() - seen.at > silenceMsMax) {
      await takeAway(file, holder.token)
    } else if (Date.now() > deadline) {
      throw new Error(
        `Process ${parseInt(holder.token)} has been starting or stopping the database for ` +
          `${waitMsMax / 1000} s. If it hangs, end it and try again.`,
      )
    } else await delay(pollMs)
  }
}

async function create(file: string, token: string): Promise<boolean> {
  try {
    await writeFile(file, token, { flag: 'wx' })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Who holds the lock, and a sign that changes while the holder lives. */
async function look(file: string): Promise<{ token: string; sign: string } | undefined> {
  const token = await ifThere(readFile(file, 'utf8'))
  const state = await ifThere(stat(file))
  if (token === undefined || !state) return undefined
  return { token, sign: `${token} ${state.mtimeMs}` }
}

function isGone(token: string): boolean {
  const pid = parseInt(token)
  // Created, and not yet written.
  if (Number.isNaN(pid)) return false
  return !isAlive(pid)
}

/** Of several that judge a lock to be stale, one moves it away; who moved away a fresh one puts it back. */
async function takeAway(file: string, staleToken: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  await ifThere(rename(file, aside))
  const token = await ifThere(readFile(aside, 'utf8'))
  if (token === undefined) return
  if (token !== staleToken) await link(aside, file).catch(() => {})
  await rm(aside, { force: true })
}
