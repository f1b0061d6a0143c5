import { startProxy } from '../harness/proxy'
import type { newBook } from './book'
import { writeConfigs } from './configure'
import { send } from './http'
import type { Scene } from './nemesis'
import { openOutside } from './outside'
import { newApiProcess, type ApiProcess, type ProcessOptions } from './process'
import { onDatabase, startOwnServer } from './server'
import { openShop } from './shop'
import { keepShopBooks, setExchange } from './shop-books'

export interface SceneOptions {
  seed: number
  /** The programs to run, bin/tillbook-api and bin/tillbook-worker or mutants of them. */
  programs: Programs
  book: ReturnType<typeof newBook>
  print(line: string): void
  /** What was opened is closed in reverse. */
  onClose(closer: () => Promise<unknown>): void
}

export interface Programs {
  api: string
  worker: string
}

/** How many there are of each. */
export const processes = 3
export const workers = 2
// Logs of the processes; gone with `make clean`.
export const folder = 'bin/chaos'

/** A database, the world outside, and the processes in between, with an opened book and shop. */
export async function setScene(options: SceneOptions): Promise<Scene> {
  const { seed, programs, book, print, onClose } = options
  const server = await startOwnServer()
  onClose(server.close)
  await onDatabase(server.url, keepShopBooks)
  const outside = await openOutside(seed, print)
  onClose(outside.close)
  const { broker } = outside
  if (broker) await onDatabase(server.url, (client) => setExchange(client, broker.exchange))
  const configs = writeConfigs(folder, outside)
  const start = (name: string, settings: Settings) => startOne(server.url, name, settings, onClose)
  const asApi = { program: programs.api, config: configs.api }
  const asWorker = { program: programs.worker, config: configs.worker }
  const api = await startAll(processes, (n) => start(`api-${n}`, asApi))
  const worker = await startAll(workers, (n) => start(`worker-${n}`, asWorker))
  const url = api.started[0]!.url()!
  await openBook(book, url)
  await openShop(book.shop, url)
  return {
    ...{ server, outside, book },
    ...{ apis: api.started, networks: api.networks },
    ...{ workers: worker.started, workerNetworks: worker.networks },
  }
}

type Settings = Pick<ProcessOptions, 'program' | 'config'>
type Started = Awaited<ReturnType<typeof startOne>>

async function startAll(count: number, start: (n: number) => Promise<Started>) {
  const all: Started[] = []
  for (let n = 1; n <= count; n++) all.push(await start(n))
  return {
    started: all.map((one): ApiProcess => one.process),
    networks: all.map(({ network }) => network),
  }
}

/** With a network of its own to the database. */
async function startOne(
  databaseUrl: string,
  name: string,
  settings: Settings,
  onClose: SceneOptions['onClose'],
) {
  const network = await startProxy(databaseUrl)
  onClose(network.close)
  const process = newApiProcess({
    ...settings,
    ...{ databaseUrl: network.url, folder, name, hasClock: true },
  })
  onClose(process.close)
  await process.start()
  return { network, process }
}

async function openBook(book: SceneOptions['book'], url: string): Promise<void> {
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
