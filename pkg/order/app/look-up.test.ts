import { nothingKnown, type Finding, type OrderServices } from '../lookup'
import { lookUpBoth } from './look-up'

jest.useFakeTimers()

const wanted = {
  ...nothingKnown,
  userId: 'u',
  productCode: 'p',
  currency: 'EUR',
  traceparent: null,
}
const customer = { fullname: 'Ada Lovelace' }
const product = { name: 'Box', price: 999n }

/** Answers after so long, whoever has given up meanwhile: the worst of services. */
function after<Found>(ms: number, finding: Finding<Found>): () => Promise<Finding<Found>> {
  return () => new Promise((resolve) => setTimeout(resolve, ms, finding))
}

function newServices(changes: Partial<OrderServices> = {}): OrderServices {
  return {
    findCustomer: after(300, { status: 'found', found: customer }),
    findProduct: after(200, { status: 'found', found: product }),
    ...changes,
  }
}

/** What came of it, and after how long. */
async function timed<T>(work: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const begin = Date.now()
  let done: { value: T; tookMs: number } | undefined
  void work.then((value) => (done = { value, tookMs: Date.now() - begin }))
  for (let ms = 0; !done && ms < 100_000; ms += 10) await jest.advanceTimersByTimeAsync(10)
  return done!
}

test('asks side by side: both take as long as the slower one', async () => {
  const { value, tookMs } = await timed(lookUpBoth(newServices(), wanted, { budgetMs: 2000 }))
  expect(value).toEqual({
    customer: { status: 'found', found: customer },
    product: { status: 'found', found: product },
  })
  expect(tookMs).toBe(300)
})

test('answers when the budget is over, with what is there by then', async () => {
  const services = newServices({ findProduct: after(60_000, { status: 'found', found: product }) })
  const { value, tookMs } = await timed(lookUpBoth(services, wanted, { budgetMs: 2000 }))
  expect(value.customer.status).toBe('found')
  expect(value.product).toEqual({
    status: 'failed',
    reason: 'The product service did not answer in time.',
  })
  expect(tookMs).toBe(2000)
})

test('one that is unknown ends the wait for the other, and its call', async () => {
  const aborted: boolean[] = []
  const services = newServices({
    findCustomer: after(10, { status: 'unknown' }),
    findProduct(_code, _currency, { signal }) {
      signal.addEventListener('abort', () => aborted.push(true))
      return new Promise(() => {})
    },
  })
  const { value, tookMs } = await timed(lookUpBoth(services, wanted, { budgetMs: 2000 }))
  expect(value.customer.status).toBe('unknown')
  expect(tookMs).toBe(10)
  expect(aborted).toEqual([true])
})

test('one that fails does not: the other may still be unknown', async () => {
  const services = newServices({
    findCustomer: after(10, { status: 'failed', reason: 'no' }),
    findProduct: after(200, { status: 'unknown' }),
  })
  const { value, tookMs } = await timed(lookUpBoth(services, wanted, { budgetMs: 2000 }))
  expect([value.customer.status, value.product.status, tookMs]).toEqual(['failed', 'unknown', 200])
})

test('what is known already is not asked for', async () => {
  const findCustomer = jest.fn()
  const services = newServices({ findCustomer })
  const { value } = await timed(lookUpBoth(services, { ...wanted, customer }, { budgetMs: 2000 }))
  expect(value.customer).toEqual({ status: 'found', found: customer })
  expect(findCustomer).not.toHaveBeenCalled()
})

test('whoever asked may give up before', async () => {
  const services = newServices({ findProduct: after(60_000, { status: 'unknown' }) })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 500)
  const patience = { budgetMs: 90_000, signal: controller.signal }
  const { tookMs } = await timed(lookUpBoth(services, wanted, patience))
  expect(tookMs).toBe(500)
  const { tookMs: atOnce } = await timed(lookUpBoth(services, wanted, patience))
  expect(atOnce).toBeLessThanOrEqual(10)
})

test('a defect is thrown, and no timer is left behind', async () => {
  jest.clearAllTimers()
  const services = newServices({
    findCustomer: () => Promise.reject(new Error('defect')),
    findProduct: () => new Promise(() => {}),
  })
  await expect(lookUpBoth(services, wanted, { budgetMs: 2000 })).rejects.toThrow('defect')
  expect(jest.getTimerCount()).toBe(0)
})
