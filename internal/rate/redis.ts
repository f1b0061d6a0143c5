import { newLru } from '../lru/lru'
import { newKey } from '../redis/key'
import type { Redis } from '../redis/redis'
import { script } from '../redis/script'
import { newMemoryRate, type MemoryRateOptions, type Rate } from './memory'
import { paceOf, standingOf, type Standing, type Taken } from './rate'

/**
 * `take` of rate.ts, in one step, by the one clock that all processes share. Returns whether the request is
 * allowed, the instant, and the time on that clock. The key goes when it says no more than a missing one.
 */
export const takeScript = script(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
-- Whoever wrote it, what is no number counts as nothing.
if full_at ~= full_at then full_at = 0 end
local from = math.min(math.max(full_at, now), now + capacity)
local next_at = from + interval
if next_at - now > capacity then return {0, from, now} end
redis.call('SET', KEYS[1], string.format('%.0f', next_at), 'PX', math.ceil((next_at - now) / 1000))
return {1, next_at, now}
`)

export interface SharedRateOptions extends MemoryRateOptions {
  redis: Redis
}

/** Counted by Redis, for all processes together; as in memory.ts while it is away. */
export function newSharedRate({ redis, ...options }: SharedRateOptions): Rate {
  const { quota, entriesMax, nowMs } = options
  const memory = newMemoryRate(options)
  const pace = paceOf(quota)
  const args = [pace.intervalUs, pace.capacityUs]
  // A refusal changes nothing, so that until then the next answer is known: floods stop here.
  const refusedUntil = newLru<{ fullAtMs: number; retryAtMs: number }>(entriesMax)

  function recall(key: string): Standing | undefined {
    const known = refusedUntil.get(key)
    if (!known) return undefined
    const seconds = (atMs: number) => (atMs - nowMs()) / 1000
    const retryAfterSeconds = seconds(known.retryAtMs)
    if (retryAfterSeconds <= 0) return void refusedUntil.delete(key)
    const resetSeconds = Math.ceil(seconds(known.fullAtMs))
    return { isAllowed: false, remaining: 0, resetSeconds, retryAfterSeconds }
  }
  function read(key: string, reply: readonly number[]): Standing {
    const { nowUs, ...taken } = readTaken(reply)
    const standing = standingOf(taken, nowUs, pace)
    if (!taken.isAllowed) {
      const fullAtMs = nowMs() + (taken.fullAtUs - nowUs) / 1000
      const retryAtMs = nowMs() + standing.retryAfterSeconds * 1000
      refusedUntil.set(key, { fullAtMs, retryAtMs })
    }
    return standing
  }
  return {
    quota,
    take(counted) {
      const key = newKey(`rate:${quota.name}`, `${counted.of}\0${counted.id}`)
      const known = recall(key)
      if (known) return known
      return (
        redis
          .run(takeScript, [key], args)
          ?.then((reply) => (isReply(reply) ? read(key, reply) : memory.take(counted))) ??
        memory.take(counted)
      )
    },
  }
}

export function readTaken([allowed, fullAtUs, nowUs]: readonly number[]): Taken & {
  nowUs: number
} {
  return { isAllowed: allowed === 1, fullAtUs: fullAtUs!, nowUs: nowUs! }
}

function isReply(reply: unknown): reply is number[] {
  return Array.isArray(reply) && reply.length === 3
}
