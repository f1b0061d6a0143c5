import type { IncomingMessage } from 'node:http'
import type { ApiConfig } from '../../../config/config'
import type { Authenticate } from '../../../internal/http/authorize'
import type { RateLimit } from '../../../internal/http/rate-limit'
import type { RunningServer } from '../../../internal/http/server'
import type { Log } from '../../../internal/log/log'
import { startRpcServer } from '../../../internal/rpc/server'
import type { Tracer } from '../../../internal/trace/tracer'
import type { Watch } from '../routes'
import { newServices, type RpcApps } from '../rpc/services'

export interface RpcDeps extends RpcApps, Watch {
  authenticate: Authenticate
  addressOf(req: IncomingMessage): string
  rateLimit: RateLimit | undefined
  log: Log
  tracer: Tracer | undefined
}

/** Serves gRPC, unless nothing is configured for it. Its watchers are told first that it closes. */
export async function startRpc(
  { rpc, http, environment }: ApiConfig,
  deps: RpcDeps,
): Promise<RunningServer | undefined> {
  if (!rpc) return undefined
  const { items, carts, authenticate, metrics, log } = deps
  const closing = new AbortController()
  const isReady = () =>
    deps.whyNotReady().then(
      (why) => why === undefined,
      () => false,
    )
  const reflects = environment === 'local'
  const server = await startRpcServer({
    services: newServices({ items, carts, isReady, closing: closing.signal, reflects }),
    authenticate,
    addressOf: deps.addressOf,
    rateLimit: deps.rateLimit,
    observe: metrics.observeCall,
    tracer: deps.tracer,
    log,
    host: rpc.host,
    port: rpc.port,
    messageBytesMax: rpc.message_bytes_max,
    callsMax: rpc.calls_max,
    streamsMax: rpc.streams_max,
    streamsPerConnectionMax: rpc.streams_per_connection_max,
    uploads: { max: rpc.uploads_max, ofNetworkMax: rpc.uploads_of_address_max },
    connections: { max: rpc.connections_max, ofNetworkMax: rpc.connections_of_address_max },
    callTimeoutMs: rpc.call_timeout_ms,
    idleTimeoutMs: rpc.idle_timeout_ms,
    shutdownTimeoutMs: http.shutdown_timeout_ms,
  })
  const close = () => {
    closing.abort()
    return server.close()
  }
  return { port: server.port, close }
}
