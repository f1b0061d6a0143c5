import { minorUnitsMax } from '../../internal/money/decimal'
import type { Hold } from '../hold/hold'
import type { LedgerState, LockedAccount, StoredAnswer } from './book'
import { decide } from './decide'
import { account, decideAll, earlier, keyed, now, post, request } from './fixture'
import { single, touches } from './instruction'
import type { NewTransaction, Transaction } from './transaction'

/** Decides over these accounts, each transaction by itself; new rows are called t1, t2, … */
function decideOver(
  accounts: LockedAccount[],
  group: NewTransaction[],
  more?: Partial<Omit<LedgerState, 'accounts'>>,
) {
  const requests = group.map((one) => single(post(one)))
  const { answers, ...decision } = decideAll(requests, { accounts, ...more })
  return { ...decision, verdicts: answers.map(({ verdicts }) => verdicts[0]!) }
}

/** The verdicts in short: the balance after it, or the code of the refusal. */
function outcomes({ verdicts }: ReturnType<typeof decideOver>): unknown[] {
  return verdicts.map((verdict) =>
    verdict.status === 'refused' ? verdict.refusal.code : verdict.transaction!.balanceAfter,
  )
}

test('an empty group comes to nothing', () => {
  const nothing = {
    ...{ verdicts: [], now, movements: [], accounts: [], remembered: [] },
    ...{ lateEntries: [], openedHolds: [], changedHolds: [], sideEntries: [] },
  }
  expect(decideOver([account('a')], [])).toEqual(nothing)
})

test('a movement against the outside world has one side', () => {
  const metadata = { a: 1 }
  const more = { description: 'x', metadata, effectiveAt: earlier }
  const decision = decideOver([account('a')], [request('a', '-12.5', more)])
  const movement = {
    ...{ id: 't1', accountId: 'a', currency: 'EUR', amount: -1250n, balanceAfter: 8750n },
    ...{ entryNo: 8n, counterpartyId: null, counterpartyBalanceAfter: null },
    ...{ counterpartyEntryNo: null, createdAt: now, reversesId: null, holdId: null, ...more },
  }
  expect(decision).toEqual({
    verdicts: [{ status: 'created', transaction: movement }],
    now,
    movements: [movement],
    accounts: [account('a', { balance: 8750n, entryNo: 8n })],
    ...{ remembered: [], lateEntries: [], openedHolds: [], changedHolds: [], sideEntries: [] },
  })
})

test('a movement between two accounts has two, which come to zero', () => {
  const b = account('b', { balance: -5n, minBalance: -5n, entryNo: 0n })
  const group = [request('a', '-100', { counterpartyId: 'b' })]
  const decision = decideOver([account('a'), b], group)
  expect(decision.movements).toMatchObject([
    {
      ...{ accountId: 'a', amount: -10_000n, balanceAfter: 0n, entryNo: 8n, effectiveAt: now },
      ...{ counterpartyId: 'b', counterpartyBalanceAfter: 9995n, counterpartyEntryNo: 1n },
    },
  ])
  expect(decision.accounts).toEqual([
    account('a', { balance: 0n, entryNo: 8n }),
    { ...b, balance: 9995n, entryNo: 1n },
  ])
})

test('counts in the scale of the account’s currency', () => {
  const accounts = ['EUR', 'JPY', 'KWD', 'CLF'].map((currency) =>
    account(currency, { currency, balance: 0n }),
  )
  const group = accounts.map(({ id }) => request(id, '12'))
  expect(outcomes(decideOver(accounts, group))).toEqual([1200n, 12n, 12_000n, 120_000n])
})

