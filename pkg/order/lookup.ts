/** What the two services have said so far. */
export interface Known {
  customer: Customer | null
  product: Product | null
}

export const nothingKnown: Known = { customer: null, product: null }

export interface Customer {
  fullname: string
}

export interface Product {
  name: string
  /** Minor units of the currency that orders are taken in. */
  price: bigint
}

/** All that an order is made of. */
export interface Whole {
  customer: Customer
  product: Product
}

/** What a service answered. `busy`: it was not even asked, because too much is asked of it or it is down. */
export type Finding<Found> =
  | { status: 'found'; found: Found }
  | { status: 'unknown' }
  | { status: 'failed' | 'busy'; reason: string }

export interface LookupOptions {
  signal: AbortSignal
  traceparent: string | null
}

/** The two services. Never rejects: what goes wrong is a finding. */
export interface OrderServices {
  findCustomer(userId: string, options: LookupOptions): Promise<Finding<Customer>>
  findProduct(code: string, currency: string, options: LookupOptions): Promise<Finding<Product>>
}

export interface Findings {
  customer: Finding<Customer>
  product: Finding<Product>
}

export type Subject = keyof Findings

/** What follows from the two findings; pending: `reasons` says what is missing, and why. */
export type Judgement =
  | { status: 'created'; whole: Whole }
  | { status: 'refused'; unknown: Subject[] }
  | { status: 'pending'; known: Known; reasons: string[]; wasAsked: boolean }

/** One that does not exist decides, whatever the other may still come to. */
export function judge({ customer, product }: Findings): Judgement {
  const unknown: Subject[] = []
  if (customer.status === 'unknown') unknown.push('customer')
  if (product.status === 'unknown') unknown.push('product')
  if (unknown.length > 0) return { status: 'refused', unknown }
  if (customer.status === 'found' && product.status === 'found') {
    return { status: 'created', whole: { customer: customer.found, product: product.found } }
  }
  const findings = [customer, product]
  return {
    status: 'pending',
    known: { customer: foundOf(customer), product: foundOf(product) },
    reasons: findings.flatMap((one) => ('reason' in one ? [one.reason] : [])),
    // A service that could not even be asked says nothing about the order.
    wasAsked: findings.some((one) => one.status === 'failed'),
  }
}

function foundOf<Found>(finding: Finding<Found>): Found | null {
  return finding.status === 'found' ? finding.found : null
}
