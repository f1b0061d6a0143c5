import type { Finding, Findings, Known, LookupOptions, OrderServices } from '../lookup'

/** What is to be looked up. What is known already is not asked for again. */
export interface Wanted extends Known {
  userId: string
  productCode: string
  currency: string
  traceparent: string | null
}

export interface Patience {
  /** For both look-ups together. */
  budgetMs: number
  /** Ends the wait before its time. */
  signal?: AbortSignal
}

/**
 * Asks both services side by side and answers within the budget, whatever they do. Who is unknown ends
 * the wait for the other: nothing that could still come would make an order of it.
 */
export async function lookUpBoth(
  services: OrderServices,
  wanted: Wanted,
  { budgetMs, signal }: Patience,
): Promise<Findings> {
  const stop = new AbortController()
  const end = () => stop.abort()
  const timer = setTimeout(end, budgetMs)
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  try {
    return await ask(services, wanted, stop)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

async function ask(
  services: OrderServices,
  { userId, productCode, currency, customer, product, traceparent }: Wanted,
  stop: AbortController,
): Promise<Findings> {
  const options: LookupOptions = { signal: stop.signal, traceparent }
  const findings = await Promise.all([
    customer ? found(customer) : decisive(services.findCustomer(userId, options), 'user', stop),
    product
      ? found(product)
      : decisive(services.findProduct(productCode, currency, options), 'product', stop),
  ])
  return { customer: findings[0], product: findings[1] }
}

function found<Found>(known: Found): Finding<Found> {
  return { status: 'found', found: known }
}

/** The finding, or that there is none by the time the wait is over; `unknown` ends it for all. */
function decisive<Found>(
  finding: Promise<Finding<Found>>,
  name: string,
  stop: AbortController,
): Promise<Finding<Found>> {
  return new Promise((resolve, reject) => {
    const giveUp = () =>
      resolve({ status: 'failed', reason: `The ${name} service did not answer in time.` })
    if (stop.signal.aborted) return giveUp()
    stop.signal.addEventListener('abort', giveUp, { once: true })
    finding.then((made) => {
      resolve(made)
      if (made.status === 'unknown') stop.abort()
    }, reject)
  })
}
