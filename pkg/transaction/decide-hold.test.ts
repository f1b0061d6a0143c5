import type { Instant } from '../../internal/clock/instant'
import { minorUnitsMax, readDecimal } from '../../internal/money/decimal'
import type { Hold } from '../hold/hold'
import {
  account,
  decideAll,
  earlier,
  hold,
  keyed,
  later,
  movement,
  now,
  outcomeOf,
  post,
  request,
  type GivenState,
} from './fixture'
import { single, touches, type Instruction, type OpenHold } from './instruction'

const funds = 'account.insufficient_funds'
const held = account('a', { held: 5000n })
const h = hold('h', 'a')

/** Each by itself, in one group. */
function decided(instructions: Instruction[], given: GivenState = {}) {
  const known = { accounts: [held, account('b')], holds: [h], ...given }
  const decision = decideAll(
    instructions.map((one) => single(one)),
    known,
  )
  return { ...decision, verdicts: decision.answers.map(({ verdicts }) => verdicts[0]!) }
}

const outcomes = ({ verdicts }: ReturnType<typeof decided>) => verdicts.map(outcomeOf)

const open = (amount: string, more: Partial<OpenHold> = {}): OpenHold => {
  const { effectiveAt: _, ...common } = request('a', amount)
  return { kind: 'open_hold', ...common, expiresAt: null, ...more }
}
const capture = (amount: string | null, of: Hold = h): Instruction => ({
  ...{ kind: 'capture_hold', hold: of, amount: amount === null ? null : readDecimal(amount)! },
  idempotency: null,
})
const release = (of: Hold = h): Instruction => ({
  ...{ kind: 'release_hold', hold: of, idempotency: null },
})
const extend = (expiresAt: Instant | null, of: Hold = h): Instruction => ({
  ...{ kind: 'extend_hold', hold: of, expiresAt, idempotency: null },
})

test('opening one sets the money aside and leaves the balance', () => {
  const metadata = { a: 1 }
  const more = { counterpartyId: 'b', expiresAt: later, description: 'x', metadata }
  const decision = decided([open('50', more)])
  const opened = hold('t1', 'a', { ...more, createdAt: now })
  expect(decision.verdicts).toEqual([{ status: 'created', hold: opened }])
  expect(decision).toMatchObject({ openedHolds: [opened], changedHolds: [], movements: [] })
  expect(decision.accounts).toEqual([{ ...held, held: 10_000n }])
})

test('what is set aside is not there for what follows in the group', () => {
  const group = [open('30'), post(request('a', '-20.01')), open('20.01'), open('20'), open('0.01')]
  const decision = decided(group)
  expect(outcomes(decision)).toEqual(['open', funds, funds, 'open', funds])
  expect(decision.verdicts[1]).toMatchObject({
    refusal: { members: { amount: '-20.01', available: '20.00', balance: '100.00' } },
  })
})

test('money that comes in is taken whatever is held', () => {
  const below = account('a', { balance: 1000n, held: 5000n })
  expect(outcomes(decided([post(request('a', '1'))], { accounts: [below] }))).toEqual([1100n])
})

test('no more can be set aside than an amount can say', () => {
  const wide = account('a', { balance: minorUnitsMax, minBalance: -minorUnitsMax, held: 1n })
  const most = '90071992547409.91'
  const decision = decided([open(most), open('90071992547409.90')], { accounts: [wide] })
  expect(outcomes(decision)).toEqual(['account.balance_out_of_range', 'open'])
})

test('captures take what was set aside, in parts, until nothing is left', () => {
  const decision = decided([capture('20'), capture('30.01'), capture(null), capture('0.01')])
  expect(outcomes(decision)).toEqual([8000n, 'hold.amount_exceeded', 5000n, 'hold.not_open'])
  expect(decision.verdicts[0]).toMatchObject({ hold: { ...h, captured: 2000n } })
  const closed = { ...h, captured: 5000n, closedAt: now, closedAs: 'captured' }
  expect(decision.changedHolds).toEqual([closed])
  expect(decision.accounts).toEqual([account('a', { balance: 5000n, entryNo: 9n })])
  expect(decision.movements.map(({ amount, holdId }) => [amount, holdId])).toEqual([
    [-2000n, 'h'],
    [-3000n, 'h'],
  ])
})

