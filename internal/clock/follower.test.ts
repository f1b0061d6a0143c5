import { newFollower } from './follower'
import type { Instant } from './instant'

const noon = '2026-01-31T12:00:00.000250Z' as Instant

function newRig() {
  const machine = { ms: 5000 }
  return { machine, follower: newFollower(() => machine.ms) }
}

test('goes on from what it heard last', () => {
  const { machine, follower } = newRig()
  follower.hear(noon)
  machine.ms += 1.75
  expect(follower.now()).toBe('2026-01-31T12:00:00.002000Z')
  machine.ms += 998
  expect(follower.now()).toBe('2026-01-31T12:00:01.000000Z')
})

test('never tells an instant twice, nor an earlier one', () => {
  const { machine, follower } = newRig()
  follower.hear(noon)
  expect([follower.now(), follower.now()]).toEqual([
    '2026-01-31T12:00:00.000251Z',
    '2026-01-31T12:00:00.000252Z',
  ])
  machine.ms += 10
  const before = follower.now()!
  follower.hear('2026-01-31T12:00:00.009000Z' as Instant)
  expect(follower.now()! > before).toBe(true)
})

test('stays above what it heard, when an earlier answer is heard after it', () => {
  const { follower } = newRig()
  follower.hear(noon)
  follower.hear('2026-01-31T11:59:59.900000Z' as Instant)
  expect(follower.now()).toBe('2026-01-31T12:00:00.000251Z')
})

test('knows nothing before it heard something, nor when that is too long ago', () => {
  const { machine, follower } = newRig()
  expect(follower.now()).toBeUndefined()
  follower.hear(noon)
  machine.ms += 10_001
  expect(follower.now()).toBeUndefined()
})

test('follows a clock that was set back', () => {
  const { follower } = newRig()
  follower.hear(noon)
  follower.now()
  const earlier = '2026-01-31T11:00:00.000000Z' as Instant
  follower.hear(earlier)
  expect(follower.now()).toBe('2026-01-31T11:00:00.000001Z')
})
