import type { ApiConfig } from '../../../config/config'
import type { FaultSpec } from '../../../internal/fault/fault'
import { newAddressOf } from '../../../internal/http/address'
import { newAdmission } from '../../../internal/http/admission'
import { newHttpApp, type HttpAppOptions } from '../../../internal/http/app'
import { startServer, type RunningServer } from '../../../internal/http/server'
import type { Metrics } from '../../../internal/metrics/metrics'

export interface HttpDeps extends Pick<
  HttpAppOptions,
  'routes' | 'authenticate' | 'confirm' | 'rateLimit' | 'tracer' | 'log'
> {
  faults: readonly FaultSpec[]
  metrics: Pick<Metrics, 'observeRequest'>
  version: string
}

/** Serves routes over HTTP, with all that stands before them. */
export function startHttp(
  { http, auth }: Pick<ApiConfig, 'http' | 'auth'>,
  { metrics, version, ...deps }: HttpDeps,
): Promise<RunningServer> {
  const { routes, log } = deps
  const admission = newAdmission({
    routes,
    requestsMax: http.requests_max,
    largeRequestsMax: http.large_requests_max,
    uploads: { max: http.uploads_max, ofNetworkMax: http.uploads_of_address_max },
    addressOf: newAddressOf(auth.trusted_proxies),
    log,
  })
  const app = newHttpApp({
    ...deps,
    info: { title: 'Tillbook', version },
    awaitBody: admission.awaitBody,
    bodyBytesMax: http.body_bytes_max,
    requestTimeoutMs: http.request_timeout_ms,
    observe: metrics.observeRequest,
    streamLimits: { wholeTimeoutMs: http.stream_timeout_ms },
  })
  return startServer({
    app,
    guard: admission.guard,
    host: http.host,
    port: http.port,
    shutdownTimeoutMs: http.shutdown_timeout_ms,
    log,
  })
}
