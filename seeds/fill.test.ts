import { newFill, partsOf } from './fill'

const numbers = { users: 100, transactions: 10_000, seed: 1, until: '2026-01-01' }

test('covers the two years that end at the given day', () => {
  expect(newFill(numbers)).toMatchObject({
    startsAt: '2024-01-01T00:00:00.000000Z',
    endsAt: '2026-01-01T00:00:00.000000Z',
  })
})

test('lets the first user come on the day 30 days before, and the last one before the start', () => {
  for (let seed = 0; seed < 50; seed++) {
    for (const users of [1, 7, 1_000_000]) {
      const fill = newFill({ ...numbers, seed, users })
      expect(fill.foundedAt).toMatch(/^2023-12-02T\d\d:\d\d:\d\d\.\d{6}Z$/)
      const lastMs = Date.parse(fill.foundedAt) + Number(fill.userSpacingMicros) * (users / 1000)
      expect(lastMs).toBeLessThan(Date.parse(fill.startsAt))
    }
  }
})

test('is founded at another time when any of its numbers is another', () => {
  const others = [{}, { seed: 2 }, { users: 101 }, { transactions: 9999 }, { until: '2026-01-02' }]
  const times = others.map((other) => newFill({ ...numbers, ...other }).foundedAt.slice(11))
  expect(new Set(times).size).toBe(others.length)
})

test.each([
  [1, 0],
  [1, 50_000_000],
  [3, 200_001],
  [10_001, 7],
  [999_983, 1_234_567],
])('parts of %i users and %i transactions follow each other and add up', (users, transactions) => {
  const parts = partsOf({ ...numbers, users, transactions })
  const sum = parts.reduce((total, part) => total + part.transactions, 0)
  expect(sum).toBe(transactions)
  expect(parts.at(-1)?.lastUser).toBe(users)
  let next = 1
  for (const { firstUser, lastUser } of parts) {
    expect(firstUser).toBe(next)
    expect(lastUser).toBeGreaterThanOrEqual(firstUser)
    expect(lastUser - firstUser).toBeLessThan(10_000)
    next = lastUser + 1
  }
})
