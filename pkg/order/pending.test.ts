import fc from 'fast-check'
import type { Instant } from '../../internal/clock/instant'
import type { Judgement } from './lookup'
import { nextStep, type PendingOrder, type Persistence } from './pending'

const persistence: Persistence = {
  attemptsMax: 5,
  backoffBaseMs: 1000,
  backoffMsMax: 60_000,
  busyMs: 4000,
}

const order: PendingOrder = {
  id: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e',
  userId: 'u',
  productCode: 'p',
  customer: null,
  product: null,
  currency: 'EUR',
  attempts: 0,
  createdAt: '2026-01-31T09:30:00.000000Z' as Instant,
  traceparent: null,
}

const customer = { fullname: 'Ada Lovelace' }
const known = { customer, product: null }
const failed: Judgement = {
  status: 'pending',
  known,
  reasons: ['The product service failed.'],
  wasAsked: true,
}

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('an attempt that failed is made again after a pause below twice the one before, up to the cap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 58 }), random, (attempts, chance) => {
      const patient = { ...persistence, attemptsMax: 60 }
      const step = nextStep({ ...order, attempts }, failed, patient, chance)
      expect(step).toMatchObject({ status: 'postpone', known, attempts: attempts + 1 })
      const { delayMs } = step as Extract<typeof step, { delayMs: number }>
      expect(Number.isInteger(delayMs)).toBe(true)
      expect(delayMs).toBeGreaterThanOrEqual(0)
      expect(delayMs).toBeLessThanOrEqual(Math.min(60_000, 1000 * 2 ** attempts))
    }),
  )
})

test('an order that fails every time ends after so many attempts, with the reason', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), random, (attemptsMax, chance) => {
      let attempts = 0
      for (;;) {
        const step = nextStep(
          { ...order, attempts },
          failed,
          { ...persistence, attemptsMax },
          chance,
        )
        if (step.status === 'complete') throw new Error('nothing was found')
        attempts += 1
        expect(step.attempts).toBe(attempts)
        if (step.status === 'fail') break
      }
      expect(attempts).toBe(attemptsMax)
    }),
  )
})

test('a service that was not even asked costs no attempt, however often', () => {
  const busy: Judgement = { ...failed, wasAsked: false }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), random, (attempts, chance) => {
      const step = nextStep({ ...order, attempts }, busy, persistence, chance)
      expect(step).toMatchObject({ status: 'postpone', attempts })
      const { delayMs } = step as Extract<typeof step, { delayMs: number }>
      expect(delayMs).toBeGreaterThanOrEqual(2000)
      expect(delayMs).toBeLessThanOrEqual(4000)
    }),
  )
})

test('what does not exist fails the order at its first attempt, and keeps what was known', () => {
  const refused: Judgement = { status: 'refused', unknown: ['product'] }
  expect(nextStep({ ...order, customer }, refused, persistence, 0)).toEqual({
    status: 'fail',
    known,
    attempts: 0,
    failure: 'The product service knows no product "p".',
  })
})

test('two answers complete the order, also at the last attempt', () => {
  const whole = { customer, product: { name: 'P', price: 1n } }
  const created: Judgement = { status: 'created', whole }
  const last = { ...order, attempts: 4 }
  expect(nextStep(last, created, persistence, 0)).toEqual({ status: 'complete', whole })
})
