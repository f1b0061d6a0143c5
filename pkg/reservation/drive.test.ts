import {
  backoffMs,
  firstStep,
  nextStep,
  type Called,
  type Next,
  type Patience,
  type Step,
  type Taken,
} from './drive'
import { actuals, statusOf, type Actual, type Desired } from './reservation'
import type { ReserveOutcome } from './service'

const patience: Patience = {
  attemptsMax: 8,
  backoffBaseMs: 1_000,
  backoffMsMax: 60_000,
  busyMs: 4_000,
}
const draw = () => 0.5

function taken(desired: Desired, actual: Actual, more: Partial<Taken> = {}): Taken {
  const externalId = actual === 'held' || actual === 'releasing' ? 7n : null
  return { id: 'key', item: 'laptop', desired, actual, externalId, attempts: 2, ...more }
}

const find = { do: 'find' } as const
const reserve = { do: 'reserve', isRepeat: false } as const
const reserveAgain = { do: 'reserve', isRepeat: true } as const
const release = { do: 'release', externalId: 7n } as const

const rest = (actual: Actual, externalId: bigint | null = null): Step => ({
  do: 'write',
  next: { actual, externalId, attempts: 0, lastError: null, inMs: null },
})

describe('the first step, whatever is wished and however far it has come', () => {
  const steps: Record<Desired, Record<Actual, Step>> = {
    held: {
      none: reserve,
      requesting: find,
      unknown: find,
      held: rest('held', 7n),
      releasing: release,
      released: rest('released'),
      failed: rest('failed'),
    },
    released: {
      none: rest('released'),
      requesting: find,
      unknown: find,
      held: release,
      releasing: release,
      released: rest('released'),
      failed: find,
    },
  }
  const all = (['held', 'released'] as const).flatMap((desired) =>
    actuals.map((actual) => [desired, actual] as const),
  )
  test.each(all)('wished %s, is %s', (desired, actual) => {
    expect(firstStep(taken(desired, actual))).toEqual(steps[desired][actual])
  })
})

