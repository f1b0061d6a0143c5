import { setTimeout as sleep } from 'node:timers/promises'
import type { DescService } from '@bufbuild/protobuf'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { Health, HealthCheckResponse_ServingStatus as Status } from './gen/grpc/health/v1/health_pb'
import { openService, type RpcService } from './service'

export interface HealthOptions {
  /** Those that are asked about by name; '' is the server as a whole, and all are as well as it is. */
  services: readonly DescService[]
  isReady(): Promise<boolean>
  /** Ends all watches: the server is about to close. */
  closing: AbortSignal
  watchIntervalMs?: number
}

/** The health protocol of gRPC, as load balancers and Kubernetes ask it. */
export function healthService(options: HealthOptions): RpcService {
  const { services, isReady, closing, watchIntervalMs = 1000 } = options
  const names = new Set(['', Health.typeName, ...services.map(({ typeName }) => typeName)])
  const look = async () => {
    if (closing.aborted) return Status.NOT_SERVING
    return (await isReady()) ? Status.SERVING : Status.NOT_SERVING
  }

  /** What it is now, then what it becomes. */
  async function* watch(known: boolean, signal: AbortSignal) {
    const ended = AbortSignal.any([signal, closing])
    let told: Status | undefined
    while (!signal.aborted) {
      const isLast = closing.aborted
      const status = known ? await look() : Status.SERVICE_UNKNOWN
      if (status !== told) yield { status: (told = status) }
      if (isLast) return
      await sleep(watchIntervalMs, undefined, { signal: ended }).catch(() => {})
    }
  }

  return openService(Health, {
    async check({ service }) {
      if (names.has(service)) return { status: await look() }
      throw new ConnectError('There is no such service.', Code.NotFound)
    },
    watch: ({ service }, { signal }: HandlerContext) => watch(names.has(service), signal),
  })
}
