import { z } from 'zod'
import { Fault } from '../../../internal/fault/fault'
import { scaleOf } from '../../../internal/money/currency'
import { decimalOfNumber, minorUnitsMax, toMinorUnits } from '../../../internal/money/decimal'
import { upstreamFaultName } from '../../../internal/upstream/fault'
import type { Upstream } from '../../../internal/upstream/upstream'
import { line } from '../../../internal/wire/text'
import type { Customer, Finding, LookupOptions, OrderServices, Product } from '../lookup'

/** Each is undefined where none is configured. */
export interface OrderServicesDeps {
  users: Upstream | undefined
  products: Upstream | undefined
}

/** The User Service and the Product Service over HTTP. */
export function newOrderServices({ users, products }: OrderServicesDeps): OrderServices {
  async function find<Found>(
    { name, upstream }: { name: string; upstream: Upstream | undefined },
    { path, schema }: { path: string; schema: z.ZodType<Found> },
    { signal, traceparent }: LookupOptions,
  ): Promise<Finding<Found>> {
    if (!upstream) return { status: 'busy', reason: `There is no ${name} service to ask.` }
    const headers: Record<string, string> = traceparent === null ? {} : { traceparent }
    try {
      const answer = await upstream.call({ method: 'GET', path, headers, schema, signal })
      return toFinding(answer, name)
    } catch (error) {
      return toFailure(error, signal)
    }
  }

  return {
    findCustomer(id, options) {
      const wanted = { path: `/users/${encodeURIComponent(id)}`, schema: newUserSchema(id) }
      return find({ name: 'user', upstream: users }, wanted, options)
    },
    findProduct(code, currency, options) {
      const schema = newProductSchema(code, currency)
      const wanted = { path: `/products/${encodeURIComponent(code)}`, schema }
      return find({ name: 'product', upstream: products }, wanted, options)
    },
  }
}

function toFinding<Found>(
  { status, body }: { status: number; body: Found | undefined },
  name: string,
): Finding<Found> {
  if (status === 404) return { status: 'unknown' }
  if (body !== undefined) return { status: 'found', found: body }
  return { status: 'failed', reason: `The ${name} service refused the look-up with ${status}.` }
}

function toFailure(error: unknown, signal: AbortSignal): Finding<never> {
  const name = upstreamFaultName(error)
  if (name && error instanceof Fault) {
    return { status: name === 'busy' ? 'busy' : 'failed', reason: error.detail }
  }
  if (signal.aborted) return { status: 'failed', reason: 'The look-up was given up.' }
  throw error
}

// What others answer is bounded as what clients send is; members that we do not know are fine.
const name = z.union([z.literal(''), line(200)])

/** Somebody may have one name only, and nobody has none. */
function newUserSchema(id: string): z.ZodType<Customer> {
  return z
    .object({ id: z.literal(id), firstName: name, lastName: name })
    .transform(({ firstName, lastName }) => ({ fullname: `${firstName} ${lastName}`.trim() }))
    .refine(({ fullname }) => fullname !== '', 'must have a name')
}

function newProductSchema(code: string, currency: string): z.ZodType<Product> {
  const price = z.number().transform((value, context) => {
    const minorUnits = toPrice(value, currency)
    if (minorUnits !== undefined) return minorUnits
    context.addIssue({ code: 'custom', message: `must be an amount of ${currency}` })
    return z.NEVER
  })
  return z
    .object({ code: z.literal(code), name: line(200), price })
    .transform((product) => ({ name: product.name, price: product.price }))
}

/** By its shortest decimal form, in minor units; undefined when that is no price. */
function toPrice(value: number, currency: string): bigint | undefined {
  const decimal = decimalOfNumber(value)
  const minorUnits = decimal && toMinorUnits(decimal, scaleOf(currency))
  if (minorUnits === undefined || minorUnits < 0n || minorUnits > minorUnitsMax) return undefined
  return minorUnits
}
