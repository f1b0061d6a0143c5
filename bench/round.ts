import type { Pool } from '../internal/postgres/pool'
import type { BenchOptions } from './arguments'
import { fullSize, smallSize } from './data/data'
import { refillCarts } from './data/shop'
import { fire, type Slice } from './load'
import { fireScript } from './plain/bulk'
import { describeCpu } from './report/format'
import { measurementOf } from './report/summary'
import type { BenchCase, Measurement } from './report/result'
import type { BenchRoute, Contender } from './route'
import {
  startBenchServers,
  type BenchServer,
  type BenchServerOptions,
  type StoreName,
} from './server/server'
import { readRssMb } from './usage'

export interface RoundDeps extends BenchServerOptions {
  /** For the script, which needs no server. */
  pool: Pool
  postmasterPid: number | undefined
  print(line: string): void
}

/** `served`: what it has answered in this round, and so compiled, and remembers the accounts of. */
type Servers = Map<Contender, BenchServer & { served: Set<string> }>

const processes = 4
/** So many times longer a server is warmed up for what it has not served yet; four processes share what one gets. */
const freshFactor = 5
const freshFactors: Partial<Record<Contender, number>> = { four: freshFactor * processes }

export function newCases(routes: readonly BenchRoute[]): BenchCase[] {
  return routes.flatMap(({ id: route, title, contenders, bulk }) =>
    contenders.map((contender) => {
      const unit = bulk ? 'transactions/s' : 'req/s'
      return { route, title, contender, unit, rounds: [] }
    }),
  )
}

/**
 * Measures all routes once. The contenders of a route take turns of a second, so that what the machine
 * is like at the moment hits all alike. Servers are new in each round, because the stores in memory
 * grow; those of the four processes stay only as long as they are measured.
 */
export async function measureRound(
  cases: readonly BenchCase[],
  options: BenchOptions,
  deps: RoundDeps,
): Promise<void> {
  const servers: Servers = new Map()
  try {
    for (const route of options.routes) {
      const own = cases.filter((one) => one.route === route.id)
      for (const { contender } of own) await startServer(servers, contender, deps)
      await measureRoute(route, own, { options, servers, deps })
      await stopServer(servers, 'four')
      for (const one of own) deps.print(describe(one))
    }
  } finally {
    for (const contender of servers.keys()) await stopServer(servers, contender)
  }
}

async function startServer(servers: Servers, contender: Contender, deps: RoundDeps) {
  if (contender === 'script' || servers.has(contender)) return
  const [store, count]: [StoreName, number] =
    contender === 'four' ? ['real', processes] : [contender, 1]
  const server = await startBenchServers(store, count, deps)
  servers.set(contender, { ...server, served: new Set() })
}

async function stopServer(servers: Servers, contender: Contender): Promise<void> {
  await servers.get(contender)?.close()
  servers.delete(contender)
}

interface RouteContext {
  options: BenchOptions
  servers: Servers
  deps: RoundDeps
}

async function measureRoute(
  route: BenchRoute,
  cases: readonly BenchCase[],
  context: RouteContext,
): Promise<void> {
  for (const one of cases) {
    if (one.rounds.length === 0) Object.assign(one, await whyNotPossible(route, one, context))
  }
  const runners = cases
    .filter(({ notPossible }) => notPossible === undefined)
    .map((one) => newRunner(route, one, context))
  for (const runner of runners) await runner.warmUp()
  const { seconds } = context.options
  for (let slice = 0; slice < seconds; slice++) {
    // There and back again, so that nobody is always the first.
    const inTurn = slice % 2 === 0 ? runners : runners.toReversed()
    for (const runner of inTurn) await runner.measure()
  }
  for (const runner of runners) runner.finish()
}

interface Runner {
  warmUp(): Promise<void>
  /** One slice of a second. */
  measure(): Promise<void>
  /** All slices become one measurement of the case. */
  finish(): void
}

