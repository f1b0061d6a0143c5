import type { DescService, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { ConnectRouter, HandlerContext, ServiceImpl } from '@connectrpc/connect'
import type { Principal, Role } from '../auth/principal'
import type { Traceparent } from '../trace/traceparent'
import { callOf } from './call'

/** What a handler is told beside the message. */
export interface RpcInput {
  principal: Principal
  requestId: string
  /** Aborted when the caller has gone, or the time is over. */
  signal: AbortSignal
  /** W3C trace context for whatever is done on the call's behalf. */
  traceparent: Traceparent
}

/** One rpc as it is written: who may call it, and what it does. */
export interface Rpc<Method extends DescMethod> {
  roles: readonly Role[]
  handle(
    message: MessageShape<Method['input']>,
    input: RpcInput,
  ): Promise<MessageInitShape<Method['output']>>
}

type Rpcs<Service extends DescService> = {
  [Name in keyof Service['method']]: Rpc<Service['method'][Name]>
}

/** Roles that may call an rpc; `anyone`: signed in or not. */
export type Allowed = readonly Role[] | 'anyone'

/** A service as the server sees it. */
export interface RpcService {
  desc: DescService
  /** By the name of the method as it stands in the code. */
  allowed: Readonly<Record<string, Allowed>>
  mount(router: ConnectRouter): void
}

/** Declares a service whose callers have signed in. */
export function service<Service extends DescService>(
  desc: Service,
  rpcs: Rpcs<Service>,
): RpcService {
  const entries = Object.entries<Rpc<DescMethod>>(rpcs)
  const handlers = Object.fromEntries(entries.map(([name, { handle }]) => [name, serve(handle)]))
  return {
    desc,
    allowed: Object.fromEntries(entries.map(([name, { roles }]) => [name, roles])),
    // The handlers are made from these very rpcs, which the erased type cannot say.
    mount: (router) => void router.service(desc, handlers as Partial<ServiceImpl<Service>>),
  }
}

/** Declares a service that anyone may call, signed in or not. */
export function openService<Service extends DescService>(
  desc: Service,
  implementation: ServiceImpl<Service>,
): RpcService {
  const allowed = Object.keys(implementation).map((name) => [name, 'anyone'] as const)
  return {
    desc,
    allowed: Object.fromEntries(allowed),
    mount: (router) => void router.service(desc, implementation as Partial<ServiceImpl<Service>>),
  }
}

function serve(handle: Rpc<DescMethod>['handle']) {
  return (message: MessageShape<DescMethod['input']>, context: HandlerContext) => {
    const { principal, requestId, traceparent } = callOf(context.values)
    // Nobody comes here without having signed in; should that ever break, it fails closed.
    if (!principal) throw new Error('a call came past the sign-in')
    return handle(message, { principal, requestId, traceparent, signal: context.signal })
  }
}

/** Its name in logs and metrics: `item.Item/Get`. */
export function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`
}

/**
 * Who may call what, by the rpc's name. Throws when an rpc says nothing of it, or lets nobody in, and
 * when a service is there twice: such a server must not start.
 */
export function collectAllowed(services: readonly RpcService[]): ReadonlyMap<string, Allowed> {
  const all = new Map<string, Allowed>()
  for (const { desc, allowed } of services) {
    for (const method of desc.methods) {
      const name = nameOf(method)
      const own = Object.hasOwn(allowed, method.localName) ? allowed[method.localName] : undefined
      if (!own?.length) throw new Error(`${name} does not say who may call it`)
      if (all.has(name)) throw new Error(`${name} is there twice`)
      all.set(name, own)
    }
  }
  return all
}
