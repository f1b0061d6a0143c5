import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { apiOptions } from '../../internal/build/build'

/** What a process of this program can serve; `real` is the API as it is run. */
export type StoreName = 'real' | 'unsealed' | 'memory' | 'plain' | 'pg-mem'

/** What the serving process tells: once its port, and each entry of its log that is a warning or an error. */
export type Served =
  { type: 'ready'; port: number } | { type: 'failure'; entry: object } | { type: 'refilled' }

/** What it is asked for: where carts are kept in its memory, nobody else can fill them. */
export type Asked = { type: 'refill-carts' }

/** A store that is served in one process of its own, or in several. */
export interface BenchServer {
  urls: string[]
  pids: number[]
  /** Why a request has just failed, in the server's own words; waits a moment for them. */
  takeFailure(): Promise<string | undefined>
  /** Gives each buyer a cart who has none, where that is not done in the database. */
  refillCarts?(): Promise<void>
  close(): Promise<void>
}

export interface BenchServerOptions {
  /** The file that serves when it is called with `serve STORE`. */
  program: string
  databaseUrl: string
  /** Where each process leaves a CPU profile behind, when it does. */
  profileFolder: string | undefined
}

const failureWaitMs = 500

/** Several processes that serve the same store on the same database. */
export async function startBenchServers(
  store: StoreName,
  processes: number,
  options: BenchServerOptions,
): Promise<BenchServer> {
  const servers: BenchServer[] = []
  const close = async () => {
    for (const server of servers) await server.close()
  }
  try {
    while (servers.length < processes) servers.push(await startBenchServer(store, options))
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...(servers.length === 1 && servers[0]),
    urls: servers.flatMap(({ urls }) => urls),
    pids: servers.flatMap(({ pids }) => pids),
    async takeFailure() {
      const failures = await Promise.all(servers.map((server) => server.takeFailure()))
      return failures.find((failure) => failure !== undefined)
    },
    close,
  }
}

export async function startBenchServer(
  store: StoreName,
  { program, databaseUrl, profileFolder }: BenchServerOptions,
): Promise<BenchServer> {
  const child = fork(program, ['serve', store, databaseUrl], {
    execArgv: [
      ...nodeOptionsOf(store),
      ...(profileFolder === undefined ? [] : profileOptions(store, profileFolder)),
    ],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let failure: object | undefined
  let printed = ''
  child.stderr?.on('data', (text: Buffer) => (printed = (printed + String(text)).slice(-4000)))
  child.on('message', (message: Served) => {
    if (message.type === 'failure') failure = message.entry
  })
  const port = await readPort(child, () => `the ${store} server did not start:\n${printed}`)
  return {
    urls: [`http://127.0.0.1:${port}`],
    pids: [child.pid!],
    async takeFailure() {
      // The answer to the request may be here before them, by another way.
      const deadline = performance.now() + failureWaitMs
      while (!failure && performance.now() < deadline) await sleep(5)
      const taken = failure
      failure = undefined
      return taken && describeFailure(taken)
    },
    ...(store === 'memory' && { refillCarts: () => askToRefill(child) }),
    async close() {
      const exit = once(child, 'exit')
      if (child.connected) child.disconnect()
      if (child.exitCode === null && child.signalCode === null) await exit
    },
  }
}

/** As the API has them; those in memory keep their books on the heap, which is not bounded then. */
function nodeOptionsOf(store: StoreName): string[] {
  const isInMemory = store === 'memory' || store === 'pg-mem'
  return apiOptions().filter((option) => !isInMemory || !/size|growing/.test(option))
}

async function askToRefill(child: ChildProcess): Promise<void> {
  const refilled = new Promise<void>((resolve) => {
    child.on('message', function listen(message: Served) {
      if (message.type !== 'refilled') return
      child.off('message', listen)
      resolve()
    })
  })
  child.send({ type: 'refill-carts' } satisfies Asked)
  await refilled
}

let profiles = 0

function profileOptions(store: StoreName, folder: string): string[] {
  const name = `${store}-${++profiles}.cpuprofile`
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`]
}

function readPort(child: ChildProcess, complain: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Served) => {
      if (message.type === 'ready') resolve(message.port)
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(complain())))
  })
}

interface LoggedError {
  message: string
  cause?: LoggedError
}

/** The reason that is given, or the first line of the innermost cause. */
function describeFailure(entry: { reason?: string; err?: LoggedError; msg?: string }): string {
  if (entry.reason !== undefined) return entry.reason
  let error = entry.err
  while (error?.cause) error = error.cause
  return (error?.message ?? entry.msg ?? 'no reason given').split('\n')[0]!
}