function newRunner(route: BenchRoute, one: BenchCase, context: RouteContext): Runner {
  const { options, servers, deps } = context
  const server = servers.get(one.contender)
  const usage = { apiPids: server?.pids ?? [], postmasterPid: deps.postmasterPid }
  const connections = route.connections ?? options.connections
  const newRequest = () => route.newRequest(sizeOf(one))
  const load = { connections, usage, newRequest, requestsMax: route.carts }
  const slices: Slice[] = []
  let rssMb: number | undefined
  const run = async (seconds: number) => {
    if (!server) return fireScript({ ...load, seconds, pool: deps.pool, bulk: route.bulk! })
    if (route.carts) await (server.refillCarts ?? (() => refillCarts(deps.pool)))()
    return fire({ ...load, seconds, urls: server.urls }).catch(async (cause: unknown) => {
      const reason = (await server.takeFailure()) ?? 'nothing'
      const what = `${route.title} failed with ${one.contender}`
      throw new Error(`${what}; its server says: ${reason}`, { cause })
    })
  }
  return {
    async warmUp() {
      const isFresh = server && !server.served.has(pathOf(route))
      const factor = isFresh ? (freshFactors[one.contender] ?? freshFactor) : 1
      const seconds = options.warmUpSeconds * factor
      // There are carts for about a second.
      const pieces = route.carts ? Array<number>(seconds).fill(1) : [seconds]
      for (const piece of pieces) await run(piece)
      server?.served.add(pathOf(route))
    },
    async measure() {
      slices.push(await run(1))
      const now = server && readRssMb(server.pids)
      if (now !== undefined) rssMb = Math.max(rssMb ?? 0, now)
    },
    finish() {
      if (slices.every(({ count }) => count === 0)) {
        one.notPossible = `not one answer in ${slices.length} s`
        return
      }
      const perRequest = route.bulk?.transactions ?? 1
      one.rounds.push(measurementOf(slices, { perRequest, rssMb }))
    },
  }
}

/** `POST /transactions`: what the title begins with. */
const pathOf = ({ title }: BenchRoute) => title.split(',')[0]!

const sizeOf = ({ contender }: BenchCase) => (contender === 'pg-mem' ? smallSize : fullSize)

/** Some queries are more than pg-mem can do and are not bent for it; and a route may not be there. */
async function whyNotPossible(
  route: BenchRoute,
  one: BenchCase,
  { servers }: RouteContext,
): Promise<{ notPossible: string } | undefined> {
  const server = servers.get(one.contender)
  if (!server || (one.contender !== 'pg-mem' && !route.bulk)) return undefined
  const { path, keys: _, ...request } = route.newRequest(sizeOf(one))
  const answer = await fetch(server.urls[0] + path, request)
  const text = await answer.text()
  if (!answer.ok) {
    return { notPossible: (await server.takeFailure()) ?? `answered ${answer.status}` }
  }
  const created = text.match(/"status":"created"/g)?.length ?? 0
  if (!route.bulk || created === route.bulk.transactions) return undefined
  throw new Error(
    `${route.title}: only ${created} transactions were created: ${text.slice(0, 500)}`,
  )
}

function describe({ title, contender, unit, rounds, notPossible }: BenchCase): string {
  const head = `  ${title.padEnd(56)} ${contender.padEnd(7)}`
  const last = rounds.at(-1)
  return last
    ? `${head} ${describeMeasurement(last, unit)}`
    : `${head} not possible: ${notPossible}`
}

function describeMeasurement(measurement: Measurement, unit: string): string {
  const { perSecond, p50Ms, p99Ms, cpuMicros } = measurement
  const rate = Math.round(perSecond).toLocaleString('en').padStart(7)
  return `${rate} ${unit}   p50 ${p50Ms} ms   p99 ${p99Ms} ms   CPU ${describeCpu(cpuMicros)}`
}
