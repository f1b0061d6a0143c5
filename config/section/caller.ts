import { z } from 'zod'
import { always, flag, isObject, msMax, section, wholeNumber } from './form'

/** Who signs in, what that costs, and how often it may fail. */
export const auth = section({
  demo_operator: flag.default(false),
  remember_ms: wholeNumber(1, msMax).default(60_000),
  remembered_max: wholeNumber(1, 1_000_000).default(10_000),
  recheck_ms: wholeNumber(10, msMax).default(15_000),
  hashes_in_flight_max: wholeNumber(1, 64).default(2),
  hash_queue_max: wholeNumber(0, 10_000).default(64),
  user_failures_max: wholeNumber(1, 1000).default(5),
  user_failures_anywhere_max: wholeNumber(1, 100_000).default(100),
  address_failures_max: wholeNumber(1, 100_000).default(20),
  trusted_proxies: wholeNumber(0, 10).default(0),
})

export const demoElsewhere = {
  error:
    'must be false unless the environment is local: everybody who does not sign in would be an operator',
  path: ['auth', 'demo_operator'],
  ...always,
}

export function allowsDemo(value: unknown): boolean {
  if (!isObject(value) || value.environment === 'local') return true
  return !isObject(value.auth) || value.auth.demo_operator !== true
}

const redisForm = 'must be a URL as in redis://user:password@host:6379/0'
const redisUrl = z
  .string({ error: redisForm })
  .refine((url) => /^rediss?:\/\/\S+$/.test(url) && URL.canParse(url), { error: redisForm })

/** How often a user may ask or, without one, an address. Without the section as often as they like. */
export const rateLimit = section({
  /** Processes that name the same one count together; without it each counts for itself. */
  redis_url: redisUrl.optional(),
  redis_timeout_ms: wholeNumber(1, 1000).default(50),
  window_ms: wholeNumber(100, msMax).default(60_000),
  reads_max: wholeNumber(1, 100_000).default(6000),
  writes_max: wholeNumber(1, 100_000).default(3000),
  failed_sign_ins_max: wholeNumber(1, 100_000).default(60),
  entries_max: wholeNumber(1, 1_000_000).default(10_000),
})
