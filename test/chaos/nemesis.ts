import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { Proxy, ProxyMode } from '../harness/proxy'
import type { Book } from './book'
import * as sql from './nemesis.sql.ts'
import { describeFault, type FaultKind, type PlannedFault } from './plan'
import { inflictOutside } from './nemesis-outside'
import type { Outside } from './outside'
import type { ApiProcess, Process } from './process'
import { onDatabase, type OwnServer } from './server'

/** What the nemesis has in its hands. */
export interface Scene {
  server: OwnServer
  apis: readonly ApiProcess[]
  /** Between each of them and the database. */
  networks: readonly Proxy[]
  workers: readonly Process[]
  workerNetworks: readonly Proxy[]
  outside: Outside
  book: Book
}

/** One line of the timeline. */
export interface Inflicted {
  fault: PlannedFault
  /** What it came to: `4 commits cut`. */
  effect: string
}

export interface NemesisOptions {
  scene: Scene
  plan: readonly PlannedFault[]
  /** Milliseconds since the start. */
  nowMs(): number
  tell(line: string): void
  /** Aborted when the run is given up. */
  signal: AbortSignal
}

/** Carries the plan out; resolves when the last fault is healed. */
export async function runNemesis(options: NemesisOptions): Promise<Inflicted[]> {
  const { plan, nowMs, signal } = options
  return Promise.all(
    plan.map(async (fault) => {
      await sleep(Math.max(0, fault.atMs - nowMs()), undefined, { signal })
      return inflictOne(fault, options)
    }),
  )
}

async function inflictOne(
  fault: PlannedFault,
  { scene, nowMs, tell, signal }: NemesisOptions,
): Promise<Inflicted> {
  const startedMs = nowMs()
  const heal = await inflict[fault.kind](scene, fault)
  await sleep(fault.lastsMs, undefined, { signal }).catch(() => {})
  const effect = (await heal()) || ''
  const [from, to] = [startedMs, nowMs()].map((ms) => (ms / 1000).toFixed(2).padStart(7))
  tell(`${from} s to ${to} s  ${describeFault(fault)}${effect && `: ${effect}`}`)
  return { fault, effect }
}

/** Ends a fault, and says what it came to where that is worth a word. */
export type Heal = () => Promise<string | void>
export type Inflict = (scene: Scene, fault: PlannedFault) => Promise<Heal>

const inflict: Record<FaultKind, Inflict> = {
  async 'kill -9 an API process'({ apis }, { process }) {
    await apis[process]!.kill('SIGKILL')
    return () => apis[process]!.start()
  },
  async 'freeze an API process'({ apis }, { process }) {
    await apis[process]!.kill('SIGSTOP')
    return () => apis[process]!.kill('SIGCONT')
  },
  async 'shift the clock of an API process'({ apis }, { process, shiftMs }) {
    apis[process]!.shiftClock(shiftMs)
    return async () => apis[process]!.shiftClock(0)
  },
  async 'shift the clock of the database'({ server }, { shiftMs }) {
    await shiftDatabaseClock(server, shiftMs)
    return () => shiftDatabaseClock(server, 0)
  },
  async 'kill -9 the postmaster'({ server }) {
    await server.killPostmaster()
    return () => server.restart()
  },
  async 'kill -9 a backend'({ server }) {
    const pid = await findBackend(server)
    if (pid !== undefined) signal(pid, 'SIGKILL')
    return async () => (pid === undefined ? 'there was none' : undefined)
  },
  async 'freeze a backend'({ server }) {
    const pid = await findBackend(server)
    if (pid !== undefined) signal(pid, 'SIGSTOP')
    return async () => {
      if (pid === undefined) return 'there was none'
      signal(pid, 'SIGCONT')
    }
  },
  'cut before the commit': (scene, fault) => setNetwork(scene, fault, 'cut-before-commit'),
  'cut at the commit': (scene, fault) => setNetwork(scene, fault, 'cut-at-commit'),
  'cut after the commit': (scene, fault) => setNetwork(scene, fault, 'cut-after-commit'),
  'freeze at the commit': (scene, fault) => setNetwork(scene, fault, 'freeze-at-commit'),
  'freeze the network': (scene, fault) => setNetwork(scene, fault, 'frozen'),
  'break the network': (scene, fault) => setNetwork(scene, fault, 'closed'),
  async 'lock the hot accounts'({ server, book }) {
    const ids = book.hot.map(({ id }) => id)
    return holdLock(server, (client) => sql.lockAccounts(client, { ids }))
  },
  'lock the table of accounts': ({ server }) => holdLock(server, (c) => sql.lockAccountTable(c)),
  'lock the table of keys': ({ server }) => holdLock(server, (c) => sql.lockKeyTable(c)),
  'take all connections': ({ server }) => takeConnections(server),
  ...inflictOutside,
}

const aimMsMax = 400

async function setNetwork(
  { networks }: Scene,
  { process }: PlannedFault,
  mode: ProxyMode,
): Promise<Heal> {
  const network = networks[process]!
  const before = network.cuts
  network.mode = mode
  return async () => {
    const isAimed = mode.includes('commit')
    // One that hits no commit shows nothing. The plan leaves room for that between two faults.
    const until = performance.now() + aimMsMax
    while (isAimed && network.cuts === before && performance.now() < until) await sleep(10)
    network.mode = 'open'
    return isAimed ? `${network.cuts - before} commits` : undefined
  }
}

/** Until it is done, because the server may be down for another fault's sake. */
export async function shiftDatabaseClock({ url }: OwnServer, ms: number): Promise<void> {
  const shift_ms = BigInt(ms)
  for (let tries = 0; tries < 100; tries++) {
    const done = await onDatabase(url, (client) => sql.shiftClock(client, { shift_ms })).catch(
      () => undefined,
    )
    if (done) return
    await sleep(100)
  }
  throw new Error('the clock of the database could not be shifted')
}

async function findBackend({ url }: OwnServer): Promise<number | undefined> {
  const backends = await onDatabase(url, (client) => sql.listLedgerBackends(client)).catch(() => [])
  return backends[0]?.pid
}

/** A process that is gone already is no reason to stop. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A session of somebody else's that keeps what it locked until it is healed. */
async function holdLock(
  { url }: OwnServer,
  lock: (client: Client) => Promise<unknown>,
): Promise<Heal> {
  const client = new Client({ connectionString: url, lock_timeout: 5000 })
  client.on('error', () => {})
  const locked = client
    .connect()
    .then(() => client.query('begin'))
    .then(() => lock(client))
    .then(
      () => true,
      () => false,
    )
  return async () => {
    const isLocked = await locked
    await client.end().catch(() => {})
    return isLocked ? undefined : 'not to be had'
  }
}

const connectionsMax = 400

/** One after the other, until the server has none left. */
async function takeConnections({ url }: OwnServer): Promise<Heal> {
  const taken: Client[] = []
  let isOver = false
  const taking = (async () => {
    while (!isOver && taken.length < connectionsMax) {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
      client.on('error', () => {})
      const isTaken = await client.connect().then(
        () => true,
        () => false,
      )
      // None was left; what others let go of is taken, too.
      if (isTaken) taken.push(client)
      else await sleep(20)
    }
  })()
  return async () => {
    isOver = true
    await taking
    await Promise.all(taken.map((client) => client.end().catch(() => {})))
    return `${taken.length} taken`
  }
}
