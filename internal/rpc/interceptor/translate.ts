import { ConnectError, type Interceptor } from '@connectrpc/connect'
import { callOf, type RpcCall } from '../call'
import { nameOfCode, toConnectError } from '../status'

/**
 * The outermost: whatever is thrown goes out as a status with details, and is remembered with the call
 * for the log and the metrics.
 */
export function translate(): Interceptor {
  return (next) => async (req) => {
    const call = callOf(req.contextValues)
    call.begun = true
    const fail = (error: unknown): never => {
      throw toRefusal(call, error)
    }
    try {
      const res = await next(req)
      call.code = 'ok'
      return res.stream ? { ...res, message: catching(res.message, fail) } : res
    } catch (error) {
      return fail(error)
    }
  }
}

/** What was thrown as it goes out, remembered with the call. */
export function toRefusal(call: RpcCall, error: unknown): ConnectError {
  const refusal = toConnectError(error, call.requestId)
  call.code = nameOfCode(refusal.code)
  call.error = error instanceof ConnectError ? (error.cause ?? error) : error
  return refusal
}

async function* catching<T>(messages: AsyncIterable<T>, fail: (error: unknown) => never) {
  try {
    yield* messages
  } catch (error) {
    fail(error)
  }
}
