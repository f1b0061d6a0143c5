import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log/log'
import { pauseMs, type Backoff } from './backoff'
import { openSession, type Session, type SessionSettings } from './session'

export const connectionStates = ['away', 'open', 'blocked', 'closed'] as const
export type ConnectionState = (typeof connectionStates)[number]

/** Keeps one session open with a broker that comes and goes. */
export interface Keeper {
  /**
   * Resolves with true when messages can be published: connects, again and again, with growing pauses,
   * and waits while the broker is blocked. False when it was closed.
   */
  ready(): Promise<boolean>
  /** Tries once, and at once; answers whether there is a session. */
  open(): Promise<boolean>
  /** The last one that there was, which may have ended. */
  session(): Session | undefined
  /** The broker does its work: the next pause is a short one again. */
  worked(): void
  state(): ConnectionState
  close(): Promise<void>
}

const goodbyeMs = 500
const blockedPollMs = 100

export function newKeeper(settings: SessionSettings, backoff: Backoff, log: Log): Keeper {
  const closing = new AbortController()
  const aborted = once(closing.signal, 'abort')
  const broker = nameOf(settings.url)
  let session: Session | undefined
  // Tries to connect, and connections that were lost, since the broker last did its work.
  let failures = 0

  const isOpen = () => session?.isOpen() ?? false

  async function open(): Promise<boolean> {
    try {
      const opened = await openSession(settings)
      session = opened
      void opened.ended.then(() => onEnded(opened))
      if (closing.signal.aborted) await opened.close(goodbyeMs)
      else log.info({ broker }, 'connected to the broker')
    } catch (error) {
      complain(error)
    }
    return isOpen()
  }

  function onEnded(ended: Session): void {
    if (!closing.signal.aborted) complain(new Error(ended.refusal()?.reason ?? 'it was lost'))
  }

  /** The first of many failures, the second, the fourth, …: a broker may be away for hours. */
  function complain(err: unknown): void {
    failures += 1
    if (!Number.isInteger(Math.log2(failures))) return
    log.warn({ err, failures, broker }, 'there is no connection to the broker; trying on')
  }

  /** Ends at once when it is closed. */
  const pause = (ms: number) => sleep(ms, undefined, { signal: closing.signal }).catch(() => {})

  async function ready(): Promise<boolean> {
    while (!closing.signal.aborted) {
      if (isOpen() && !session!.isBlocked()) return true
      if (isOpen()) {
        await pause(blockedPollMs)
        continue
      }
      if (failures > 0) await pause(pauseMs(failures, backoff, Math.random()))
      // A try that is under way when it is closed ends by itself, and lets go.
      if (!closing.signal.aborted) await Promise.race([open(), aborted])
    }
    return false
  }

  return {
    ready,
    open,
    session: () => session,
    worked: () => void (failures = 0),
    state() {
      if (closing.signal.aborted) return 'closed'
      if (!isOpen()) return 'away'
      return session!.isBlocked() ? 'blocked' : 'open'
    },
    async close() {
      closing.abort()
      await session?.close(goodbyeMs)
    },
  }
}

/** Host and virtual host; never the password. */
function nameOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}
