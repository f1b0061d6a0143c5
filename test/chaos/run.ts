import { setMaxListeners } from 'node:events'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { newClosers } from '../../internal/cli/closers'
import { pollUntil } from '../harness/poll'
import { startProxy, type Proxy } from '../harness/proxy'
import { newBook } from './book'
import { checkBook, countHolds } from './check'
import { checkEvents, listCommitted } from './check-events'
import { runClient } from './client'
import { newConsumer, readAllEvents, type Consumer } from './consumer'
import { find, newHistory, type History } from './history'
import { get, send } from './http'
import { runNemesis, type Scene } from './nemesis'
import { describeFault, drawPlan } from './plan'
import { newApiProcess, type ApiProcess } from './process'
import { report, type Summary } from './report'
import { onDatabase, startOwnServer } from './server'
import { recheck, settleAll, verifyAccounts, verifyAnswers } from './verify'

export interface ChaosOptions {
  seed: number
  seconds: number
  clients: number
  /** The API to run, bin/tillbook-api or a mutant of it. */
  program: string
  print(line: string): void
  signal: AbortSignal
}

const processes = 3
// Logs of the API processes; gone with `make clean`.
const folder = 'bin/chaos'

/** Clients against three API processes under the plan of the seed; answers whether every promise held. */
export async function run(options: ChaosOptions): Promise<boolean> {
  const { print, seed } = options
  const closers = newClosers()
  const giveUp = () => void closers.close()
  options.signal.addEventListener('abort', giveUp)
  try {
    mkdirSync(folder, { recursive: true })
    print(`seed ${seed}, ${options.seconds} s, ${processes} processes, ${options.clients} clients`)
    const server = await startOwnServer()
    closers.add(server.close)
    const started = await startApis(server.url, options.program, closers.add)
    const book = newBook(seed)
    await openBook(book, started.apis[0]!.url()!)
    const history = newHistory()
    const scene = { server, book, ...started }
    const reading = startConsumers(scene, seed)
    closers.add(reading.stop)
    const fought = await fight(scene, history, options)
    const checked = await checkAll(scene, history, { ...options, ...reading })
    for (const line of report({ ...fought, ...checked, seed, seconds: options.seconds, history }))
      print(line)
    return history.findings.length === 0
  } finally {
    await closers.close()
  }
}

/** Each with a network of its own to the database. */
async function startApis(
  databaseUrl: string,
  program: string,
  onClose: (closer: () => Promise<unknown>) => void,
): Promise<Pick<Scene, 'apis' | 'networks'>> {
  const apis: ApiProcess[] = []
  const networks: Proxy[] = []
  for (let n = 1; n <= processes; n++) {
    const network = await startProxy(databaseUrl)
    onClose(network.close)
    const name = `api-${n}`
    const settings = { program, config: 'config/api/local.json', hasClock: true }
    const api = newApiProcess({ databaseUrl: network.url, folder, name, ...settings })
    onClose(api.close)
    await api.start()
    apis.push(api)
    networks.push(network)
  }
  return { apis, networks }
}

interface Reading {
  consumers: readonly Consumer[]
  stop(): Promise<unknown>
}

/** They read along while everything breaks, from whichever process serves. */
function startConsumers(scene: Scene, seed: number): Reading {
  const stopped = new AbortController()
  setMaxListeners(0, stopped.signal)
  const urls = () => urlsOf(scene)
  const consumers = (['stream', 'stream', 'pages'] as const).map((how, n) =>
    newConsumer({ seed: seed * 1000 + 900 + n, name: `consumer ${n + 1} (${how})`, urls, how }),
  )
  const running = consumers.map((consumer) => consumer.run(stopped.signal))
  return {
    consumers,
    stop() {
      stopped.abort()
      return Promise.all(running)
    },
  }
}

function urlsOf({ apis }: Pick<Scene, 'apis'>): string[] {
  return apis.flatMap((api) => api.url() ?? [])
}

