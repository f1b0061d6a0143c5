import type { DescMethod } from '@bufbuild/protobuf'
import type { Interceptor } from '@connectrpc/connect'
import { authFaults } from '../../auth/fault'
import type { Principal } from '../../auth/principal'
import { Fault } from '../../fault/fault'
import type { Authenticate } from '../../http/authorize'
import type { RateKind, RateLimit } from '../../http/rate-limit'
import { assertOwnSite } from '../../http/site'
import { callOf, type RpcCall } from '../call'
import { nameOf, type Allowed } from '../service'

export interface SignInOptions {
  authenticate: Authenticate
  rateLimit?: RateLimit | undefined
}

/**
 * Makes sure that the rpc is for the role of the caller, and that they do not call too often. Throws
 * auth.unauthenticated, auth.forbidden, request.too_many and what else `authenticate` does.
 */
export type Welcome = (call: RpcCall, method: DescMethod) => Promise<void>

export function newWelcome(
  { authenticate, rateLimit }: SignInOptions,
  allowed: ReadonlyMap<string, Allowed>,
): Welcome {
  return async (call, method) => {
    const roles = allowed.get(nameOf(method))
    if (roles === 'anyone') return
    // Every rpc is sent as a POST, so that a page of another site may not even read.
    assertOwnSite(call.req)
    const principal = await identify(call, authenticate, rateLimit)
    call.quota = rateLimit && (await spend(rateLimit, kindOf(method), call, principal))
    if (!roles?.includes(principal.role)) {
      throw new Fault(authFaults.forbidden, {
        detail: `This is not for the role ${principal.role}.`,
      })
    }
    call.principal = principal
  }
}

/**
 * Tells what the caller has left. Whoever came past the gate, as a message in the URL would, is asked
 * here who they are.
 */
export function signIn(welcome: Welcome): Interceptor {
  return (next) => async (req) => {
    const call = callOf(req.contextValues)
    if (!call.principal) await welcome(call, req.method)
    const res = await next(req)
    for (const [name, value] of Object.entries(call.quota ?? {})) res.header.set(name, value)
    return res
  }
}

async function identify(
  call: RpcCall,
  authenticate: Authenticate,
  rateLimit: RateLimit | undefined,
): Promise<Principal> {
  try {
    return await authenticate(call.req)
  } catch (error) {
    const isUnknown = error instanceof Fault && error.kind === 'unauthenticated'
    if (isUnknown && rateLimit) await spend(rateLimit, 'sign_in', call, { userId: '' })
    throw error
  }
}

/** Answers what the caller has left. Throws request.too_many. */
async function spend(
  rateLimit: RateLimit,
  kind: RateKind,
  { req }: RpcCall,
  { userId }: Pick<Principal, 'userId'>,
): Promise<Record<string, string>> {
  const { headers, fault } = await rateLimit.spend(kind, req, userId)
  if (fault) throw fault
  return headers
}

/** Nothing in the given .proto files says which rpcs only read; their names do. */
function kindOf({ name }: { name: string }): RateKind {
  return /^(Get|List)/.test(name) ? 'read' : 'write'
}
