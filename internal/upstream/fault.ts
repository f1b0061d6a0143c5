import { Fault, type FaultSpec } from '../fault/fault'

/** Why a service that is called over HTTP gave no answer to go by. */
export const upstreamFaults = {
  timeout: {
    kind: 'unavailable',
    code: 'upstream.timeout',
    title: 'A service did not answer in time',
    status: 504,
  },
  unreachable: {
    kind: 'unavailable',
    code: 'upstream.unreachable',
    title: 'A service cannot be reached',
  },
  busy: {
    kind: 'unavailable',
    code: 'upstream.busy',
    title: 'A service is not asked for the moment',
  },
  failed: {
    kind: 'unavailable',
    code: 'upstream.failed',
    title: 'A service failed',
    status: 502,
  },
  invalid: {
    kind: 'unavailable',
    code: 'upstream.invalid',
    title: 'A service gave an answer that cannot be used',
    status: 502,
  },
} as const satisfies Record<string, FaultSpec>

export type UpstreamFaultName = keyof typeof upstreamFaults

const sentences: Record<UpstreamFaultName, string> = {
  timeout: 'did not answer in time',
  unreachable: 'cannot be reached',
  busy: 'is not asked for the moment, because it fails or has too much to do',
  failed: 'failed',
  invalid: 'gave an answer that cannot be used',
}

export interface UpstreamFaultOptions {
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** A fault of the service of that name. What it said itself is in the cause only. */
export function upstreamFault(
  service: string,
  name: UpstreamFaultName,
  { retryAfterMs, cause }: UpstreamFaultOptions = {},
): Fault {
  return new Fault(upstreamFaults[name], {
    detail: `The ${service} service ${sentences[name]}.`,
    members: { upstream: service },
    ...(retryAfterMs !== undefined && { retryAfterSeconds: retryAfterMs / 1000 }),
    cause,
  })
}

/** Which of them an error is; undefined for all else, as a caller's abort. */
export function upstreamFaultName(error: unknown): UpstreamFaultName | undefined {
  if (!(error instanceof Fault)) return undefined
  const names = Object.keys(upstreamFaults) as UpstreamFaultName[]
  return names.find((name) => upstreamFaults[name] === error.spec)
}
