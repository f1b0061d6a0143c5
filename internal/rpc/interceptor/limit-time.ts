import { ConnectError, type Interceptor } from '@connectrpc/connect'
import { Fault } from '../../fault/fault'
import { generalFaults } from '../../http/general-fault'

/**
 * Refuses when the time is over, the caller's or ours, whichever ends first, or when the caller has gone.
 * What was begun goes on until it ends by itself; what can stop earlier is told by the signal.
 */
export function limitTime(timeoutMs: number): Interceptor {
  return (next) => async (req) => {
    if (req.stream) return next(req)
    const limit = new AbortController()
    const giveUp = () => limit.abort(ConnectError.from(req.signal.reason))
    if (req.signal.aborted) giveUp()
    req.signal.addEventListener('abort', giveUp, { once: true })
    const timer = setTimeout(() => limit.abort(tooLate(timeoutMs)), timeoutMs)
    try {
      limit.signal.throwIfAborted()
      return await Promise.race([next({ ...req, signal: limit.signal }), aborted(limit.signal)])
    } finally {
      clearTimeout(timer)
      req.signal.removeEventListener('abort', giveUp)
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function tooLate(timeoutMs: number): Fault {
  const detail =
    `There was no result within ${timeoutMs} ms, and it is unknown whether the call was carried out. ` +
    'Read what became of it before you call again.'
  return new Fault(generalFaults.timeout, { detail })
}
