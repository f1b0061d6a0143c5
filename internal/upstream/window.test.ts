import { CircuitState } from 'cockatiel'
import { newFailureWindow } from './window'

const { Closed, HalfOpen } = CircuitState

function newWindow(failureShare = 0.5) {
  let nowMs = 0
  const window = newFailureWindow({
    ...{ windowMs: 10_000, callsMin: 4, failureShare },
    now: () => nowMs,
  })
  return { window, pass: (ms: number) => (nowMs += ms) }
}

test('opens at the share of failures, not below the number of calls', () => {
  const { window } = newWindow()
  window.success(Closed)
  window.success(Closed)
  expect(window.failure(Closed)).toBe(false)
  expect(window.failure(Closed)).toBe(true)
})

test('stays closed below the share', () => {
  const { window } = newWindow()
  for (let i = 0; i < 4; i++) window.success(Closed)
  for (let i = 0; i < 3; i++) expect(window.failure(Closed)).toBe(false)
  expect(window.failure(Closed)).toBe(true)
})

test('forgets what is older than the window, after a quiet time too', () => {
  const { window, pass } = newWindow()
  for (let i = 0; i < 3; i++) window.failure(Closed)
  pass(60_000)
  expect(window.failure(Closed)).toBe(false)
  pass(5000)
  for (let i = 0; i < 2; i++) expect(window.failure(Closed)).toBe(false)
  pass(6000)
  expect(window.failure(Closed)).toBe(false)
  expect(window.failure(Closed)).toBe(true)
})

test('begins anew once it opened, and once the service answered again', () => {
  const { window } = newWindow()
  for (let i = 0; i < 3; i++) window.failure(Closed)
  expect(window.failure(Closed)).toBe(true)
  expect(window.failure(Closed)).toBe(false)
  window.success(HalfOpen)
  for (let i = 0; i < 2; i++) expect(window.failure(Closed)).toBe(false)
  expect(window.failure(Closed)).toBe(true)
})
