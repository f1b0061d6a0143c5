import { backoffMs } from './retry'
import { parseRetryAfter } from './retry-after'
import { newRetryBudget } from './retry-budget'
import { urlOf } from './url'

describe('the retry budget', () => {
  function newBudget() {
    let nowMs = 0
    const options = { tokensMax: 10, perSuccess: 0.1, perSecond: 0.5, now: () => nowMs }
    return { budget: newRetryBudget(options), pass: (ms: number) => (nowMs += ms) }
  }

  test('is off once half of it is used up', () => {
    const { budget } = newBudget()
    const allowed = Array.from({ length: 6 }, () => {
      budget.failed()
      return budget.allows()
    })
    expect(allowed).toEqual([true, true, true, true, false, false])
  })

  test('takes ten successes for each failure, and keeps no more than it began with', () => {
    const { budget } = newBudget()
    for (let i = 0; i < 100; i++) budget.succeeded()
    for (let i = 0; i < 5; i++) budget.failed()
    expect(budget.allows()).toBe(false)
    for (let i = 0; i < 11; i++) budget.succeeded()
    expect(budget.allows()).toBe(true)
    budget.failed()
    budget.failed()
    expect(budget.allows()).toBe(false)
  })

  test('comes back slowly by itself', () => {
    const { budget, pass } = newBudget()
    for (let i = 0; i < 100; i++) budget.failed()
    pass(10_000)
    expect(budget.allows()).toBe(false)
    pass(1000)
    expect(budget.allows()).toBe(true)
  })
})

describe('the pause before a retry', () => {
  const backoff = { baseMs: 50, capMs: 200 }

  test('is anything up to a bound that doubles, to a cap', () => {
    const longest = [1, 2, 3, 4, 50].map((retry) => backoffMs(retry, backoff, () => 1))
    expect(longest).toEqual([50, 100, 200, 200, 200])
    expect(backoffMs(3, backoff, () => 0.25)).toBe(50)
    expect(backoffMs(3, backoff, () => 0)).toBe(0)
  })

  test.each([
    ['3', 3000],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['-1', undefined],
    ['soon', undefined],
    [null, undefined],
  ])('takes %p of Retry-After for %p ms', (value, ms) => {
    expect(parseRetryAfter(value, 1000)).toBe(ms)
  })
})

describe('the URL of a call', () => {
  test('is below the base', () => {
    expect(urlOf('http://host/api', '/users/a%20b?c=d')).toBe('http://host/api/users/a%20b?c=d')
    expect(urlOf('http://host/', '/')).toBe('http://host/')
  })

  test.each(['/users/..', '/users/../a', '/.', '/%2e%2E/a', '/a/.%2e?b'])(
    'is none for %s, which would lead elsewhere',
    (path) => expect(urlOf('http://host', path)).toBeUndefined(),
  )

  test.each(['users', '', '/a b', '/a\\..\\b', '/a#b', '/ü', '@evil.example/', '/a\n'])(
    'is a defect for %j, which was not encoded',
    (path) => expect(() => urlOf('http://host', path)).toThrow('must be encoded'),
  )
})
