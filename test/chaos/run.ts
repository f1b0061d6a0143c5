import { setMaxListeners } from 'node:events'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { newClosers } from '../../internal/cli/closers'
import { pollUntil } from '../harness/poll'
import { newBook } from './book'
import { checkBook, countHolds } from './check'
import { checkEvents, listCommitted } from './check-events'
import { checkShop, countShop, type Arrived } from './check-shop'
import { runClient } from './client'
import { newConsumer, readAllEvents, type Consumer } from './consumer'
import { find, isCreated, newHistory, type History } from './history'
import { get } from './http'
import { runNemesis, type Scene } from './nemesis'
import { describeFault, drawPlan } from './plan'
import { report, type Summary } from './report'
import { folder, processes, setScene, workers, type Programs } from './scene'
import { onDatabase } from './server'
import { settleWork } from './settle'
import { listWrongStock } from './shop-books'
import { recheck, settleAll, verifyAccounts, verifyAnswers } from './verify'

export interface ChaosOptions {
  seed: number
  seconds: number
  clients: number
  programs: Programs
  print(line: string): void
  signal: AbortSignal
}

/** Clients against API processes and workers under the plan of the seed; answers whether every promise held. */
export async function run(options: ChaosOptions): Promise<boolean> {
  const { print, seed } = options
  const closers = newClosers()
  const giveUp = () => void closers.close()
  options.signal.addEventListener('abort', giveUp)
  try {
    mkdirSync(folder, { recursive: true })
    print(
      `seed ${seed}, ${options.seconds} s, ${processes} processes, ${workers} workers, ${options.clients} clients`,
    )
    const book = newBook(seed)
    const scene = await setScene({ ...options, book, onClose: closers.add })
    const history = newHistory()
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

/** Clients and nemesis side by side, until the plan is done. */
async function fight(
  scene: Scene,
  history: History,
  { seed, seconds, clients, print, signal }: ChaosOptions,
) {
  const plan = drawPlan({ seed, durationMs: seconds * 1000, processes, workers })
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

type Checked = Pick<
  Summary,
  'settled' | 'settledSeconds' | 'verified' | 'holds' | 'shop' | 'messages' | 'events' | 'reads'
>
type Checking = Pick<ChaosOptions, 'print'> & Reading

/** All is well again; now everything is asked for once more, and the books are looked at. */
async function checkAll(
  scene: Scene,
  history: History,
  { print, ...reading }: Checking,
): Promise<Checked> {
  const { server, apis, outside } = scene
  const urls = () => urlsOf(scene)
  for (const [n, api] of apis.entries()) {
    const isReady = async () => (await get(`${api.url()}/readyz`).catch(() => null))?.status === 200
    await pollUntil(isReady, { what: `API process ${n + 1} that is ready`, timeoutMs: 30_000 })
  }
  const settled = await settleAll(history, urls)
  const settledSeconds = (await settleWork(scene, history)) / 1000
  print('\nAll is answered. Asking for every answer again …')
  await onDatabase(server.url, (client) => checkBook(client, history))
  const verified = await verifyAnswers(history, urls)
  // Asking again changed nothing.
  await onDatabase(server.url, (client) => checkBook(client, history))
  await onDatabase(server.url, (client) => verifyAccounts(client, history, urls))
  const messages = arrivedAt(outside)
  await onDatabase(server.url, async (client) => {
    const reservations = outside.services.state().reservations
    await checkShop(client, { reservations, messages }, history)
    for (const row of await listWrongStock(client)) {
      find(history, 'what was put in is sold or there', JSON.stringify(row))
    }
  })
  print('Comparing what was read with what is there …')
  const read = await checkReaders(scene, history, reading)
  await recheck(server.url, history)
  checkProcesses(scene, history)
  const holds = await onDatabase(server.url, countHolds)
  const shop = await onDatabase(server.url, countShop)
  const counts = { settled, settledSeconds, verified, messages: messages?.length }
  return { ...counts, holds, shop, ...read }
}

function arrivedAt({ broker }: Scene['outside']): Arrived[] | undefined {
  return broker?.queue.received.map(({ properties, content }) => ({
    id: properties.messageId as string,
    body: JSON.parse(content.toString()) as unknown,
  }))
}

/** A run in which nothing happens shows nothing. */
function checkProcesses({ apis, workers }: Scene, history: History): void {
  for (const [n, one] of [...apis, ...workers].entries()) {
    if (one.crashes() > 0) find(history, 'no process ends by itself', `${n + 1}: ${one.crashes()}`)
  }
  const done = new Set(history.sent.filter(isCreated).map(({ kind }) => kind.name))
  for (const name of ['deposit', 'add to cart', 'checkout', 'order']) {
    if (!done.has(name)) find(history, 'something was carried out', `no ${name}`)
  }
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
