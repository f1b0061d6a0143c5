import type { Interceptor } from '@connectrpc/connect'
import { Fault } from '../../fault/fault'
import { rpcFaults } from '../rpc-fault'
import { nameOf, type Allowed } from '../service'

export interface AdmissionLimits {
  /** Calls under way at once, without those that anyone may make: these ask how the server is. */
  callsMax: number
  /** Streams that are open at once. */
  streamsMax: number
}

/**
 * Lets a bounded number in, and refuses the excess with rpc.busy. A place is taken until the work has
 * ended, also when nobody waits for it any more.
 */
export function admit(
  { callsMax, streamsMax }: AdmissionLimits,
  allowed: ReadonlyMap<string, Allowed>,
): Interceptor {
  const calls = newPlaces(callsMax)
  const streams = newPlaces(streamsMax)
  return (next) => async (req) => {
    if (!req.stream && allowed.get(nameOf(req.method)) === 'anyone') return next(req)
    const leave = (req.stream ? streams : calls).enter()
    let isStreaming = false
    try {
      const res = await next(req)
      if (!res.stream) return res
      isStreaming = true
      return { ...res, message: untilEnd(res.message, leave) }
    } finally {
      if (!isStreaming) leave()
    }
  }
}

function newPlaces(max: number) {
  let taken = 0
  return {
    enter(): () => void {
      if (taken >= max) throw busy()
      taken += 1
      return () => void (taken -= 1)
    },
  }
}

async function* untilEnd<T>(messages: AsyncIterable<T>, leave: () => void) {
  try {
    yield* messages
  } finally {
    leave()
  }
}

function busy(): Fault {
  return new Fault(rpcFaults.busy, {
    detail: 'More is called than can be served at once. Nothing was done; call again.',
    retryAfterSeconds: 1,
  })
}
