import { newKey } from '../redis/key'
import type { Redis } from '../redis/redis'
import { script } from '../redis/script'
import {
  delayMaxMs,
  familiarMs,
  firstDelayMs,
  forgetMs,
  networkOf,
  newAttempts,
  pairOf,
  type Attempt,
  type AttemptOptions,
  type AttemptOutcome,
  type Attempts,
} from './attempt'

/** An attempt that was begun and is not over by then, because its process ended, blocks nobody longer. */
const attemptMaxMs = 10_000

const clock = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function read(key, field) return tonumber(redis.call('HGET', key, field) or '0') end
`

/**
 * Milliseconds to wait for what has failed of the user at the network (1) and, unless they have signed in
 * there lately (4), of the user (2) and the address (3); 0: all have begun.
 */
const beginScript = script(`${clock}
local busy_ms, first_delay_ms = tonumber(ARGV[4]), tonumber(ARGV[5])
local wait = 0
local counted = redis.call('EXISTS', KEYS[4]) == 1 and 1 or 3
for i = 1, 3 do
  if read(KEYS[i], 'busy_until') <= now then redis.call('HDEL', KEYS[i], 'in_flight') end
end
for i = 1, counted do
  local key = KEYS[i]
  wait = math.max(wait, read(key, 'waits_until') - now)
  local one_at_a_time = read(key, 'failures') >= tonumber(ARGV[i])
  if one_at_a_time and read(key, 'in_flight') > 0 then wait = math.max(wait, first_delay_ms) end
end
if wait > 0 then return wait end
for i = 1, 3 do
  local key = KEYS[i]
  redis.call('HINCRBY', key, 'in_flight', 1)
  redis.call('HSET', key, 'busy_until', string.format('%.0f', now + busy_ms))
  if redis.call('PTTL', key) < busy_ms then redis.call('PEXPIRE', key, busy_ms) end
end
return 0
`)

/** 1 when one of the three has to wait for the first time. */
const endScript = script(`${clock}
local has_failed, has_succeeded = ARGV[4] == '1', ARGV[5] == '1'
local first_delay_ms, delay_max_ms, forget_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local begins = 0
for i = 1, 3 do
  local key = KEYS[i]
  if read(key, 'in_flight') > 0 then redis.call('HINCRBY', key, 'in_flight', -1) end
  if has_failed then
    local beyond = redis.call('HINCRBY', key, 'failures', 1) - tonumber(ARGV[i])
    local delay = 0
    if beyond >= 0 then delay = math.min(first_delay_ms * 2 ^ math.min(beyond, 30), delay_max_ms) end
    redis.call('HSET', key, 'waits_until', string.format('%.0f', now + delay))
    redis.call('PEXPIRE', key, delay + forget_ms)
    if beyond == 0 then begins = 1 end
  end
end
if has_succeeded then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('SET', KEYS[4], '1', 'PX', ARGV[9])
end
return begins
`)

/**
 * As in attempt.ts, but for all processes together. While Redis is away each goes by what it has seen
 * itself.
 */
export function newSharedAttempts(options: AttemptOptions & { redis: Redis }): Attempts {
  const { redis, userFailuresMax, userFailuresAnywhereMax, addressFailuresMax, onDelay } = options
  const ownDelay = (attempt: Attempt) => {
    if (!redis.isThere()) onDelay?.(attempt)
  }
  const own = newAttempts({ ...options, onDelay: ownDelay })
  const maxima = [userFailuresMax, userFailuresAnywhereMax, addressFailuresMax]
  return {
    async begin(attempt) {
      const args = [...maxima, attemptMaxMs, firstDelayMs]
      const waitMs = await redis.run(beginScript, keysOf(attempt), args)
      return typeof waitMs === 'number' ? waitMs : own.begin(attempt)
    },

    async end(attempt, outcome) {
      await own.end(attempt, outcome)
      const delays = [firstDelayMs, delayMaxMs, forgetMs]
      const args = [...maxima, ...flagsOf(outcome), ...delays, familiarMs]
      const begins = await redis.run(endScript, keysOf(attempt), args)
      if (begins === 1) onDelay?.(attempt)
    },
  }
}

function keysOf({ userId, address }: Attempt): string[] {
  const network = networkOf(address)
  const pair = pairOf(userId, network)
  return [
    newKey('attempt:pair', pair),
    newKey('attempt:user', userId),
    newKey('attempt:address', network),
    newKey('attempt:familiar', pair),
  ]
}

function flagsOf(outcome: AttemptOutcome): number[] {
  return [Number(outcome === 'failed'), Number(outcome === 'succeeded')]
}
