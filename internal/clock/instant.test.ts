import { readInstant } from './instant'
import { newSystemClock } from './clock'

describe('readInstant', () => {
  test.each([
    ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.000000Z'],
    ['2026-01-31t09:30:00.5z', '2026-01-31T09:30:00.500000Z'],
    ['2026-01-31T09:30:00.123456Z', '2026-01-31T09:30:00.123456Z'],
    ['2026-01-01T00:30:00+02:00', '2025-12-31T22:30:00.000000Z'],
    ['2025-12-31T23:30:00-00:45', '2026-01-01T00:15:00.000000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('reads %s', (text, instant) => {
    expect(readInstant(text)).toBe(instant)
  })

  test.each([
    '2026-01-31',
    '2026-01-31T09:30Z',
    '2026-01-31T09:30:00',
    '2026-01-31 09:30:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T23:60:00Z',
    '2026-01-31T23:59:60Z',
    '2026-01-31T09:30:00.1234567Z',
    '2026-01-31T09:30:00+24:00',
    '2026-01-31T09:30:00+01:60',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:30:00-01:00',
    '300000-01-01T00:00:00Z',
    '+300000-01-01T00:00:00Z',
    'yesterday',
    '',
  ])('refuses %j', (text) => {
    expect(readInstant(text)).toBeUndefined()
  })
})

test('the system clock never repeats an instant and never goes back', () => {
  const clock = newSystemClock()
  const instants = Array.from({ length: 5000 }, () => clock.now())
  expect([...instants].sort()).toEqual(instants)
  expect(new Set(instants).size).toBe(instants.length)
})
