import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { bigSizeOf, timeOfEntry, year } from './book'
import { newLatencyClient } from './client'
import { latencyRoutes, measureLatency, newLatencyCase, statementPath } from './latency'

const size = bigSizeOf(100_000)
const page = latencyRoutes.find(({ id }) => id === 'big-page')!
const statement = latencyRoutes.find(({ id }) => id === 'big-statement')!

/** One round against a server of the test's own. */
async function measure(route: typeof page, answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = newLatencyClient(`http://127.0.0.1:${port}`)
  const latencyCase = newLatencyCase(route, size)
  try {
    await measureLatency(route, size, { client, latencyCase })
    return latencyCase
  } finally {
    client.close()
    server.closeAllConnections()
    server.close()
  }
}

test('asks the large account and the small one in turn, never the same twice', async () => {
  const urls: string[] = []
  const { rounds } = await measure(page, (req, res) => {
    urls.push(req.url!)
    res.end('{}')
  })
  expect(rounds).toHaveLength(1)
  expect(rounds[0]!.large.samples).toBe(rounds[0]!.small.samples)
  const accounts = urls.map((url) => url.split('/')[2])
  expect(accounts).toEqual(urls.map((_, i) => (i % 2 === 0 ? 'large' : 'small')))
  expect(new Set(urls).size).toBe(urls.length)
})

test('does not wait for the end of a statement whose first byte it measures', async () => {
  let ended = 0
  const { rounds } = await measure(statement, (_req, res) => {
    res.write('{')
    void sleep(60_000, undefined, { ref: false }).then(() => res.end(`${++ended}`))
  })
  expect(rounds[0]!.large.samples).toBeGreaterThan(100)
  expect(ended).toBe(0)
})

test('says why a route that is not there cannot be measured', async () => {
  const measured = await measure(page, (_req, res) => {
    res.writeHead(404).end('{"code":"route.not_found"}')
  })
  expect(measured).toMatchObject({ rounds: [], notPossible: 'answered 404 route.not_found' })
})

test('cuts a statement to as many entries as it is asked for', () => {
  const { large } = size
  const path = new URL(statementPath(large, 1000), 'http://localhost')
  expect(path.searchParams.get('from')).toBe(year.from)
  const to = path.searchParams.get('to')!
  expect(to > timeOfEntry(999, large) && to < timeOfEntry(1000, large)).toBe(true)
})
