import { databaseUnavailable } from '../../internal/fault/fault'
import { version } from '../../internal/build/build'
import { newOpenApi } from '../../internal/http/openapi'
import { newAsyncApi } from '../../pkg/outbox/dto/asyncapi'
import { orderCreatedSchema } from '../../pkg/outbox/dto/message'
import { newRoutes } from '../api/routes'

/**
 * What GET /openapi.json answers, but for the version: only the major one stands here, so that the
 * file changes when the API does and not with each release.
 */
export function apiReference(): string {
  const [major = ''] = version().split('.')
  const info = { title: 'Tillbook', version: major }
  // The routes are looked at and never called, so there is nothing behind them.
  const routes = newRoutes({} as Parameters<typeof newRoutes>[0])
  return JSON.stringify(newOpenApi({ routes, info, faults: [databaseUnavailable] }), null, 2)
}

/** What is published to the broker, as an AsyncAPI document, and the schema of each message alone. */
export function messageReference(): [path: string, text: string][] {
  const [major = ''] = version().split('.')
  return [
    ['docs/asyncapi.json', JSON.stringify(newAsyncApi(major), null, 2)],
    ['docs/order-created.schema.json', JSON.stringify(orderCreatedSchema(), null, 2)],
  ]
}
