import type { FaultSpec } from '../fault/fault'

/** What the transport refuses, whatever is called; request.timeout is the one of HTTP. */
export const rpcFaults = {
  busy: { kind: 'too_many', code: 'rpc.busy', title: 'More is called than can be served at once' },
} as const satisfies Record<string, FaultSpec>
