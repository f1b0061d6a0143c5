import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { newKeepingLog, type LoggedEntry } from '../../internal/http/fixture'
import { newSharedRate, type SharedRateOptions } from '../../internal/rate/redis'
import { openRedis, type Redis, type RedisOptions } from '../../internal/redis/redis'
import { serviceUrl } from '../harness/service'

export const nowMs = () => performance.now()

/** Somebody whom nothing is known of, in this run or any other. */
export const somebody = () => ({ of: 'user', id: `user-${randomUUID()}` }) as const

/** An address of the kind that is for documentation, never the same twice. */
export function someAddress(): string {
  const groups = randomUUID().slice(0, 8).match(/.{4}/g)!
  return `2001:db8:${groups.join(':')}::1`
}

export type LoggingRedis = Redis & { entries: LoggedEntry[] }

/** One more process, as far as Redis can tell. */
export async function newProcess(change: Partial<RedisOptions> = {}): Promise<LoggingRedis> {
  const log = newKeepingLog()
  const redis = await openRedis({
    ...{ url: serviceUrl('Redis'), connectTimeoutMs: 1000, timeoutMs: 500, log },
    ...{ retryMsMin: 10, retryMsMax: 50, settleMs: 0, ...change },
  })
  return { ...redis, entries: log.entries }
}

export function newRate(redis: Redis, quota: Partial<SharedRateOptions['quota']> = {}) {
  return newSharedRate({
    redis,
    // Too long to grow while a test runs.
    quota: { name: 'read', max: 5, windowMs: 3_600_000, ...quota },
    ...{ entriesMax: 100, nowMs },
  })
}

/** Asks Redis itself. */
export async function ask(...command: string[]): Promise<unknown> {
  const client = createClient({ url: serviceUrl('Redis'), RESP: 2 })
  await client.connect()
  try {
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}
