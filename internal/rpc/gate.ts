import type { IncomingMessage } from 'node:http'
import type { DescMethod } from '@bufbuild/protobuf'
import type { UniversalServerRequest } from '@connectrpc/connect/protocol'
import { networkOf } from '../auth/attempt'
import { Fault } from '../fault/fault'
import { newCrowd, type CrowdLimits } from '../http/crowd'
import { generalFaults } from '../http/general-fault'
import type { NodeRequest, NodeResponse, RpcCall } from './call'
import type { Welcome } from './interceptor/sign-in'
import { toRefusal } from './interceptor/translate'
import { rpcFaults } from './rpc-fault'

export interface GateOptions {
  welcome: Welcome
  addressOf(req: IncomingMessage): string
  /** Messages that are on their way. */
  uploads: CrowdLimits
}

export interface Visit {
  call: RpcCall
  method: DescMethod
  req: NodeRequest
  res: NodeResponse
}

type Body = UniversalServerRequest['body']

/**
 * Stands before the body of a call. Whoever may not call is refused when the first byte of it is asked for,
 * before anything is read, decompressed or parsed, and in the words of the protocol they speak.
 */
export function newGate({ welcome, addressOf, uploads }: GateOptions) {
  const crowd = newCrowd(uploads)
  return (body: Body, visit: Visit): Body => {
    if (!isStream(body)) return body
    return pass(body, visit)
  }

  async function* pass(body: AsyncIterable<Uint8Array>, visit: Visit) {
    const { call, method, req, res } = visit
    const { until, stop } = newInterruption()
    call.giveUp = stop
    let leave = () => {}
    let isWelcome = false
    const bytes = body[Symbol.asyncIterator]()
    try {
      await until(welcome(call, method))
      isWelcome = true
      // A stream that is written to for as long as it is open has a bound of its own.
      if (isReadFirst(method))
        leave = crowd.enter(networkOf(addressOf(call.req)), () => stop(newSlow()))
      res.once('close', leave)
      for (let next = await until(bytes.next()); !next.done; next = await until(bytes.next())) {
        yield next.value
      }
    } catch (error) {
      // What the caller still sends is dropped, and over HTTP/1.1 that goes with the connection only.
      if (!('stream' in res) && !req.complete && !res.headersSent) res.shouldKeepAlive = false
      throw error instanceof Fault || !isWelcome ? toRefusal(call, error) : error
    } finally {
      call.giveUp = undefined
      leave()
      bytes.return?.().then(nothing, nothing)
    }
  }
}

const nothing = () => {}

function isStream(body: Body): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

/** Its one message is read whole before the work begins. */
function isReadFirst({ methodKind }: DescMethod): boolean {
  return methodKind === 'unary' || methodKind === 'server_streaming'
}

/** Not a promise to race with: each race would leave a listener there. */
function newInterruption() {
  let why: Fault | undefined
  let wake = (_why: Fault) => {}
  return {
    stop(fault: Fault) {
      why ??= fault
      wake(why)
    },
    until<T>(work: Promise<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        wake = reject
        work.then(resolve, reject)
        if (why) reject(why)
      })
    },
  }
}

/** For a message that is not there in the time of a call. */
export function newLate(callTimeoutMs: number): Fault {
  return new Fault(generalFaults.timeout, {
    detail: `The message did not arrive within ${callTimeoutMs} ms. Nothing was done; call again.`,
  })
}

function newSlow(): Fault {
  return new Fault(rpcFaults.busy, {
    detail:
      'More messages were awaited than there is room for, and this one had been awaited the longest. ' +
      'Nothing was done; call again, and send as fast as you can.',
    retryAfterSeconds: 1,
  })
}
