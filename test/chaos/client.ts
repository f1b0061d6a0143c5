import { setTimeout as sleep } from 'node:timers/promises'
import { newRandom, pick, type Random } from '../harness/random'
import { remember, type Book } from './book'
import { bulkPart, partKey } from './bulk-kinds'
import { isCreated, isDefinite, note, type History, type Sent } from './history'
import { send } from './http'
import type { Reply } from './kind'
import { drawKind } from './workload'

export interface ClientOptions {
  seed: number
  name: string
  book: Book
  history: History
  /** Never has a key: what is repeated in its name shows. Others are stuck with theirs when nothing goes. */
  isForgetful: boolean
  /** Where the API processes serve at this moment. */
  urls(): string[]
  /** Aborted when no new request is to be made, nor an old one sent again. */
  signal: AbortSignal
}

const thinkMaxMs = 60
const backOffMs = [30, 300] as const

/** Makes requests one after the other, and sends each again with its key until it is answered. */
export async function runClient(options: ClientOptions): Promise<void> {
  const { name, history, signal } = options
  const random = newRandom(options.seed)
  for (let n = 1; !signal.aborted; n++) {
    const sent = draw(random, options, `${name}-${n}`)
    history.sent.push(sent, ...(sent.parts ?? []))
    await carryOut(random, sent, options)
    for (const one of [sent, ...(sent.parts ?? [])]) learn(options.book, one)
    // Now and then a client that has its answer asks once more.
    if (sent.answer && sent.key !== null && chance(random, 3)) await tryOnce(random, sent, options)
    await sleep(sent.answer ? random.between(0, thinkMaxMs) : random.between(...backOffMs))
  }
}

function draw(random: Random, { book, isForgetful }: ClientOptions, label: string): Sent {
  const key = isForgetful || chance(random, 15) ? null : `key-${label}`
  for (;;) {
    const kind = drawKind(random)
    const asked = kind.ask(random, { book, label, key })
    if (!asked) continue
    const { parts, ...rest } = asked
    const sent: Sent = { ...rest, kind, label, key: asked.isKeyless ? null : key, tries: 0 }
    const toSent = (part: object, n: number) => ({
      ...(part as Sent),
      ...{ kind: bulkPart, key: partKey(key, n), tries: 0, whole: sent },
    })
    return parts ? Object.assign(sent, { parts: parts.map(toSent) }) : sent
  }
}

/** Whatever was made can be the matter of somebody's next request. */
function learn(book: Book, sent: Sent): void {
  if (!isCreated(sent)) return
  const answer: unknown = JSON.parse(sent.answer!.text)
  remember(book.transactions, ...sent.kind.tells(answer))
  remember(book.holds, ...(sent.kind.tellsHolds?.(answer) ?? []))
  for (const { id, removed_at } of sent.kind.tellsLines?.(answer) ?? []) {
    if (removed_at === null) remember(book.shop.lines, { id, owner: sent.as! })
    else book.shop.lines = book.shop.lines.filter((line) => line.id !== id)
  }
}

const chance = (random: Random, percent: number) => random.between(1, 100) <= percent

async function carryOut(random: Random, sent: Sent, options: ClientOptions): Promise<void> {
  // Some hold two processes to the same request at once.
  const isHedged = sent.key !== null && chance(random, 3)
  do {
    if (sent.tries > 0) await sleep(random.between(...backOffMs))
    const calls = isHedged ? [sent, sent] : [sent]
    await Promise.all(calls.map((one) => tryOnce(random, one, options)))
  } while (!sent.answer && sent.key !== null && !options.signal.aborted)
}

async function tryOnce(
  random: Random,
  sent: Sent,
  { urls, history }: ClientOptions,
): Promise<void> {
  await ask(pick(random, urls()), sent, history)
}

/** One try: what came is noted; answers it, or undefined when nothing did. */
export async function ask(
  url: string | undefined,
  sent: Sent,
  history: History,
): Promise<Reply | undefined> {
  sent.tries += 1
  try {
    if (url === undefined) throw new Error('nobody serves')
    const reply = await send(url, sent)
    note(history, sent, reply)
    return reply
  } catch {
    history.count['no answer'] = (history.count['no answer'] ?? 0) + 1
    return undefined
  }
}

/** True when it has its definite answer; sends it again otherwise. */
export async function settle(url: string, sent: Sent, history: History): Promise<boolean> {
  const reply = await ask(url, sent, history)
  return reply !== undefined && isDefinite(reply)
}
