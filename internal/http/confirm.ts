import { authFaults } from '../auth/fault'
import type { Principal } from '../auth/principal'
import { Fault } from '../fault/fault'
import { toProblem } from './problem'
import type { Pieces } from './stream'

/** Whether somebody who has signed in may still do what they could then. May throw: then nobody knows. */
export type Confirm = (principal: Principal) => Promise<boolean>

export interface ConfirmOptions {
  isStill(): Promise<boolean>
  intervalMs: number
  requestId: string
}

/**
 * The pieces of server-sent events for as long as their reader is who they were when it began, looked at
 * now and then; afterwards one last event says why there are no more. What cannot be found out, as while
 * the database is away, ends nothing: there is nothing new to read then either.
 */
export function whileConfirmed(pieces: Pieces, options: ConfirmOptions): Pieces {
  return { [Symbol.asyncIterator]: () => iterate(pieces[Symbol.asyncIterator](), options) }
}

type Result = IteratorResult<string | Buffer>

const done: Result = { done: true, value: undefined }

function iterate(
  inner: AsyncIterator<string | Buffer>,
  { isStill, intervalMs, requestId }: ConfirmOptions,
): AsyncIterator<string | Buffer> {
  let state: 'reads' | 'refused' | 'over' = 'reads'
  let wake = () => {}
  let isLooking = false
  const letGo = () => void inner.return?.().then(nothing, nothing)

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    const may = await isStill().catch(() => true)
    isLooking = false
    if (may || state !== 'reads') return
    state = 'refused'
    clearInterval(timer)
    letGo()
    wake()
  }
  const timer = setInterval(() => void look(), intervalMs)

  function farewell(): Result {
    if (state === 'over') return done
    state = 'over'
    return { done: false, value: lastEvent(requestId) }
  }
  return {
    next() {
      if (state !== 'reads') return Promise.resolve(farewell())
      return new Promise((resolve, reject) => {
        wake = () => resolve(farewell())
        inner.next().then((result) => {
          if (result.done) clearInterval(timer)
          // Whoever woke up has answered already.
          if (state === 'reads') resolve(result)
        }, reject)
      })
    },
    async return() {
      clearInterval(timer)
      state = 'over'
      await inner.return?.()
      return done
    },
  }
}

const nothing = () => {}

function lastEvent(requestId: string): string {
  const fault = new Fault(authFaults.unauthenticated, {
    detail: 'The password or the role has changed since this stream began. Sign in again.',
  })
  return `event: end\ndata: ${JSON.stringify(toProblem(fault, requestId))}\n\n`
}