describe('the step after a call', () => {
  const later = (next: Partial<Next>): Step => ({
    do: 'write',
    next: {
      actual: 'unknown',
      externalId: null,
      attempts: 3,
      lastError: 'why',
      inMs: 2_000,
      ...next,
    },
  })
  const unanswered = { kind: 'unanswered', reason: 'why' } as const
  const busy = { kind: 'busy', reason: 'why' } as const
  const cut = { kind: 'cut' } as const
  const id = { kind: 'reserved', externalId: 7n } as const
  const refusal = { kind: 'refused', reason: 'why' } as const
  const short = { attempts: 2, lastError: 'The call was cut short.', inMs: 0 }
  const waits = { attempts: 2, inMs: 3_000 }

  const table: [Desired, Called, Step][] = [
    ['held', { call: 'find', outcome: id }, rest('held', 7n)],
    ['held', { call: 'find', outcome: { kind: 'absent' } }, reserve],
    ['held', { call: 'find', outcome: { kind: 'under_way' } }, reserveAgain],
    ['held', { call: 'find', outcome: { kind: 'unsupported' } }, reserveAgain],
    [
      'held',
      { call: 'find', outcome: { kind: 'given_back' } },
      later({
        ...{ actual: 'failed', attempts: 0, inMs: null },
        lastError: 'The service does not hold it any more.',
      }),
    ],
    ['held', { call: 'find', outcome: unanswered }, later({})],
    ['held', { call: 'find', outcome: busy }, later(waits)],
    ['held', { call: 'find', outcome: cut }, later(short)],
    ['held', { call: 'reserve', isRepeat: true, outcome: id }, rest('held', 7n)],
    [
      'held',
      { call: 'reserve', isRepeat: true, outcome: refusal },
      later({ actual: 'failed', attempts: 0, inMs: null }),
    ],
    ['held', { call: 'reserve', isRepeat: true, outcome: unanswered }, later({})],
    ['held', { call: 'reserve', isRepeat: true, outcome: busy }, later(waits)],
    ['held', { call: 'reserve', isRepeat: true, outcome: cut }, later(short)],
    ['released', { call: 'find', outcome: id }, release],
    ['released', { call: 'find', outcome: { kind: 'absent' } }, reserve],
    ['released', { call: 'find', outcome: { kind: 'under_way' } }, reserveAgain],
    ['released', { call: 'find', outcome: { kind: 'unsupported' } }, reserveAgain],
    ['released', { call: 'find', outcome: { kind: 'given_back' } }, rest('released')],
    ['released', { call: 'find', outcome: unanswered }, later({})],
    ['released', { call: 'find', outcome: busy }, later(waits)],
    ['released', { call: 'find', outcome: cut }, later(short)],
    ['released', { call: 'reserve', isRepeat: true, outcome: id }, release],
    ['released', { call: 'reserve', isRepeat: true, outcome: refusal }, rest('released')],
    ['released', { call: 'reserve', isRepeat: true, outcome: unanswered }, later({})],
    ['released', { call: 'reserve', isRepeat: true, outcome: busy }, later(waits)],
    ['released', { call: 'reserve', isRepeat: true, outcome: cut }, later(short)],
  ]
  test.each(table)('wished %s, %j', (desired, called, step) => {
    expect(nextStep(taken(desired, 'unknown'), called, patience, draw)).toEqual(step)
  })

  const conflict = { kind: 'conflict', reason: 'why' } as const
  const soon = { ...conflict, retryAfterMs: 5_000 }
  const conflicts: [string, Desired, boolean, ReserveOutcome, Step][] = [
    ['a no', 'held', false, conflict, later({ actual: 'failed', attempts: 0, inMs: null })],
    ['a no', 'released', false, conflict, rest('released')],
    ['under way', 'held', true, conflict, later({})],
    ['under way', 'released', true, conflict, later({})],
    ['under way', 'held', false, soon, later({ inMs: 5_000 })],
    ['under way', 'released', false, soon, later({ inMs: 5_000 })],
  ]
  test.each(conflicts)(
    'a conflict is %s, wished %s, when that it is a repeat is %s: %j',
    (_is, desired, isRepeat, outcome, step) => {
      const called: Called = { call: 'reserve', isRepeat, outcome }
      expect(nextStep(taken(desired, 'unknown'), called, patience, draw)).toEqual(step)
    },
  )

  test('a conflict that stays is a no in the end, whatever is wished', () => {
    const called: Called = { call: 'reserve', isRepeat: true, outcome: soon }
    const last = (desired: Desired) => taken(desired, 'unknown', { attempts: 7 })
    expect(nextStep(last('held'), called, patience, draw)).toEqual(
      later({ actual: 'failed', attempts: 8, inMs: null }),
    )
    expect(nextStep(last('released'), called, patience, draw)).toEqual(rest('released'))
  })

  const releasing = { actual: 'releasing', externalId: 7n } as const
  const releases: [Desired, Called['outcome'], Step][] = (['held', 'released'] as const).flatMap(
    (desired) => [
      [desired, { kind: 'given_back' }, rest('released', 7n)],
      [desired, unanswered, later(releasing)],
      [desired, busy, later({ ...releasing, ...waits })],
      [desired, cut, later({ ...releasing, ...short })],
    ],
  )
  test.each(releases)('wished %s, release: %j', (desired, outcome, step) => {
    const called = { call: 'release', externalId: 7n, outcome } as Called
    expect(nextStep(taken(desired, 'releasing'), called, patience, draw)).toEqual(step)
  })

  test('what was not asked for because the way is closed has not been asked for', () => {
    const called: Called = { call: 'reserve', isRepeat: true, outcome: busy }
    const step = nextStep(taken('held', 'none'), called, patience, draw)
    expect(step).toEqual(later({ ...waits, actual: 'none' }))
  })

  test('the last attempt to reserve fails it, and giving back is never given up', () => {
    const reserving: Called = { call: 'reserve', isRepeat: true, outcome: unanswered }
    const last = taken('held', 'unknown', { attempts: 7 })
    expect(nextStep(last, reserving, patience, draw)).toEqual(
      later({ actual: 'failed', attempts: 8, inMs: null }),
    )
    const back: Called = { call: 'release', externalId: 7n, outcome: unanswered }
    const often = taken('released', 'releasing', { attempts: 99 })
    expect(nextStep(often, back, patience, draw)).toEqual(
      later({ ...releasing, attempts: 100, inMs: 30_000 }),
    )
  })

  test('the service is left alone for as long as it asks for', () => {
    const outcome = { ...unanswered, retryAfterMs: 90_000 }
    const step = nextStep(taken('held', 'unknown'), { call: 'find', outcome }, patience, draw)
    expect(step).toEqual(later({ inMs: 90_000 }))
  })
})

test('waits are any length up to a limit that doubles to a minute', () => {
  const longest = (attempts: number) => backoffMs(attempts, patience, () => 1)
  expect([0, 1, 2, 5, 6, 40].map(longest)).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  expect(backoffMs(3, patience, () => 0)).toBe(0)
})

test('what a user is told', () => {
  const told = (desired: Desired) => actuals.map((actual) => statusOf({ desired, actual }))
  expect(told('held')).toEqual([
    ...['pending', 'pending', 'pending', 'reserved', 'pending', 'pending', 'failed'],
  ])
  expect(told('released')).toEqual([
    ...['pending', 'pending', 'pending', 'pending', 'pending', 'released', 'pending'],
  ])
})
