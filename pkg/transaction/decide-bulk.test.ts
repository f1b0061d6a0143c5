import type { StoredAnswer } from './book'
import { account, decideAll, keyed, outcomeOf, post, request, type GivenState } from './fixture'
import { single, type LedgerAnswer, type LedgerRequest } from './instruction'
import type { NewTransaction, Transaction } from './transaction'

const a = account('a', { balance: 0n })
const funds = 'account.insufficient_funds'

function bulk(items: NewTransaction[], more: Partial<LedgerRequest> = {}): LedgerRequest {
  return { instructions: items.map(post), isAtomic: false, isDryRun: false, ...more }
}

const atomic = (...items: NewTransaction[]) => bulk(items, { isAtomic: true })
const decided = (requests: LedgerRequest[], given: GivenState = {}) =>
  decideAll(requests, { accounts: [a], ...given })
const outcomes = ({ verdicts }: LedgerAnswer) => verdicts.map(outcomeOf)
const nothing = {
  ...{ movements: [], accounts: [], remembered: [], lateEntries: [] },
  ...{ openedHolds: [], changedHolds: [] },
}

test('each item of a bulk stands for itself, and sees what came before', () => {
  const items = [request('a', '-1'), request('a', '5'), request('a', '-5'), request('a', '-1')]
  const { answers, movements } = decided([bulk(items)])
  expect(answers).toHaveLength(1)
  expect(answers[0]!.refusedAt).toBeNull()
  expect(outcomes(answers[0]!)).toEqual([funds, 500n, 0n, funds])
  expect(movements).toHaveLength(2)
})

test('an atomic bulk is carried out whole', () => {
  const { answers, movements, remembered } = decided([
    atomic(request('a', '5', keyed('k')), request('a', '-5'), request('a', '1', keyed('l'))),
  ])
  expect(answers[0]!.refusedAt).toBeNull()
  expect(outcomes(answers[0]!)).toEqual([500n, 0n, 100n])
  expect(movements).toHaveLength(3)
  expect(remembered.map(({ idempotency }) => idempotency.key)).toEqual(['k', 'l'])
})

test('or not at all: of what came before the refusal nothing stays, not even its keys', () => {
  const { answers, remembered, ...rest } = decided([
    atomic(
      request('a', '5', keyed('before')),
      request('a', '-6', keyed('refused')),
      request('a', '9', keyed('after')),
    ),
    single(post(request('a', '1'))),
  ])
  expect(answers[0]).toMatchObject({ refusedAt: 1, verdicts: [{ status: 'refused' }] })
  expect(outcomes(answers[0]!)).toEqual([funds])
  // Its neighbour in the group finds the account as if it had never been.
  expect(outcomes(answers[1]!)).toEqual([100n])
  expect(rest.movements).toMatchObject([{ amount: 100n, entryNo: 8n }])
  expect(rest.accounts).toEqual([account('a', { balance: 100n, entryNo: 8n })])
  // The refusal stays, with the key of the item that was refused.
  const refusal = expect.objectContaining({ code: funds }) as unknown
  expect(remembered).toEqual([{ ...keyed('refused'), outcome: { refusal } }])
})

test('leaves what others of the group have done before it', () => {
  const { accounts, movements } = decided([
    single(post(request('a', '1', keyed('k')))),
    atomic(request('a', '5'), request('a', '-9')),
  ])
  expect(accounts).toEqual([account('a', { balance: 100n, entryNo: 8n })])
  expect(movements).toHaveLength(1)
})

describe('what an atomic bulk meets that was answered before', () => {
  const refusal = { code: 'account.closed', detail: 'It was.' } as const
  const transaction = { id: 'old', balanceAfter: 42n } as Transaction
  const answers = new Map<string, StoredAnswer>([
    ['refused', { fingerprint: '01'.repeat(32), outcome: { refusal } }],
    ['done', { fingerprint: '01'.repeat(32), outcome: { transaction } }],
  ])

  test('a refusal comes first, wherever it stands', () => {
    const one = atomic(request('nothing', '1', keyed('new')), request('a', '1', keyed('refused')))
    const decision = decided([one], { answers })
    const verdicts = [{ status: 'refused', refusal, replayed: true }]
    expect(decision).toMatchObject({ ...nothing, answers: [{ refusedAt: 1, verdicts }] })
  })

  test('so does a key with another meaning, and that is not remembered', () => {
    const one = atomic(request('nothing', '1', keyed('new')), request('a', '1', keyed('done', 2)))
    const decision = decided([one], { answers })
    expect(decision).toMatchObject({ ...nothing, answers: [{ refusedAt: 1 }] })
    expect(outcomes(decision.answers[0]!)).toEqual(['idempotency.key_reused'])
  })

  test('a transaction is given again, and the others are posted', () => {
    const one = atomic(request('a', '1', keyed('done')), request('a', '1', keyed('new')))
    const decision = decided([one], { answers })
    expect(decision.answers[0]!.verdicts.map(({ status }) => status)).toEqual([
      ...['replayed', 'created'],
    ])
    expect(decision.movements).toHaveLength(1)
  })
})

test('an account that somebody else holds undoes it all, and nothing is remembered', () => {
  const one = atomic(request('a', '1', keyed('k')), request('held', '1', keyed('l')))
  const decision = decided([one], { heldAccountIds: new Set(['held']) })
  expect(decision).toMatchObject({ ...nothing, answers: [{ refusedAt: 1 }] })
  expect(outcomes(decision.answers[0]!)).toEqual(['ledger.busy'])
})

test('an atomic bulk of one that is refused remembers it once', () => {
  const { remembered } = decided([atomic(request('a', '-1', keyed('k')))])
  expect(remembered).toHaveLength(1)
})

describe('a dry run', () => {
  const items = [
    request('a', '5', keyed('k')),
    request('a', '-6', keyed('no')),
    request('a', '-5', keyed('k2')),
    request('a', '5', keyed('k')),
  ]

  test('comes to the same verdicts and changes nothing', () => {
    const dry = decided([bulk(items, { isDryRun: true })])
    expect(dry).toMatchObject(nothing)
    const real = decided([bulk(items)])
    expect(dry.answers).toEqual(real.answers)
    expect(outcomes(dry.answers[0]!)).toEqual([500n, funds, 0n, 500n])
  })

  test('of an atomic bulk likewise, refused or not', () => {
    const passing = items.filter(({ idempotency }) => idempotency!.key !== 'no')
    for (const list of [items, passing]) {
      const dry = decided([bulk(list, { isAtomic: true, isDryRun: true })])
      expect(dry).toMatchObject(nothing)
      expect(dry.answers).toEqual(decided([atomic(...list)]).answers)
    }
  })

  test('sees what the group has done before it, and leaves what comes after it alone', () => {
    const one = post(request('a', '-1', keyed('k')))
    const { answers, movements } = decided([
      single(post(request('a', '1'))),
      single(one, true),
      single(one),
    ])
    expect(answers.map((answer) => outcomes(answer)[0])).toEqual([100n, 0n, 0n])
    expect(answers[2]!.verdicts[0]!.status).toBe('created')
    expect(movements).toHaveLength(2)
  })
})
