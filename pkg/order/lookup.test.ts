import fc from 'fast-check'
import { judge, type Finding } from './lookup'

function finding<Found>(found: Found): fc.Arbitrary<Finding<Found>> {
  return fc.constantFrom<Finding<Found>>(
    { status: 'found', found },
    { status: 'unknown' },
    { status: 'failed', reason: 'failed' },
    { status: 'busy', reason: 'busy' },
  )
}

const findings = fc.record({
  customer: finding({ fullname: 'Ada Lovelace' }),
  product: finding({ name: 'Box', price: 999n }),
})

test('two found make an order, one unknown makes none, and all else waits', () => {
  fc.assert(
    fc.property(findings, ({ customer, product }) => {
      const both = [customer.status, product.status]
      const { status } = judge({ customer, product })
      if (both.includes('unknown')) expect(status).toBe('refused')
      else expect(status).toBe(both.every((one) => one === 'found') ? 'created' : 'pending')
    }),
  )
})

test('what was found is kept, what is missing has a reason, and only a call that was made counts', () => {
  fc.assert(
    fc.property(findings, ({ customer, product }) => {
      const judgement = judge({ customer, product })
      if (judgement.status !== 'pending') return
      const both = [customer, product]
      expect(judgement.known.customer !== null).toBe(customer.status === 'found')
      expect(judgement.known.product !== null).toBe(product.status === 'found')
      expect(judgement.reasons).toEqual(
        both.flatMap((one) => ('reason' in one ? [one.reason] : [])),
      )
      expect(judgement.wasAsked).toBe(both.some(({ status }) => status === 'failed'))
    }),
  )
})
