import type { Instant } from '../../internal/clock/instant'
import { toOutgoing } from './envelope'
import { settlementOf, tooLarge, waitMsOf, type OutboxMessage } from './outbox'

const message = { id: 'a', claimNo: 4, attempts: 0 }
const rule = { waitMs: 7, attemptsMax: 3 }

test('a confirmed message is published', () => {
  expect(settlementOf(message, { kind: 'confirmed' }, rule)).toEqual({
    id: 'a',
    claimNo: 4,
    state: 'published',
    isAttempt: false,
    error: null,
    waitMs: null,
  })
})

test('an outage burns no attempt, keeps its place and says nothing about the message', () => {
  const outcome = { kind: 'unanswered', reason: 'the connection was lost' } as const
  expect(settlementOf({ ...message, attempts: 2 }, outcome, rule)).toEqual({
    id: 'a',
    claimNo: 4,
    state: 'waiting',
    isAttempt: false,
    error: null,
    waitMs: null,
  })
})

test('an unroutable message waits, however often', () => {
  const outcome = { kind: 'unroutable', reason: 'NO_ROUTE' } as const
  expect(settlementOf({ ...message, attempts: 99 }, outcome, rule)).toEqual({
    id: 'a',
    claimNo: 4,
    state: 'waiting',
    isAttempt: false,
    error: 'unroutable: NO_ROUTE',
    waitMs: 7,
  })
})

test.each([
  [0, 'waiting'],
  [1, 'waiting'],
  [2, 'parked'],
  [3, 'parked'],
])('a message that was refused after %i refusals is %s', (attempts, state) => {
  const outcome = { kind: 'refused', reason: 'x'.repeat(2000) } as const
  const settlement = settlementOf({ ...message, attempts }, outcome, rule)
  expect(settlement).toMatchObject({ state, isAttempt: true, waitMs: 7 })
  expect(settlement.error).toHaveLength(1000)
})

test('a message that is too large is parked at once', () => {
  expect(tooLarge(message, 12, 10)).toMatchObject({ state: 'parked', isAttempt: true })
})

test.each([
  [0, 0, 500],
  [0, 1, 1000],
  [5000, 0, 2500],
  [5000, 1, 5000],
  [3_600_000, 1, 60_000],
  [-3_600_000, 1, 1000],
])('one of the age of %i ms waits, with chance %d, for %i ms', (ageMs, chance, waitMs) => {
  expect(waitMsOf(ageMs, { waitMsMin: 1000, waitMsMax: 60_000 }, chance)).toBe(waitMs)
})

test('an event cannot pretend to be about something else by its headers', () => {
  const event: OutboxMessage = {
    id: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e',
    aggregateType: 'order',
    aggregateId: '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6f',
    aggregateVersion: 2,
    exchange: 'orders',
    routingKey: 'created_order',
    type: 'order.created',
    payload: '{"order": {"product_name": "Käse, €", "total_amount": 90071992547409.93}}',
    headers: { traceparent: '00-1-2-01', aggregate_id: 'another' },
    createdAt: '2026-01-31T09:30:00.999999Z' as Instant,
  }
  const outgoing = toOutgoing(event, '2026-01-31T09:30:01.000000Z' as Instant)
  expect(outgoing.headers).toEqual({
    traceparent: '00-1-2-01',
    aggregate_type: 'order',
    aggregate_id: event.aggregateId,
    aggregate_version: 2,
  })
  expect(outgoing.timestampSeconds).toBe(1_769_851_800)
  expect(JSON.parse(outgoing.body.toString('utf8'))).toEqual({
    producer: 'tillbook',
    sent_at: '2026-01-31T09:30:01.000000Z',
    type: 'order.created',
    payload: JSON.parse(event.payload) as unknown,
  })
  expect(outgoing.body.toString('utf8')).toContain(`"payload":${event.payload}`)
})
