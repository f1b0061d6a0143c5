import type { Instant } from '../clock/instant'
import { toTimestamp } from './timestamp'

test.each<[string, bigint, number]>([
  ['1970-01-01T00:00:00.000000Z', 0n, 0],
  ['2026-01-31T09:30:00.123456Z', 1769851800n, 123_456_000],
  ['1969-12-31T23:59:59.999999Z', -1n, 999_999_000],
  ['0001-01-01T00:00:00.000001Z', -62135596800n, 1000],
  ['9999-12-31T23:59:59.999999Z', 253402300799n, 999_999_000],
])('%s keeps its microseconds', (instant, seconds, nanos) => {
  expect(toTimestamp(instant as Instant)).toEqual({ seconds, nanos })
})
