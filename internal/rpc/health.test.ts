import { createClient, createRouterTransport } from '@connectrpc/connect'
import { Health, HealthCheckResponse_ServingStatus as Status } from './gen/grpc/health/v1/health_pb'
import { healthService } from './health'

function start(isReady: () => Promise<boolean>) {
  const closing = new AbortController()
  const options = { services: [], isReady, closing: closing.signal, watchIntervalMs: 1 }
  const transport = createRouterTransport((router) => healthService(options).mount(router))
  return { client: createClient(Health, transport), closing }
}

test('Watch tells what it is, what it becomes, and that it closes', async () => {
  const states = [true, true, false, false, true]
  const { client, closing } = start(async () => states.shift() ?? true)
  const seen: Status[] = []
  for await (const { status } of client.watch({})) {
    seen.push(status)
    if (seen.length === 3) closing.abort()
  }
  const { SERVING, NOT_SERVING } = Status
  expect(seen).toEqual([SERVING, NOT_SERVING, SERVING, NOT_SERVING])
})

test('Watch of a service that is not there says so, and waits on', async () => {
  const { client, closing } = start(async () => true)
  const seen: Status[] = []
  for await (const { status } of client.watch({ service: 'no.Such' })) {
    seen.push(status)
    closing.abort()
  }
  expect(seen).toEqual([Status.SERVICE_UNKNOWN])
})

test('Check says NOT_SERVING from the moment on at which it closes', async () => {
  const { client, closing } = start(async () => true)
  expect((await client.check({})).status).toBe(Status.SERVING)
  closing.abort()
  expect((await client.check({})).status).toBe(Status.NOT_SERVING)
})
