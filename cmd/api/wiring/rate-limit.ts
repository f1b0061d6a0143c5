import type { ApiConfig } from '../../../config/config'
import { newAddressOf } from '../../../internal/http/address'
import { newRateLimit, type RateKind, type RateLimit } from '../../../internal/http/rate-limit'
import type { Log } from '../../../internal/log/log'
import type { Metrics } from '../../../internal/metrics/metrics'
import { newMemoryRate } from '../../../internal/rate/memory'
import { newSharedRate } from '../../../internal/rate/redis'
import { openRedis, type Redis } from '../../../internal/redis/redis'

const connectTimeoutMs = 1000

// Does not jump when somebody sets the clock of the machine.
const nowMs = () => performance.now()

/** What processes count together in; undefined when each counts for itself. */
export async function openCounter({ rate_limit }: ApiConfig, log: Log): Promise<Redis | undefined> {
  if (rate_limit?.redis_url === undefined) return undefined
  const { redis_url: url, redis_timeout_ms: timeoutMs } = rate_limit
  return openRedis({ url, timeoutMs, connectTimeoutMs, log })
}

export interface RateLimitDeps {
  redis: Redis | undefined
  metrics: Pick<Metrics, 'counter' | 'gauge'>
}

/** Undefined when nothing is limited. */
export function newRateLimits(
  { rate_limit, auth }: ApiConfig,
  { redis, metrics }: RateLimitDeps,
): RateLimit | undefined {
  if (!rate_limit) return undefined
  const newRate = (name: RateKind, max: number) => {
    const quota = { name, max, windowMs: rate_limit.window_ms }
    const options = { quota, entriesMax: rate_limit.entries_max, nowMs }
    return redis ? newSharedRate({ ...options, redis }) : newMemoryRate(options)
  }
  if (redis) watch(redis, metrics)
  return newRateLimit({
    rates: {
      read: newRate('read', rate_limit.reads_max),
      write: newRate('write', rate_limit.writes_max),
      sign_in: newRate('sign_in', rate_limit.failed_sign_ins_max),
    },
    addressOf: newAddressOf(auth.trusted_proxies),
    onRefused: metrics.counter({
      name: 'tillbook_rate_limited_total',
      help: 'Requests and calls that were refused because their caller sends too many.',
    }),
  })
}

function watch(redis: Redis, metrics: Pick<Metrics, 'gauge'>): void {
  metrics.gauge({
    name: 'tillbook_redis_up',
    help: '1 while Redis counts for all processes together, 0 while each counts for itself.',
    read: () => Number(redis.isThere()),
  })
}
