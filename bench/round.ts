import type { BenchOptions } from './arguments'
import { fullSize, smallSize } from './data/data'
import { measure, type Measurement } from './load'
import type { BenchCase } from './report/result'
import type { BenchRoute } from './route'
import {
  startBenchServer,
  type BenchServer,
  type BenchServerOptions,
  type StoreName,
} from './server/server'

export interface RoundDeps extends BenchServerOptions {
  print(line: string): void
}

type Servers = Map<StoreName, BenchServer>

/**
 * Measures all routes with all stores, round by round, the stores of a route one after the other: what
 * the machine is like at the moment hits all alike. Each round starts new servers, because the stores in
 * memory grow.
 */
export async function measureRounds(
  options: BenchOptions,
  { print, ...deps }: RoundDeps,
): Promise<BenchCase[]> {
  const cases = options.routes.flatMap((route) =>
    route.stores.map((store) => newCase(route, store)),
  )
  for (let round = 1; round <= options.iterations; round++) {
    print(`\nRound ${round} of ${options.iterations}`)
    const servers = await startServers(cases, deps)
    try {
      for (const { benchCase, route } of cases) {
        if (benchCase.notPossible === undefined) {
          await measureCase(route, benchCase, servers.get(benchCase.store)!, options)
        }
        print(describe(benchCase))
      }
    } finally {
      await closeServers(servers)
    }
  }
  return cases.map(({ benchCase }) => benchCase)
}

interface RoutedCase {
  route: BenchRoute
  benchCase: BenchCase
}

function newCase(route: BenchRoute, store: StoreName): RoutedCase {
  return { route, benchCase: { route: route.id, title: route.title, store, rounds: [] } }
}

async function startServers(
  cases: readonly RoutedCase[],
  options: BenchServerOptions,
): Promise<Servers> {
  const servers: Servers = new Map()
  try {
    for (const store of new Set(cases.map(({ benchCase }) => benchCase.store))) {
      servers.set(store, await startBenchServer(store, options))
    }
    return servers
  } catch (error) {
    await closeServers(servers)
    throw error
  }
}

async function closeServers(servers: Servers): Promise<void> {
  for (const server of servers.values()) await server.close()
}

async function measureCase(
  route: BenchRoute,
  benchCase: BenchCase,
  server: BenchServer,
  { seconds, warmUpSeconds, connections }: BenchOptions,
): Promise<void> {
  const size = benchCase.store === 'pg-mem' ? smallSize : fullSize
  const newRequest = () => route.newRequest(size)
  if (benchCase.store === 'pg-mem' && benchCase.rounds.length === 0) {
    benchCase.notPossible = await whyNotPossible(server, newRequest())
    if (benchCase.notPossible !== undefined) return
  }
  const load = { url: server.url, connections, newRequest }
  benchCase.rounds.push(
    await measure({ ...load, seconds: warmUpSeconds })
      .then(() => measure({ ...load, seconds }))
      .catch(async (cause: unknown) => {
        const reason = (await server.takeFailure()) ?? 'nothing'
        const what = `${route.title} failed with the ${benchCase.store} store`
        throw new Error(`${what}; its server says: ${reason}`, { cause })
      }),
  )
}

/** Some queries are more than pg-mem can do; they are not bent for it. */
async function whyNotPossible(
  server: BenchServer,
  { path, ...request }: ReturnType<BenchRoute['newRequest']>,
): Promise<string | undefined> {
  const answer = await fetch(server.url + path, request)
  await answer.arrayBuffer()
  if (answer.ok) return undefined
  return (await server.takeFailure()) ?? `answered ${answer.status}`
}

function describe({ title, store, rounds, notPossible }: BenchCase): string {
  const head = `  ${title.padEnd(43)} ${store.padEnd(7)}`
  const last = rounds.at(-1)
  return last ? `${head} ${describeMeasurement(last)}` : `${head} not possible: ${notPossible}`
}

function describeMeasurement({ requestsPerSecond, p50Ms, p99Ms }: Measurement): string {
  const rate = Math.round(requestsPerSecond).toLocaleString('en').padStart(7)
  return `${rate} req/s   p50 ${p50Ms} ms   p99 ${p99Ms} ms`
}
