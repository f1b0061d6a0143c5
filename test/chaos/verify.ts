import { setTimeout as sleep } from 'node:timers/promises'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { formatMoney } from '../../internal/money/currency'
import type { Executor } from '../../internal/postgres/query'
import { listAvailable } from './check.sql.ts'
import { settle } from './client'
import { holdsToldBy, toldBy } from './check'
import { agrees, find, show, type History, type Sent } from './history'
import { get, send } from './http'
import type { ToldHold } from './kind'

const settleMsMax = 60_000
const recheckMsMax = 60_000
const atOnce = 16

/** Sends every request that has no answer again, twice; both times the answer is the same. */
export async function settleAll(history: History, urls: () => string[]): Promise<number> {
  // Parts are answered with their bulk.
  const open = history.sent.filter(({ answer, key, whole }) => !answer && !whole && key !== null)
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
  await inParallel(told, async (transaction, n) => {
    const reply = await get(`${urls()[n % urls().length]}/transactions/${transaction.id}`)
    const expected = JSON.stringify(transaction)
    if (reply.status === 200 && reply.text === expected) return
    const what = `${transaction.id}: ${show(reply)}, was ${expected}`
    find(history, 'a 2xx is read back as it was', what)
  })
  const holds = holdsToldBy(history)
  await inParallel(holds, (hold, n) => verifyHold(hold, urls()[n % urls().length]!, history))
  // Those of a bulk by themselves as well: their keys are those of single requests.
  const answered = history.sent.filter(({ answer, key }) => answer && key !== null)
  await inParallel(answered, (sent, n) => verifyReplay(sent, urls()[n % urls().length]!, history))
  return told.length + holds.length + answered.length
}

/** Read back to the byte once it is over; before, what does not change of it. */
async function verifyHold(hold: ToldHold, url: string, history: History): Promise<void> {
  const reply = await get(`${url}/holds/${hold.id}`)
  const expected = JSON.stringify(hold)
  const isAsItWas =
    hold.status === 'open'
      ? reply.status === 200 && fixedOf(JSON.parse(reply.text)) === fixedOf(hold)
      : reply.text === expected
  if (isAsItWas) return
  const what = `${hold.id}: ${show(reply)}, was ${expected}`
  find(history, 'a hold is read back as it was', what)
}

function fixedOf(hold: object): string {
  const { captured, remaining, status, expires_at, closed_at, ...fixed } = hold as Changing
  void [captured, remaining, status, expires_at, closed_at]
  return JSON.stringify(fixed)
}

type Changing = Record<
  'captured' | 'remaining' | 'status' | 'expires_at' | 'closed_at',
  string | null
>

/** Each account tells its balance, and what of it is available, as the tables have it at the moment. */
export async function verifyAccounts(
  db: Executor,
  history: History,
  urls: () => string[],
): Promise<void> {
  const before = await listAvailable(db)
  const replies = new Map<string, string>()
  await inParallel(before, async ({ id }, n) => {
    replies.set(id, (await get(`${urls()[n % urls().length]}/accounts/${id}`)).text)
  })
  const after = new Map((await listAvailable(db)).map((row) => [row.id, row]))
  for (const { id, currency, balance, available } of before) {
    // The time of a hold was over meanwhile.
    if (after.get(id)!.available !== available) continue
    const told = JSON.parse(replies.get(id)!) as { balance?: string; available?: string }
    const [expected, free] = [balance, available].map((units) => formatMoney(units, currency))
    if (told.balance === expected && told.available === free) continue
    const what = `${id}: ${replies.get(id)}, but ${expected} and ${free}`
    find(history, 'an account tells what is available', what)
  }
}

const execute = promisify(execFile)

/** `tillbook-verify --full`, which looks at the book as an operator would; finds nothing. */
export async function recheck(databaseUrl: string, history: History): Promise<void> {
  const env = { ...process.env, DATABASE_URL: databaseUrl }
  const command = [resolve('bin/tillbook-verify'), '--full', 'config/verify/local.json']
  try {
    await execute(process.execPath, command, { env, timeout: recheckMsMax })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    find(history, 'tillbook-verify finds nothing', `${stdout ?? ''}${stderr ?? String(error)}`)
  }
}

async function verifyReplay(sent: Sent, url: string, history: History): Promise<void> {
  const reply = await send(url, sent)
  if (reply.isReplayed && agrees(sent, reply)) return
  const was = `${show(reply)}, was ${show(sent.answer!)}`
  find(history, 'an answer stands', `${sent.label}: ${reply.isReplayed ? '' : 'no replay, '}${was}`)
}

export async function inParallel<T>(all: readonly T[], work: (one: T, n: number) => Promise<void>) {
  const rest = all.entries()
  const worker = async () => {
    for (const [n, one] of rest) await work(one, n)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