async function openBook(book: ReturnType<typeof newBook>, url: string): Promise<void> {
  const accounts = [...book.hot, ...book.cold]
  const create = async (path: string, body: Record<string, unknown>) => {
    const { status, text } = await send(url, { path, body, key: null })
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${text}`)
  }
  for (const id of new Set(accounts.map((account) => book.userOf(account)))) {
    await create('/users', { id, first_name: 'Ada', last_name: 'Lovelace' })
  }
  for (const account of accounts) {
    const { id, currency, minBalance } = account
    const path = `/users/${book.userOf(account)}/accounts`
    await create(path, { id, name: 'Till', currency, min_balance: minBalance })
  }
}

/** Clients and nemesis side by side, until the plan is done. */
async function fight(
  scene: Scene,
  history: History,
  { seed, seconds, clients, print, signal }: ChaosOptions,
) {
  const plan = drawPlan({ seed, durationMs: seconds * 1000, processes })
  print('\n-- the plan')
  for (const fault of plan)
    print(
      `${(fault.atMs / 1000).toFixed(2).padStart(7)} s  ${describeFault(fault)}, ${fault.lastsMs} ms`,
    )
  print('\n-- what happened')
  const stop = new AbortController()
  const urls = () => urlsOf(scene)
  const running = Array.from({ length: clients }, (_, n) =>
    runClient({
      seed: seed * 1000 + n,
      name: `c${n}`,
      isForgetful: n % 8 === 0,
      book: scene.book,
      history,
      urls,
      signal: stop.signal,
    }),
  )
  const startedMs = performance.now()
  const nowMs = () => performance.now() - startedMs
  try {
    const inflicted = await runNemesis({ scene, plan, nowMs, tell: print, signal })
    return { inflicted, foughtSeconds: nowMs() / 1000 }
  } finally {
    stop.abort()
    await Promise.all(running)
  }
}

type Checked = Pick<Summary, 'settled' | 'verified' | 'holds' | 'events' | 'reads'>
type Checking = Pick<ChaosOptions, 'print'> & Reading

/** All is well again; now everything is asked for once more, and the books are looked at. */
async function checkAll(
  scene: Scene,
  history: History,
  { print, ...reading }: Checking,
): Promise<Checked> {
  const { server, apis } = scene
  const urls = () => urlsOf(scene)
  for (const [n, api] of apis.entries()) {
    const isReady = async () => (await get(`${api.url()}/readyz`).catch(() => null))?.status === 200
    await pollUntil(isReady, { what: `API process ${n + 1} that is ready`, timeoutMs: 30_000 })
  }
  const settled = await settleAll(history, urls)
  print('\nAll is answered. Asking for every answer again …')
  await onDatabase(server.url, (client) => checkBook(client, history))
  const verified = await verifyAnswers(history, urls)
  // Asking again changed nothing.
  await onDatabase(server.url, (client) => checkBook(client, history))
  await onDatabase(server.url, (client) => verifyAccounts(client, history, urls))
  print('Comparing what was read with what is there …')
  const read = await checkReaders(scene, history, reading)
  await recheck(server.url, history)
  for (const [n, api] of apis.entries()) {
    if (api.crashes() > 0) find(history, 'no process ends by itself', `${n + 1}: ${api.crashes()}`)
  }
  if (!history.sent.some(({ answer }) => answer?.status === 201)) {
    find(history, 'something was carried out', 'nothing was')
  }
  const holds = await onDatabase(server.url, countHolds)
  return { settled, verified, holds, ...read }
}

const catchUpMsMax = 30_000

/** Those who read along have it all, and so has somebody who comes now. */
async function checkReaders(
  scene: Scene,
  history: History,
  { consumers, stop }: Reading,
): Promise<{ events: number; reads: number }> {
  const committed = await onDatabase(scene.server.url, listCommitted)
  const deadline = performance.now() + catchUpMsMax
  const isBehind = ({ seen }: Consumer) => seen.length < committed.size
  while (consumers.some(isBehind) && performance.now() < deadline) await sleep(100)
  await stop()
  const late = { name: 'a late reader', seen: await readAllEvents(urlsOf(scene)[0]!) }
  checkEvents([late, ...consumers], committed, history)
  return { events: committed.size, reads: consumers.reduce((sum, { reads }) => sum + reads, 0) }
}
