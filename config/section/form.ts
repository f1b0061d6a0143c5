import { z } from 'zod'
import { isCurrency } from '../../internal/money/currency'

// What sections are made of. Messages complete a sentence that begins with the key: "http.port: must be …".

/** An hour: whatever waits longer waits for ever. */
export const msMax = 3_600_000

/** What is kept is kept for days. */
export const dayMs = 86_400_000

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

export function share(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

export function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` })
}

/** An object of the configuration in which every key is known. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  // Without a word of ours here the message of unknown keys stays with the issue itself.
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined),
  })
}

export const text = (what: string) => z.string({ error: what }).min(1, { error: what })
export const flag = z.boolean({ error: 'must be true or false' })

const currencyForm = 'must be a currency of ISO 4217'
export const currency = z
  .string({ error: currencyForm })
  .refine(isCurrency, { error: currencyForm })

const httpUrlForm = 'must be a URL as in http://host:8090, without a user, a query or a fragment'
/** Of a service that is called. */
export const httpUrl = z.string({ error: httpUrlForm }).refine(isBaseUrl, { error: httpUrlForm })

/**
 * Paths are put behind it. fetch refuses a URL with a user in it, with a message that repeats the password.
 */
function isBaseUrl(url: string): boolean {
  if (!/^https?:\/\/[^?#\s]+$/.test(url) || !URL.canParse(url)) return false
  const { username, password } = new URL(url)
  return username === '' && password === ''
}

// `when`: also asked when something else is wrong, so that all mistakes are listed at once.
export const always = { when: () => true }

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
