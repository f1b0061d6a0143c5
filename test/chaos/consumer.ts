import { setTimeout as sleep } from 'node:timers/promises'
import { newRandom, pick } from '../harness/random'
import { openEvents, type SentEvent } from '../rest/sse'
import { get } from './http'
import type { Told } from './kind'

/** An event as it was read. */
export interface Seen {
  id: string
  transaction: Told & {
    entry_no: number
    counterparty_entry_no: number | null
    counterparty_balance_after: string | null
  }
}

export interface Consumer {
  name: string
  /** All it was given, in that order. */
  seen: Seen[]
  /** How often it connected or asked. */
  reads: number
  /** Reads until it is aborted. */
  run(signal: AbortSignal): Promise<void>
}

export interface ConsumerOptions {
  seed: number
  name: string
  /** Where the API processes serve at this moment. */
  urls(): string[]
  how: 'stream' | 'pages'
}

const patienceMs = 3000
const connectedMs = [100, 4000] as const
const pauseMsMax = 300
const limit = 100

/**
 * Takes in every event from the beginning on, from one process after the other: all it keeps when it
 * connects again is the id of the last one.
 */
export function newConsumer({ seed, name, urls, how }: ConsumerOptions): Consumer {
  const random = newRandom(seed)
  const seen: Seen[] = []
  let position: string | undefined

  function take(events: readonly SentEvent['data'][]): void {
    for (const event of events) {
      seen.push(event as Seen)
      position = (event as Seen).id
    }
  }

  async function readStream(url: string, signal: AbortSignal): Promise<void> {
    const isHeader = position !== undefined && random.between(0, 1) === 0
    const opening = openEvents(url, {
      query: isHeader || position === undefined ? '' : `after=${position}`,
      ...(isHeader && { lastEventId: position! }),
    })
    const reader = await Promise.race([opening, sleep(patienceMs, undefined)])
    // A process that stands still answers when nobody waits any more.
    if (!reader) return void opening.then((late) => late.close()).catch(() => {})
    const over = sleep(random.between(...connectedMs), undefined, { signal }).catch(() => {})
    await Promise.race([reader.ended, over])
    // As at a restart: whatever came of the next event is thrown away.
    const events = reader.status === 200 ? reader.events() : []
    reader.close()
    take(events.map(({ data }) => data as Seen))
  }

  async function readPage(url: string): Promise<void> {
    const after = position === undefined ? '' : `&after=${position}`
    const { status, text } = await get(`${url}/events?limit=${limit}${after}`)
    if (status !== 200) return
    const page = JSON.parse(text) as { data: Seen[]; next_cursor: string }
    take(page.data)
    position = page.next_cursor
  }

  const consumer: Consumer = {
    ...{ name, seen, reads: 0 },
    async run(signal) {
      while (!signal.aborted) {
        const url = urls().length > 0 ? pick(random, urls()) : undefined
        consumer.reads += 1
        const reading = url && (how === 'stream' ? readStream(url, signal) : readPage(url))
        await Promise.resolve(reading).catch(() => {})
        await sleep(random.between(0, pauseMsMax), undefined, { signal }).catch(() => {})
      }
    },
  }
  return consumer
}

/** The whole order, as somebody is told it who comes afterwards. */
export async function readAllEvents(url: string): Promise<Seen[]> {
  const seen: Seen[] = []
  for (let after = ''; ;) {
    const { status, text } = await get(`${url}/events?limit=${limit}${after}`)
    if (status !== 200) throw new Error(`GET /events: ${status} ${text}`)
    const page = JSON.parse(text) as { data: Seen[]; next_cursor: string }
    if (page.data.length === 0) return seen
    seen.push(...page.data)
    after = `&after=${page.next_cursor}`
  }
}
