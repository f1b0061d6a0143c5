import type { Log } from '../log/log'

/** For connections that are cut at the limit to be closed. */
const cutGraceMs = 250

/**
 * Closing answers, commits and lets go in this order, and all of it takes no longer than this: a database
 * that says nothing in the middle of a commit may keep what waits for it for longer than anybody waits
 * for us. What is given up is in the database whole or not at all, and its caller has no answer.
 */
export async function closeWithin(
  timeoutMs: number,
  closed: Promise<void>,
  log: Log,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    const giveUp = () => {
      log.warn({ timeout_ms: timeoutMs }, 'closing took too long: what was under way is given up')
      resolve()
    }
    // After the server has cut what is left at its own limit, and told those who hang on it.
    timer = setTimeout(giveUp, timeoutMs + cutGraceMs)
  })
  await Promise.race([closed, late]).finally(() => clearTimeout(timer))
}
