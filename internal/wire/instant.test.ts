import { z } from 'zod'
import { instantInput, instantOutput, periodInput, refusesReversedPeriod } from './instant'

test('reads a time into UTC, to the microsecond', () => {
  expect(instantInput.parse('2026-01-31T10:30:00.5+01:00')).toBe('2026-01-31T09:30:00.500000Z')
})

// All forms are tried in internal/clock.
test.each(['', 'now', '2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z', '300000-01-01T00:00:00Z'])(
  'refuses %j and says what a time looks like',
  (text) => {
    const { error } = instantInput.safeParse(text)
    expect(error!.issues).toMatchObject([{ message: expect.stringMatching(/RFC 3339/) as string }])
  },
)

test.each([1769851800, null, new Date(0), ['2026-01-31T09:30:00Z']])('refuses %p', (value) => {
  expect(instantInput.safeParse(value).success).toBe(false)
})

test('an answer’s time has one form', () => {
  expect(instantOutput.safeParse('2026-01-31T09:30:00.000000Z').success).toBe(true)
  for (const text of ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.000000+00', 'infinity']) {
    expect(instantOutput.safeParse(text).success).toBe(false)
  }
})

const period = z.strictObject(periodInput).superRefine(refusesReversedPeriod)

test('takes a period that is open at either end, or one moment long', () => {
  const at = '2026-01-31T09:30:00.000000Z'
  for (const value of [{}, { from: at }, { to: at }, { from: at, to: at }]) {
    expect(period.parse(value)).toEqual(value)
  }
})

test('refuses a period that ends before it begins, by a microsecond or by a zone', () => {
  const reversed = [
    { from: '2026-01-31T09:30:00.000001Z', to: '2026-01-31T09:30:00Z' },
    { from: '2026-01-31T09:30:00Z', to: '2026-01-31T10:00:00+01:00' },
  ]
  for (const value of reversed) {
    expect(period.safeParse(value).error!.issues).toMatchObject([{ path: ['from'] }])
  }
})
