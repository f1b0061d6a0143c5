import fc from 'fast-check'
import { newMemoryRate } from './memory'
import { paceOf, standingOf, take, type Quota } from './rate'

function newFake(change: Partial<Quota> & { entriesMax?: number } = {}) {
  const time = { ms: 5000 }
  const { entriesMax = 100, ...quota } = change
  const rate = newMemoryRate({
    quota: { name: 'read', max: 3, windowMs: 6000, ...quota },
    ...{ entriesMax, nowMs: () => time.ms },
  })
  const ask = (id = 'ada') => rate.take({ of: 'user', id })
  return { rate, time, ask }
}

test('a caller may take the whole quota at once, and then one each time it has grown by one', () => {
  const { ask, time } = newFake()
  expect([ask(), ask(), ask()].map(({ remaining }) => remaining)).toEqual([2, 1, 0])
  expect(ask()).toEqual({
    ...{ isAllowed: false, remaining: 0 },
    ...{ resetSeconds: 6, retryAfterSeconds: 2 },
  })
  time.ms += 1999
  expect(ask()).toMatchObject({ isAllowed: false, retryAfterSeconds: 0.001 })
  time.ms += 1
  expect(ask()).toMatchObject({ isAllowed: true, remaining: 0 })
  time.ms += 6000
  expect(ask()).toEqual({
    ...{ isAllowed: true, remaining: 2 },
    ...{ resetSeconds: 2, retryAfterSeconds: 0 },
  })
})

test('callers do not take from each other, nor a user from an address of the same name', () => {
  const { ask, rate } = newFake({ max: 1 })
  expect(ask().isAllowed).toBe(true)
  expect(ask().isAllowed).toBe(false)
  expect(ask('bob').isAllowed).toBe(true)
  expect(rate.take({ of: 'address', id: 'ada' }).isAllowed).toBe(true)
})

test('remembers a bounded number of users and of addresses, those who asked last', () => {
  const { ask, rate } = newFake({ max: 1, entriesMax: 50 })
  for (let i = 0; i < 10_000; i++) ask(`user-${i}`)
  expect(rate.size()).toBe(50)
  for (let i = 0; i < 10_000; i++) rate.take({ of: 'address', id: `${i}` })
  expect(rate.size()).toBe(100)
  expect(ask('user-9999').isAllowed).toBe(false)
  expect(ask('user-1').isAllowed).toBe(true)
})

test('a clock that was set back locks nobody out for longer than the window', () => {
  const pace = paceOf({ name: 'read', max: 3, windowMs: 6000 })
  const taken = take(9e15, 1e15, pace)
  expect(taken).toEqual({ isAllowed: false, fullAtUs: 1e15 + 6e6 })
  expect(standingOf(taken, 1e15, pace).retryAfterSeconds).toBe(2)
})

const quotas = fc.record({
  name: fc.constant('read'),
  max: fc.integer({ min: 1, max: 100_000 }),
  windowMs: fc.integer({ min: 100, max: 3_600_000 }),
})

test('never more than the quota and what has grown meanwhile, and never less than was promised', () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 500_000 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(quotas, pauses, (quota, steps) => {
      const pace = paceOf({ ...quota, max: Math.min(quota.max, 20) })
      const capacity = pace.capacityUs / pace.intervalUs
      let [nowUs, fullAtUs, passed] = [1e15, undefined as number | undefined, 0]
      for (const step of steps) {
        nowUs += step
        const taken = take(fullAtUs, nowUs, pace)
        const standing = standingOf(taken, nowUs, pace)
        const before = standingOf({ isAllowed: true, fullAtUs: fullAtUs ?? 0 }, nowUs, pace)
        expect(taken.isAllowed).toBe(Math.min(before.remaining, capacity) >= 1)
        if (!taken.isAllowed) {
          const later = nowUs + Math.round(standing.retryAfterSeconds * 1e6)
          expect(take(taken.fullAtUs, later, pace).isAllowed).toBe(true)
          expect(take(taken.fullAtUs, later - 1, pace).isAllowed).toBe(false)
        }
        fullAtUs = taken.fullAtUs
        passed += Number(taken.isAllowed)
        const grown = Math.floor((nowUs - 1e15) / pace.intervalUs)
        expect(passed).toBeLessThanOrEqual(capacity + grown)
        expect(standing.remaining).toBeGreaterThanOrEqual(0)
        expect(standing.remaining).toBeLessThan(capacity)
      }
    }),
  )
})
