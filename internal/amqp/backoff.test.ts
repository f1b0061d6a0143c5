import { pauseMs } from './backoff'

const backoff = { msMin: 100, msMax: 30_000 }

test('doubles with each failure up to its limit, and leaves half to chance', () => {
  const longest = [1, 2, 3, 9, 10, 1000].map((failures) => pauseMs(failures, backoff, 1))
  expect(longest).toEqual([100, 200, 400, 25_600, 30_000, 30_000])
  expect(pauseMs(3, backoff, 0)).toBe(200)
})
