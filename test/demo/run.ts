import { newClosers } from '../../internal/cli/closers'
import { orderCreatedMessage } from '../../pkg/outbox/dto/message'
import { openOrderConsumer } from './consumer'
import { findBroken, formatOutcomes, runOrderDemo, type Answered, type Outcome } from './orders'
import { startDemoSystem } from './system'

export interface DemoOptions {
  /** Of the services' delays; 1 is as slow as they are. */
  scale: number
  amqpUrl: string
  env: NodeJS.ProcessEnv
  print(line: string): void
  signal: AbortSignal
}

// The slowest product takes a minute, and a look-up that was cut off begins anew.
const slowestMs = 90_000
const messagePatienceMs = 5000

/** The six use cases on a system of their own; false when one of them is not as promised. */
export async function run({ signal, ...options }: DemoOptions): Promise<boolean> {
  const { print, amqpUrl, scale } = options
  const closers = newClosers()
  signal.addEventListener('abort', () => void closers.close())
  try {
    const consumer = await openOrderConsumer({ amqpUrl, patienceMs: messagePatienceMs })
    closers.add(consumer.close)
    const system = await startDemoSystem(options)
    closers.add(system.close)
    print(
      `Six orders, one after the other; the slow ones take at least ${Math.ceil(60 * scale)} s:\n`,
    )
    const outcomes = await runOrderDemo({
      url: system.url,
      nextMessage: async (id) =>
        orderCreatedMessage.optional().parse(await consumer.nextMessage(id)),
      patienceMs: slowestMs * Math.max(scale, 0.2),
      onAnswer: (answered) => print(describeAnswer(answered)),
    })
    return conclude(outcomes, print)
  } finally {
    await closers.close()
  }
}

function describeAnswer({ number, user, product, status, answeredMs }: Answered): string {
  return `  ${number}. ${user} orders ${product}: ${status} after ${(answeredMs / 1000).toFixed(2)} s`
}

function conclude(outcomes: readonly Outcome[], print: (line: string) => void): boolean {
  print(`\n${formatOutcomes(outcomes)}`)
  const message = outcomes.find((outcome) => outcome.message !== undefined)?.message
  if (message) print(`\nThe first message, as RabbitMQ gave it:\n\n${JSON.stringify(message)}`)
  const broken = findBroken(outcomes)
  for (const line of broken) print(`\nNot as promised: ${line}`)
  if (broken.length === 0) print('\nAll six are as promised.')
  return broken.length === 0
}
