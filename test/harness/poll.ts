import { setTimeout as sleep } from 'node:timers/promises'

export interface PollOptions {
  /** What is waited for, for the message when it does not come. */
  what: string
  /** How long it may take on a machine that is busy with other things; nobody waits longer than it takes. */
  timeoutMs?: number
}

const intervalMs = 20

/** Asks until the answer is neither false nor undefined; fails at the deadline. */
export async function pollUntil<T>(
  ask: () => Promise<T | false | undefined> | T | false | undefined,
  { what, timeoutMs = 30_000 }: PollOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`no ${what} within ${timeoutMs} ms`)
    await sleep(intervalMs)
  }
}
