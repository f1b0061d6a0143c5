import { newOutage } from '../lease/outage'
import type { Log } from '../log/log'
import type { Script } from './script'
import { openSession, type Session, type SessionSettings } from './session'

/** A Redis that nothing depends on: whoever asks has an answer of their own for when it is away. */
export interface Redis {
  /**
   * What the script returns. Undefined at once while Redis is away; resolves to undefined when it turns out
   * to be. Never rejects.
   */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly number[],
  ): Promise<unknown> | undefined
  isThere(): boolean
  close(): Promise<void>
}

export interface RedisOptions extends SessionSettings {
  log: Log
  /** The first pause before it is tried again, and the longest. */
  retryMsMin?: number
  retryMsMax?: number
  /** A connection is over the outage when it has answered for that long: one that comes and goes is one. */
  settleMs?: number
}

/** Tries once before it resolves, and goes on trying by itself; never rejects. */
export async function openRedis(options: RedisOptions): Promise<Redis> {
  const { log, retryMsMin = 100, retryMsMax = 2000, settleMs = 1000 } = options
  const outage = newOutage({
    ...{ log, message: 'Redis does not answer: each process counts for itself' },
    ...{ baseMs: retryMsMin, capMs: retryMsMax },
  })
  let session: Session | undefined
  let openedAtMs = 0
  let timer: NodeJS.Timeout | undefined
  let connecting = Promise.resolve()
  let isClosed = false

  function connect(): void {
    connecting = tryOnce().catch(wait)
  }
  async function tryOnce(): Promise<void> {
    const opened = await openSession(options)
    if (isClosed) return opened.drop()
    session = opened
    openedAtMs = performance.now()
    void opened.broken.then((error) => {
      if (session === opened) lose(error)
    })
  }
  function lose(error: unknown): void {
    session?.drop()
    session = undefined
    wait(error)
  }
  function wait(error: unknown): void {
    if (isClosed) return
    timer = setTimeout(connect, outage.failed(error)).unref()
  }
  async function ask(asked: Session, ...command: Parameters<Session['run']>): Promise<unknown> {
    try {
      const reply = await asked.run(...command)
      if (performance.now() - openedAtMs >= settleMs) outage.worked()
      return reply
    } catch (error) {
      if (session === asked) lose(error)
      return undefined
    }
  }

  connect()
  await connecting
  return {
    run: (script, keys, args) => session && ask(session, script, keys, args),
    isThere: () => session !== undefined,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await connecting
      session?.drop()
      session = undefined
    },
  }
}