test('walks in order: what comes later sees what came before, on either side', () => {
  const decision = decideOver(
    [account('a', { balance: 0n }), account('b', { balance: 0n })],
    [
      request('a', '-1'),
      request('a', '5'),
      request('a', '-3', { counterpartyId: 'b' }),
      request('b', '-4'),
      request('b', '-3'),
      request('b', '2', { counterpartyId: 'a' }),
      request('a', '-0.01'),
    ],
  )
  const funds = 'account.insufficient_funds'
  expect(outcomes(decision)).toEqual([funds, 500n, 200n, funds, 0n, 200n, funds])
  // Refusals take no numbers.
  const numbers = decision.movements.map(({ id, entryNo, counterpartyEntryNo }) => {
    return [id, entryNo, counterpartyEntryNo]
  })
  expect(numbers).toEqual([
    ['t1', 8n, null],
    ['t2', 9n, 8n],
    ['t3', 9n, null],
    ['t4', 10n, 10n],
  ])
  expect(decision.accounts).toEqual([
    account('a', { balance: 0n, entryNo: 10n }),
    account('b', { balance: 200n, entryNo: 10n }),
  ])
})

const open = account('open')

test.each<[string, LockedAccount[], NewTransaction, string]>([
  ['an unknown account', [], request('a', '1'), 'account.not_found'],
  ['an unknown counterparty', [open], to('x', '-1'), 'account.not_found'],
  ['a closed account', [closed('a')], request('a', '1'), 'account.closed'],
  ['a closed counterparty', [open, closed('x')], to('x', '-1'), 'account.closed'],
  ['other currencies', [open, yen('x')], to('x', '-1'), 'transaction.currency_mismatch'],
  ['too many decimals', [open], request('open', '0.001'), 'request.invalid'],
  ['too large an amount', [open], request('open', '90071992547409.92'), 'request.invalid'],
  ['too negative an amount', [open], request('open', '-90071992547409.92'), 'request.invalid'],
  ['too little money', [open], request('open', '-100.01'), 'account.insufficient_funds'],
  ['too little on the other side', [open, poor('x')], to('x', '1'), 'account.insufficient_funds'],
  ['a full account', [full('a')], request('a', '0.01'), 'account.balance_out_of_range'],
  ['a full counterparty', [open, full('x')], to('x', '-0.01'), 'account.balance_out_of_range'],
])('refuses %s, and writes nothing', (_name, accounts, one, code) => {
  const decision = decideOver(accounts, [one])
  expect(decision.verdicts).toEqual([
    {
      status: 'refused',
      refusal: expect.objectContaining({ code, detail: expect.stringMatching(/\.$/) }) as unknown,
      replayed: false,
    },
  ])
  expect(decision).toMatchObject({ movements: [], accounts: [], remembered: [] })
})

function to(counterpartyId: string, amount: string): NewTransaction {
  return request('open', amount, { counterpartyId })
}
function closed(id: string): LockedAccount {
  return account(id, { closedAt: earlier })
}
function yen(id: string): LockedAccount {
  return account(id, { currency: 'JPY' })
}
function poor(id: string): LockedAccount {
  return account(id, { balance: 99n })
}
function full(id: string): LockedAccount {
  return account(id, { balance: minorUnitsMax })
}

test('a credit line is used to its end and no further; money in is always taken', () => {
  const credit = account('a', { balance: -499n, minBalance: -500n })
  const group = [request('a', '-0.02'), request('a', '-0.01'), request('a', '-0.01')]
  const funds = 'account.insufficient_funds'
  expect(outcomes(decideOver([credit], group))).toEqual([funds, -500n, funds])
  // However it came to be below its limit.
  const below = account('a', { balance: -900n, minBalance: -500n })
  expect(outcomes(decideOver([below], [request('a', '0.01')]))).toEqual([-899n])
})

test('says how much there was and what was asked, of the side that could not pay', () => {
  const [verdict] = decideOver([open, poor('x')], [to('x', '1')]).verdicts
  expect(verdict).toMatchObject({
    refusal: {
      members: { account_id: 'x', balance: '0.99', min_balance: '0.00', amount: '-1.00' },
    },
  })
})

