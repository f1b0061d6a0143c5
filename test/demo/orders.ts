import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { orderDto } from '../../pkg/order/dto/order'

/** Where the six use cases are run. */
export interface OrderDemo {
  /** As http://127.0.0.1:8080 */
  url: string
  /** As `authorization`. */
  headers?: Record<string, string>
  /** The message about this order as a consumer got it; undefined when none has come in time. */
  nextMessage(orderId: string): Promise<unknown>
  /** How long an order may stay pending: longer than the slowest service takes. */
  patienceMs: number
  /** Told of each case when its answer is there, which is long before its end. */
  onAnswer?(answered: Answered): void
}

export interface Answered {
  number: number
  user: string
  product: string
  status: number
  answeredMs: number
}

/** One row of the table. */
export interface Outcome extends Answered {
  finalStatus: string
  failure: string | null
  settledMs: number
  message: unknown
}

const ada = '7c11e1ce2741'
const grace = 'e6f24d7d1c7e'
const products = ['classic-box', 'family-box', 'veggie-box']

/** The six use cases in the order of their table: three products for two users. */
export const useCases = [ada, grace].flatMap((user, i) =>
  products.map((product, j) => ({ number: i * products.length + j + 1, user, product })),
)

/** Orders one after the other, as the users' answers come by turns, and waits for all ends together. */
export async function runOrderDemo(demo: OrderDemo): Promise<Outcome[]> {
  const outcomes: Promise<Outcome>[] = []
  for (const useCase of useCases) {
    const begin = performance.now()
    const { status, order } = await place(demo, useCase)
    const answered = { ...useCase, status, answeredMs: performance.now() - begin }
    demo.onAnswer?.(answered)
    outcomes.push(follow(demo, answered, { id: order.id, begin }))
  }
  return Promise.all(outcomes)
}

async function place(demo: OrderDemo, { user, product }: { user: string; product: string }) {
  const response = await fetch(`${demo.url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...demo.headers },
    body: JSON.stringify({ user_id: user, product_code: product }),
  })
  return { status: response.status, order: await readOrder(response) }
}

async function follow(
  demo: OrderDemo,
  answered: Answered,
  { id, begin }: { id: string; begin: number },
): Promise<Outcome> {
  const order = await settled(demo, id, begin)
  const settledMs = performance.now() - begin
  const message = order.status === 'pending' ? undefined : await demo.nextMessage(id)
  return { ...answered, finalStatus: order.status, failure: order.failure, settledMs, message }
}

const lookIntervalMs = 50

async function settled(demo: OrderDemo, id: string, begin: number) {
  for (;;) {
    const response = await fetch(`${demo.url}/orders/${id}`, { headers: demo.headers ?? {} })
    const order = await readOrder(response)
    const isLate = performance.now() - begin > demo.patienceMs
    if (order.status !== 'pending' || isLate) return order
    await sleep(lookIntervalMs)
  }
}

async function readOrder(response: Response) {
  const body: unknown = await response.json()
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(body)}`)
  return orderDto.parse(body)
}

const messageForm = z.looseObject({
  payload: z.looseObject({ order: z.looseObject({ total_amount: z.number() }) }),
})

/** The table for people, as Markdown. */
export function formatOutcomes(outcomes: readonly Outcome[]): string {
  const heads = ['#', 'user', 'product', 'answer', 'after', 'in the end', 'after', 'message']
  const rows = outcomes.map((outcome) => [
    String(outcome.number),
    outcome.user,
    outcome.product,
    String(outcome.status),
    seconds(outcome.answeredMs),
    outcome.failure === null ? outcome.finalStatus : `${outcome.finalStatus}: ${outcome.failure}`,
    seconds(outcome.settledMs),
    formatMessage(outcome.message),
  ])
  const widths = heads.map((head, i) =>
    Math.max(...[head, ...rows.map((row) => row[i]!)].map((cell) => cell.length)),
  )
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function formatMessage(message: unknown): string {
  if (message === undefined) return 'none'
  const { order } = messageForm.parse(message).payload
  return `${String(order.customer_fullname)}, ${String(order.product_name)}, ${order.total_amount}`
}

/** What the table promises: the answer within 2.5 s, the end, and whether there is a message. */
export function findBroken(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => {
    const isFailing = outcome.product === 'veggie-box'
    const promised = {
      status: outcome.product === 'classic-box' ? 201 : 202,
      finalStatus: isFailing ? 'failed' : 'created',
      hasMessage: !isFailing,
      isInTime: true,
    }
    const seen = {
      status: outcome.status,
      finalStatus: outcome.finalStatus,
      hasMessage: outcome.message !== undefined,
      isInTime: outcome.answeredMs <= 2500,
    }
    if (JSON.stringify(seen) === JSON.stringify(promised)) return []
    return [`case ${outcome.number}: ${JSON.stringify(seen)}, not ${JSON.stringify(promised)}`]
  })
}
