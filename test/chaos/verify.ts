import { setTimeout as sleep } from 'node:timers/promises'
import { settle } from './client'
import { toldBy } from './check'
import { find, isCreated, isSameAnswer, show, type History, type Sent } from './history'
import { get, send } from './http'

const settleMsMax = 60_000
const workers = 16

/** Sends every request that has no answer again, twice; both times the answer is the same. */
export async function settleAll(history: History, urls: () => string[]): Promise<number> {
  const open = history.sent.filter(({ answer, key }) => !answer && key !== null)
  const deadline = performance.now() + settleMsMax
  await inParallel(open, async (sent, n) => {
    let times = 0
    while (times < 2 && performance.now() < deadline) {
      const url = urls()[(n + times) % urls().length]
      if (url !== undefined && (await settle(url, sent, history))) times += 1
      else await sleep(100)
    }
    if (times < 2) find(history, 'every request is answered in the end', sent.label)
  })
  return open.length
}

/** Asks once more for everything that was answered: it is what it was, and marked as such. */
export async function verifyAnswers(history: History, urls: () => string[]): Promise<number> {
  const told = toldBy(history)
  const bodies = new Map(history.sent.filter(isCreated).map((one) => [one.label, one.answer!.text]))
  await inParallel(told, async ({ id, description }, n) => {
    const reply = await get(`${urls()[n % urls().length]}/transactions/${id}`)
    const expected = bodies.get(description ?? '')
    if (reply.status === 200 && (expected === undefined || reply.text === expected)) return
    find(history, 'a 2xx is read back as it was', `${id}: ${show(reply)}, was ${expected}`)
  })
  const answered = history.sent.filter(({ answer, key }) => answer && key !== null)
  await inParallel(answered, (sent, n) => verifyReplay(sent, urls()[n % urls().length]!, history))
  return told.length + answered.length
}

async function verifyReplay(sent: Sent, url: string, history: History): Promise<void> {
  const reply = await send(url, sent)
  if (reply.isReplayed && isSameAnswer(reply, sent.answer!)) return
  const was = `${show(reply)}, was ${show(sent.answer!)}`
  find(history, 'an answer stands', `${sent.label}: ${reply.isReplayed ? '' : 'no replay, '}${was}`)
}

async function inParallel<T>(all: readonly T[], work: (one: T, n: number) => Promise<void>) {
  const rest = all.entries()
  const worker = async () => {
    for (const [n, one] of rest) await work(one, n)
  }
  await Promise.all(Array.from({ length: workers }, worker))
}