describe('a key', () => {
  const [a] = [account('a', { balance: 0n })]

  test('twice in a group is carried out once', () => {
    const decision = decideOver(
      [a],
      [
        request('a', '1', keyed('k')),
        request('a', '1', keyed('k')),
        request('a', '1', keyed('other')),
      ],
    )
    const statuses = decision.verdicts.map(({ status }) => status)
    expect(statuses).toEqual(['created', 'replayed', 'created'])
    expect(outcomes(decision)).toEqual([100n, 100n, 200n])
    expect(decision.remembered.map(({ idempotency }) => idempotency.key)).toEqual(['k', 'other'])
  })

  test('that was refused in this group is refused again, whatever happened in between', () => {
    const decision = decideOver(
      [a],
      [request('a', '-1', keyed('k')), request('a', '5'), request('a', '-1', keyed('k'))],
    )
    const funds = 'account.insufficient_funds'
    expect(outcomes(decision)).toEqual([funds, 500n, funds])
    expect(decision.verdicts[2]).toMatchObject({ replayed: true })
    expect(decision.remembered).toHaveLength(1)
  })

  test('that comes back with another meaning is refused, and the first answer stands', () => {
    const decision = decideOver(
      [a],
      [
        request('a', '1', keyed('k', 1)),
        request('a', '2', keyed('k', 2)),
        request('a', '1', keyed('k', 1)),
      ],
    )
    expect(outcomes(decision)).toEqual([100n, 'idempotency.key_reused', 100n])
    expect(decision.verdicts[1]).toMatchObject({ replayed: false })
    expect(decision.remembered).toHaveLength(1)
  })

  test('that was answered before gets that answer, and nothing is written', () => {
    const transaction = { id: 'old', balanceAfter: 42n } as Transaction
    const refusal = { code: 'account.closed', detail: 'It was.' } as const
    const answers = new Map<string, StoredAnswer>([
      ['done', { fingerprint: '01'.repeat(32), outcome: { transaction } }],
      ['refused', { fingerprint: '01'.repeat(32), outcome: { refusal } }],
    ])
    const group = [
      request('a', '1', keyed('done')),
      request('a', '1', keyed('refused')),
      request('a', '1', keyed('done', 2)),
      // Even when its account is not there any more, or is held by somebody else.
      request('gone', '1', keyed('done')),
    ]
    const held = { answers, heldAccountIds: new Set(['a']) }
    const decision = decideOver([a], group, held)
    expect(decision.verdicts).toMatchObject([
      { status: 'replayed', transaction },
      { status: 'refused', refusal, replayed: true },
      { status: 'refused', refusal: { code: 'idempotency.key_reused' }, replayed: false },
      { status: 'replayed', transaction },
    ])
    expect(decision).toMatchObject({ movements: [], accounts: [], remembered: [] })
  })

  test('remembers a refusal as well as a transaction', () => {
    const { remembered, movements } = decideOver(
      [a],
      [request('a', '1', keyed('yes')), request('a', '-9', keyed('no')), request('a', '1')],
    )
    expect(remembered).toEqual([
      { ...keyed('yes'), outcome: { transaction: movements[0] } },
      { ...keyed('no'), outcome: { refusal: expect.anything() as unknown } },
    ])
  })
})

test('passes over accounts that somebody else holds, without remembering it', () => {
  const held = { heldAccountIds: new Set(['held']) }
  const group = [
    request('held', '1', keyed('k')),
    request('open', '-1', { counterpartyId: 'held' }),
    request('open', '-1'),
  ]
  const decision = decideOver([open], group, held)
  expect(outcomes(decision)).toEqual(['ledger.busy', 'ledger.busy', 9900n])
  expect(decision.remembered).toEqual([])
})

test('leaves what it was given as it was', () => {
  const a = Object.freeze(account('a'))
  const accounts = new Map([['a', a]])
  const answers = new Map<string, StoredAnswer>()
  const reversedIds = new Set<string>()
  const held = { holds: new Map<string, Hold>(), heldAccountIds: new Set<string>() }
  const state = { accounts, answers, reversedIds, ...held }
  const one = single(post(request('a', '1', keyed('k'))))
  decide([one], state, { now, newId: () => 't1' })
  expect([...accounts]).toEqual([['a', account('a')]])
  expect(answers.size).toBe(0)
})

test('touches both sides, but not the outside world', () => {
  expect(touches(post(request('a', '1')))).toEqual(['a'])
  expect(touches(post(request('a', '1', { counterpartyId: 'b' })))).toEqual(['a', 'b'])
})
