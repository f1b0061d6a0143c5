import type { IncomingMessage, ServerResponse } from 'node:http'
import { networkOf } from '../auth/attempt'
import { Fault } from '../fault/fault'
import type { Counted, Rate } from '../rate/memory'
import type { Quota, Standing } from '../rate/rate'
import { generalFaults } from './general-fault'

/** What is counted apart: a reader shall not keep itself from writing. */
export type RateKind = 'read' | 'write' | 'sign_in'

export interface RateLimitOptions {
  rates: Record<RateKind, Rate>
  addressOf(req: IncomingMessage): string
  /** Told of each refusal. */
  onRefused(): void
}

/** What one request has taken, to be told to whoever sent it. */
export interface Spent {
  /** The fields of the draft of the IETF's working group on HTTP APIs, "RateLimit header fields for HTTP". */
  headers: Record<string, string>
  /** request.too_many, when there was nothing left to take. */
  fault: Fault | undefined
}

/** Bounds how often a user may ask or, without one, an address. */
export interface RateLimit {
  /** Takes one request. At once unless Redis has to be asked. */
  spend(kind: RateKind, req: IncomingMessage, userId: string): Spent | Promise<Spent>
}

export function newRateLimit({ rates, addressOf, onRefused }: RateLimitOptions): RateLimit {
  function conclude(kind: RateKind, standing: Standing): Spent {
    const { quota } = rates[kind]
    if (!standing.isAllowed) onRefused()
    return {
      headers: toHeaders(quota, standing),
      fault: standing.isAllowed ? undefined : tooMany(kind, quota, standing),
    }
  }
  return {
    spend(kind, req, userId) {
      const standing = rates[kind].take(
        userId === '' ? fromAddress(addressOf(req)) : { of: 'user', id: userId },
      )
      if (!(standing instanceof Promise)) return conclude(kind, standing)
      return standing.then((found) => conclude(kind, found))
    },
  }
}

/** Takes one request and tells in the answer what is left. Throws, or rejects with, request.too_many. */
export function spendAndTell(
  limit: RateLimit,
  kind: RateKind,
  { req, res, userId }: { req: IncomingMessage; res: ServerResponse; userId: string },
): void | Promise<void> {
  const tell = ({ headers, fault }: Spent) => {
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    if (fault) throw fault
  }
  const spent = limit.spend(kind, req, userId)
  return spent instanceof Promise ? spent.then(tell) : tell(spent)
}

export function kindOfMethod(method: string | undefined): RateKind {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

function fromAddress(address: string): Counted {
  return { of: 'address', id: networkOf(address) }
}

function toHeaders({ name, max, windowMs }: Quota, { remaining, resetSeconds }: Standing) {
  return {
    'RateLimit-Policy': `"${name}";q=${max};w=${Math.ceil(windowMs / 1000)}`,
    RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
  }
}

const wordOf: Record<RateKind, string> = {
  read: 'requests that read',
  write: 'requests that write',
  sign_in: 'requests without a valid sign-in',
}

function tooMany(kind: RateKind, { max, windowMs }: Quota, standing: Standing): Fault {
  const seconds = Math.ceil(standing.retryAfterSeconds)
  return new Fault(generalFaults.tooMany, {
    detail:
      `The limit on ${wordOf[kind]} is ${max} within ${windowMs / 1000} s. Nothing was done; ` +
      `send it again in ${seconds} s.`,
    retryAfterSeconds: seconds,
  })
}
