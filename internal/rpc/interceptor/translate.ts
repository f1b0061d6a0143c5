import { ConnectError, type Interceptor } from '@connectrpc/connect'
import { callOf } from '../call'
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
      const refusal = toConnectError(error, call.requestId)
      call.code = nameOfCode(refusal.code)
      call.error = error instanceof ConnectError ? (error.cause ?? error) : error
      throw refusal
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

async function* catching<T>(messages: AsyncIterable<T>, fail: (error: unknown) => never) {
  try {
    yield* messages
  } catch (error) {
    fail(error)
  }
}