test('a capture is posted to its account, carries its texts and counts now', () => {
  const rich = hold('h', 'a', { counterpartyId: 'b', description: 'x', metadata: { a: 1 } })
  const { movements } = decided([capture('20', rich)], { holds: [rich] })
  expect(movements).toMatchObject([
    {
      ...{ accountId: 'a', counterpartyId: 'b', amount: -2000n, balanceAfter: 8000n },
      ...{ counterpartyBalanceAfter: 12_000n, description: 'x', metadata: { a: 1 } },
      ...{ effectiveAt: now, holdId: 'h' },
    },
  ])
})

test('a capture goes through with nothing available beside the hold', () => {
  const bare = account('a', { balance: -100n, minBalance: -5100n, held: 5000n })
  expect(outcomes(decided([capture(null)], { accounts: [bare] }))).toEqual([-5100n])
})

test('a refused capture leaves hold and accounts alone', () => {
  const full = account('b', { balance: minorUnitsMax })
  const to = hold('h', 'a', { counterpartyId: 'b' })
  const shut = account('b', { closedAt: earlier })
  const refused = (b: typeof full) =>
    decided([capture('1', to)], { accounts: [held, b], holds: [to] })
  expect(outcomes(refused(full))).toEqual(['account.balance_out_of_range'])
  expect(outcomes(refused(shut))).toEqual(['account.closed'])
  expect(refused(full)).toMatchObject({ accounts: [], changedHolds: [], movements: [] })
  expect(outcomes(decided([capture('0.001')]))).toEqual(['request.invalid'])
})

test('a release gives back what is left, once', () => {
  const half = hold('h', 'a', { captured: 2000n })
  const given = { accounts: [account('a', { held: 3000n })], holds: [half] }
  const decision = decided([release(), release(), post(request('a', '-100'))], given)
  expect(outcomes(decision)).toEqual(['released', 'hold.not_open', 0n])
  expect(decision.changedHolds).toEqual([{ ...half, closedAt: now, closedAs: 'released' }])
  expect(decision.accounts).toEqual([account('a', { balance: 0n, held: 0n, entryNo: 8n })])
})

test('another end is set, and the account is written so that nobody passes by unseen', () => {
  const decision = decided([extend(later), extend(null), extend(later)])
  expect(outcomes(decision)).toEqual(['open', 'open', 'open'])
  expect(decision.changedHolds).toEqual([{ ...h, expiresAt: later }])
  expect(decision.accounts).toEqual([held])
})

test('an end that is over is refused, when it is opened and when it is extended', () => {
  const decision = decided([open('1', { expiresAt: now }), extend(earlier), extend(now)])
  expect(outcomes(decision)).toEqual(Array(3).fill('request.invalid'))
  expect(decision.verdicts[0]).toMatchObject({ refusal: { errors: [{ path: 'expires_at' }] } })
})

