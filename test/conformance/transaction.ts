import type { JsonObject } from '../../internal/json/json'
import type { NewTransaction } from '../../pkg/transaction/transaction'
import { exerciseRollUps } from './rollup'
import { exerciseTransactionLists } from './transaction-list'
import {
  created,
  instantForm,
  january,
  keyed,
  newGiven,
  plain,
  postEach,
  refusal,
  request,
  type OpenStores,
  type Stores,
} from './stores'

/** What pkg/transaction/transaction.ts promises, for any store. */
export function exerciseTransactionStore(name: string, open: OpenStores): void {
  describe(`the transaction store: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores.close())
    const given = newGiven(() => stores)
    const { anAccount, create, post } = given
    const postAll = (group: NewTransaction[]) => postEach(stores.transactions, group)
    const balanceOf = async (id: string) => (await stores.accounts.find(id))!.balance

    test('posts a transaction with all that came with it, and finds it again', async () => {
      const id = await anAccount()
      const metadata = { '': null, __list: [1.5, 'ä"\\'], a: { b: true } } as JsonObject
      const more = { description: 'née "q\\uote"\n{,}NULL', metadata, effectiveAt: january(2, 1) }
      const transaction = await create(id, 1250n, more)
      expect(transaction).toEqual({
        ...more,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        accountId: id,
        currency: 'EUR',
        amount: 1250n,
        balanceAfter: 1250n,
        counterpartyId: null,
        createdAt: expect.stringMatching(instantForm) as string,
        reversesId: null,
        holdId: null,
      })
      expect(plain((await stores.transactions.find(transaction.id))!)).toEqual(transaction)
    })

    test('knows nothing of a transaction that is not there', async () => {
      const id = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
      expect(await stores.transactions.find(id)).toBeUndefined()
    })

    test('takes the moment of posting for effectiveAt when none is given', async () => {
      const { effectiveAt, createdAt } = await create(await anAccount(), 1n)
      expect(effectiveAt).toBe(createdAt)
    })

    test('answers in order; what comes later in a group sees what came before', async () => {
      const [a, b] = [await anAccount({ balance: 100n }), await anAccount()]
      const verdicts = await postAll([
        request(a, -60n),
        request(a, -60n),
        request(a, -40n, { counterpartyId: b }),
        request(b, -40n),
        request(b, -1n),
      ])
      const statuses = verdicts.map(({ status }) => status)
      expect(statuses).toEqual(['created', 'refused', 'created', 'created', 'refused'])
      expect([await balanceOf(a), await balanceOf(b)]).toEqual([0n, 0n])
      expect((await stores.accounts.find(a))!.entryNo).toBe(3n)
    })

    test('numbers entries and stamps times so that the later one is later', async () => {
      const id = await anAccount()
      const [first, second] = [await create(id, 1n), await create(id, 2n)]
      expect(second.createdAt > first.createdAt).toBe(true)
      expect(second.id > first.id).toBe(true)
      expect(second.balanceAfter).toBe(3n)
      expect((await stores.accounts.find(id))!.entryNo).toBe(2n)
    })

    test('writes nothing for a refusal', async () => {
      const id = await anAccount({ balance: 5n })
      const before = await stores.accounts.find(id)
      const { code, members } = refusal(await post(request(id, -6n)))
      expect(code).toBe('account.insufficient_funds')
      const shown = { account_id: id, balance: '0.05', min_balance: '0.00', amount: '-0.06' }
      expect(members).toEqual(shown)
      expect(await stores.accounts.find(id)).toEqual(before)
      const page = { from: null, to: null, after: undefined, limit: 10 }
      expect(await stores.transactions.listByAccount(id, page)).toHaveLength(1)
    })

    test('keeps the limit of each side, whichever posts', async () => {
      const [poor, rich] = [await anAccount({ balance: 5n }), await anAccount({ balance: 500n })]
      const code = async (one: NewTransaction) => refusal(await post(one)).code
      const funds = 'account.insufficient_funds'
      expect(await code(request(poor, -6n, { counterpartyId: rich }))).toBe(funds)
      expect(await code(request(rich, 6n, { counterpartyId: poor }))).toBe(funds)
      const credit = await anAccount({ minBalance: -10n })
      await create(credit, -10n)
      expect(await code(request(credit, -1n))).toBe(funds)
    })

    test('refuses accounts that are missing, in other currencies, or would leave their range', async () => {
      const id = await anAccount({ balance: 9007199254740991n })
      const yen = await anAccount({ currency: 'JPY' })
      const code = async (one: NewTransaction) => refusal(await post(one)).code
      expect(await code(request('nothing', 1n))).toBe('account.not_found')
      expect(await code(request(id, -1n, { counterpartyId: 'no' }))).toBe('account.not_found')
      const mismatch = 'transaction.currency_mismatch'
      expect(await code(request(id, -1n, { counterpartyId: yen }))).toBe(mismatch)
      expect(await code(request(id, 1n))).toBe('account.balance_out_of_range')
      expect(await code(request(yen, '0.5'))).toBe('request.invalid')
    })

    test('gives the first answer to a key again: in the same group, in a later one', async () => {
      const id = await anAccount()
      const one = request(id, 5n, { ...keyed('first'), metadata: { a: 1 } })
      const [first, second] = await postAll([one, one])
      expect([first!.status, second!.status]).toEqual(['created', 'replayed'])
      const again = await post(one)
      expect(again.status).toBe('replayed')
      expect(created(second!)).toEqual(created(first!))
      expect(created(again)).toEqual(created(first!))
      expect(await balanceOf(id)).toBe(5n)
    })

    test('gives a refusal again, even when it would be accepted by now', async () => {
      const id = await anAccount()
      const one = request(id, -5n, keyed('refused'))
      const [first, second] = await postAll([one, one])
      expect(first).toMatchObject({ status: 'refused', replayed: false })
      expect(second).toEqual({ ...first, replayed: true })
      await create(id, 500n)
      expect(await post(one)).toEqual({ ...first, replayed: true })
      expect(await balanceOf(id)).toBe(500n)
    })

    test('refuses a key that comes back with another meaning, and keeps the first answer', async () => {
      const id = await anAccount()
      const one = request(id, 5n, keyed('reused', 1))
      const other = request(id, 5n, keyed('reused', 2))
      const verdicts = await postAll([one, other])
      expect(refusal(verdicts[1]!).code).toBe('idempotency.key_reused')
      expect(refusal(await post(other)).code).toBe('idempotency.key_reused')
      expect(created(await post(one))).toEqual(created(verdicts[0]!))
      expect(await balanceOf(id)).toBe(5n)
    })

    exerciseTransactionLists(() => stores, given)
    exerciseRollUps(() => stores, given)
  })
}