describe('a hold whose time is over', () => {
  const over = hold('h', 'a', { expiresAt: earlier })
  const free = account('a', { held: 0n, expiredHoldIds: ['h'] })
  const all = [capture(null, over), release(over), extend(later, over)]

  test('can neither be captured, released nor extended', () => {
    const decision = decided(all, { accounts: [free], holds: [over] })
    expect(outcomes(decision)).toEqual(Array(3).fill('hold.not_open'))
    expect(decision).toMatchObject({ accounts: [], changedHolds: [] })
    expect(decision.verdicts[0]).toMatchObject({
      refusal: { detail: expect.stringContaining('expired') as string },
    })
  })

  test('ends at the very moment that was named', () => {
    const brim = hold('h', 'a', { expiresAt: now })
    expect(outcomes(decided([capture(null, brim)], { holds: [brim] }))).toEqual(['hold.not_open'])
    const next = '2026-01-31T09:30:00.000001Z' as Instant
    const just = hold('h', 'a', { expiresAt: next })
    expect(outcomes(decided([capture(null, just)], { holds: [just] }))).toEqual([5000n])
  })

  test('stays over when the clock was set back after its money was counted as free', () => {
    const ahead = hold('h', 'a', { expiresAt: later })
    const decision = decided(all, { accounts: [free], holds: [ahead] })
    expect(outcomes(decision)).toEqual(Array(3).fill('hold.not_open'))
  })

  test('leaves its money to the next, who has it closed', () => {
    const decision = decided([open('100')], { accounts: [free], holds: [over] })
    expect(outcomes(decision)).toEqual(['open'])
    expect(decision.accounts).toMatchObject([{ held: 10_000n, expiredHoldIds: ['h'] }])
  })
})

test('refuses holds and accounts that are not there', () => {
  const none = hold('none', 'gone')
  const given = { holds: [hold('x', 'gone')], accounts: [] }
  expect(outcomes(decided([capture(null, none), release(none), extend(null, none)]))).toEqual(
    Array(3).fill('hold.not_found'),
  )
  const gone = hold('x', 'gone')
  expect(
    outcomes(decided([capture(null, gone), release(gone), extend(null, gone)], given)),
  ).toEqual(Array(3).fill('account.not_found'))
})

test('a key gives the hold as it was answered, whatever became of it', () => {
  const one = open('10', keyed('k'))
  const { verdicts, remembered } = decided([one, capture(null), one])
  expect(verdicts[2]).toEqual({ ...verdicts[0], status: 'replayed' })
  expect(remembered).toHaveLength(1)
})

test('a key remembers transaction and hold of a capture', () => {
  const one = { ...capture('10'), ...keyed('k') } as Instruction
  const { verdicts, remembered, movements } = decided([one, capture('5'), one])
  expect(verdicts[2]).toEqual({ ...verdicts[0], status: 'replayed' })
  const outcome = { transaction: movements[0], hold: { ...h, captured: 1000n } }
  expect(remembered).toEqual([{ ...keyed('k'), outcome }])
})

test('a reversal is the opposite between the same accounts, once', () => {
  const original = movement('m', { accountId: 'a', counterpartyId: 'b', description: 'x' })
  const reverse: Instruction = { kind: 'reverse', original, idempotency: null }
  const decision = decided([reverse, reverse])
  expect(outcomes(decision)).toEqual([10_400n, 'transaction.already_reversed'])
  expect(decision.movements).toMatchObject([
    {
      ...{ accountId: 'a', counterpartyId: 'b', amount: 400n, counterpartyBalanceAfter: 9600n },
      ...{ reversesId: 'm', effectiveAt: now, description: 'x', metadata: null, holdId: null },
    },
  ])
  const reversed = decided([reverse], { reversedIds: new Set(['m']) })
  expect(outcomes(reversed)).toEqual(['transaction.already_reversed'])
})

test('a reversal is refused when the money is gone or held, and can be tried again', () => {
  const original = movement('m', { amount: 6000n })
  const reverse: Instruction = { kind: 'reverse', original, idempotency: null }
  const decision = decided([reverse, release(), reverse])
  expect(outcomes(decision)).toEqual([funds, 'released', 4000n])
})

test('touches the accounts on both sides of the hold, or of the original', () => {
  const to = hold('h', 'a', { counterpartyId: 'b' })
  for (const one of [capture(null, to), release(to), extend(null, to)]) {
    expect(touches(one)).toEqual(['a', 'b'])
  }
  expect(touches(open('1'))).toEqual(['a'])
  const original = movement('m', { counterpartyId: 'b' })
  expect(touches({ kind: 'reverse', original, idempotency: null })).toEqual(['a', 'b'])
})
