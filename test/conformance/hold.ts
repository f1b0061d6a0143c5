import type { Instant } from '../../internal/clock/instant'
import { formatMinorUnits, readDecimal } from '../../internal/money/decimal'
import type { Hold } from '../../pkg/hold/hold'
import type { Instruction, LedgerRequest, OpenHold } from '../../pkg/transaction/instruction'
import { pollUntil } from '../harness/poll'
import {
  carryOut,
  created,
  instantForm,
  keyed,
  newGiven,
  plain,
  refusal,
  request,
  type OpenStores,
  type Stores,
} from './stores'

const far = '9999-01-01T00:00:00.000000Z' as Instant

function openHold(accountId: string, amount: bigint, more: Partial<OpenHold> = {}): OpenHold {
  const { effectiveAt: _, ...common } = request(accountId, amount)
  return { kind: 'open_hold', ...common, expiresAt: null, ...more }
}
function capture(hold: Hold, amount: bigint | null = null): Instruction {
  const decimal = amount === null ? null : readDecimal(formatMinorUnits(amount, 2))!
  return { kind: 'capture_hold', hold, amount: decimal, idempotency: null }
}
const release = (hold: Hold): Instruction => ({ kind: 'release_hold', hold, idempotency: null })
const extend = (hold: Hold, expiresAt: Instant | null): Instruction => ({
  ...{ kind: 'extend_hold', hold, expiresAt, idempotency: null },
})

/** What pkg/transaction and pkg/hold promise of holds, reversals and bulks, for any store. */
export function exerciseHoldStore(name: string, open: OpenStores): void {
  describe(`holds and reversals in the store: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores.close())
    const { aUser, anAccount, create, post } = newGiven(() => stores)

    const verdictOn = (one: Instruction) => carryOut(stores.transactions, one)
    const codeOf = async (one: Instruction) => refusal(await verdictOn(one)).code
    async function holdAfter(one: Instruction): Promise<Hold> {
      const verdict = await verdictOn(one)
      if (verdict.status === 'refused') throw new Error(verdict.refusal.detail)
      return verdict.hold!
    }
    const account = async (id: string) => (await stores.accounts.find(id))!
    const free = async (id: string) => {
      const { balance, held } = await account(id)
      return [balance, held]
    }

    /** A hold whose time is over, which nobody has written down. */
    async function anExpiredHold(accountId: string, amount: bigint): Promise<Hold> {
      const soon = new Date(Date.now() + 500).toISOString().replace('Z', '000Z') as Instant
      const hold = await holdAfter(openHold(accountId, amount, { expiresAt: soon }))
      await pollUntil(async () => (await stores.holds.find(hold.id))!.closedAs === 'expired', {
        what: 'end of the hold',
      })
      return hold
    }

    test('opens a hold with all that came with it, and finds it again', async () => {
      const [id, to] = [await anAccount({ balance: 100n }), await anAccount()]
      const metadata = { b: [1.5, null], a: { c: 'é"\\' } }
      const more = { counterpartyId: to, expiresAt: far, description: 'x\n"y"', metadata }
      const hold = await holdAfter(openHold(id, 60n, more))
      expect(hold).toEqual({
        ...more,
        ...{ id: expect.any(String) as string, accountId: id, currency: 'EUR', amount: 60n },
        ...{ captured: 0n, closedAt: null, closedAs: null },
        createdAt: expect.stringMatching(instantForm) as string,
      })
      expect(await stores.holds.find(hold.id)).toEqual(hold)
      expect(await free(id)).toEqual([100n, 60n])
      const { accounts } = (await stores.users.findOverview((await account(id)).userId))!
      expect(accounts).toEqual([await account(id)])
      const missing = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
      expect(await stores.holds.find(missing)).toBeUndefined()
    })

    test('keeps what is held from everything else', async () => {
      const id = await anAccount({ balance: 100n })
      await holdAfter(openHold(id, 60n))
      expect(refusal(await post(request(id, -41n))).code).toBe('account.insufficient_funds')
      expect(await codeOf(openHold(id, 41n))).toBe('account.insufficient_funds')
      expect((await create(id, -40n)).balanceAfter).toBe(60n)
    })

    test('captures in parts, releases the rest, and says how it ended', async () => {
      const [id, to] = [await anAccount({ balance: 100n }), await anAccount()]
      const hold = await holdAfter(openHold(id, 60n, { counterpartyId: to }))
      const verdict = await verdictOn(capture(hold, 20n))
      const transaction = created(verdict)
      expect(transaction).toMatchObject({ amount: -20n, balanceAfter: 80n, holdId: hold.id })
      expect(plain((await stores.transactions.find(transaction.id))!)).toEqual(transaction)
      expect(await free(id)).toEqual([80n, 40n])
      expect(await codeOf(capture(hold, 41n))).toBe('hold.amount_exceeded')
      const released = await holdAfter(release(hold))
      expect(released).toMatchObject({ captured: 20n, closedAs: 'released' })
      expect(await stores.holds.find(hold.id)).toEqual(released)
      expect(await free(id)).toEqual([80n, 0n])
      for (const one of [capture(hold), release(hold), extend(hold, far)]) {
        expect(await codeOf(one)).toBe('hold.not_open')
      }
      const whole = await holdAfter(openHold(id, 80n))
      expect(await holdAfter(capture(whole))).toMatchObject({ captured: 80n, closedAs: 'captured' })
      expect(await free(id)).toEqual([0n, 0n])
      expect(await free(to)).toEqual([20n, 0n])
    })

    test('gives a hold another end, and refuses one that is over', async () => {
      const id = await anAccount({ balance: 100n })
      const hold = await holdAfter(openHold(id, 60n))
      const extended = { ...hold, expiresAt: far }
      expect(await holdAfter(extend(hold, far))).toEqual(extended)
      expect(await stores.holds.find(hold.id)).toEqual(extended)
      expect(await holdAfter(extend(hold, null))).toEqual(hold)
      const past = '2020-01-01T00:00:00.000000Z' as Instant
      expect(await codeOf(extend(hold, past))).toBe('request.invalid')
      expect(await codeOf(openHold(id, 1n, { expiresAt: past }))).toBe('request.invalid')
    })

    test('frees the money of a hold whose time is over, wherever it is asked for', async () => {
      const userId = await aUser()
      const id = await anAccount({ userId, balance: 100n })
      const hold = await anExpiredHold(id, 100n)
      expect(await free(id)).toEqual([100n, 0n])
      expect((await stores.users.findOverview(userId))!.accounts).toEqual([await account(id)])
      for (const one of [capture(hold), release(hold), extend(hold, far)]) {
        expect(await codeOf(one)).toBe('hold.not_open')
      }
      const next = await holdAfter(openHold(id, 100n))
      const found = (await stores.holds.find(hold.id))!
      expect(found).toMatchObject({ closedAs: 'expired', closedAt: hold.expiresAt })
      await holdAfter(capture(next))
      expect(await free(id)).toEqual([0n, 0n])
    })

    test('counts it as free when the account is changed or closed', async () => {
      const id = await anAccount({ minBalance: -100n })
      const [first, second] = await Promise.all([anExpiredHold(id, 50n), anExpiredHold(id, 50n)])
      expect(await stores.accounts.setMinBalance(id, 0n)).toMatchObject({ held: 0n })
      expect(await free(id)).toEqual([0n, 0n])
      await stores.accounts.setMinBalance(id, -100n)
      const open = await holdAfter(openHold(id, 100n))
      await expect(stores.accounts.close(id)).rejects.toMatchObject({ code: 'account.not_empty' })
      await expect(stores.accounts.setMinBalance(id, -99n)).rejects.toMatchObject({
        code: 'account.limit_not_met',
      })
      await holdAfter(release(open))
      await anExpiredHold(id, 100n)
      expect(await stores.accounts.close(id)).toMatchObject({ held: 0n, balance: 0n })
      for (const { id: holdId } of [first, second]) {
        expect((await stores.holds.find(holdId))!.closedAs).toBe('expired')
      }
    })

    test('gives the first answer to a key again, whatever became of the hold', async () => {
      const id = await anAccount({ balance: 100n })
      const more = { metadata: { b: 1, aa: [2] }, expiresAt: far }
      const opening = openHold(id, 60n, { ...more, ...keyed('hold') })
      const first = await verdictOn(opening)
      const { hold } = first as { hold: Hold }
      const all = [
        [opening, first],
        ...(await inOrder([
          { ...extend(hold, null), ...keyed('extend') } as Instruction,
          { ...capture(hold, 10n), ...keyed('capture') } as Instruction,
          { ...release(hold), ...keyed('release') } as Instruction,
          { ...capture(hold, 11n), ...keyed('refused') } as Instruction,
        ])),
      ] as [Instruction, typeof first][]
      for (const [one, verdict] of all) {
        const again = await verdictOn(one)
        if (verdict.status === 'refused') expect(again).toEqual({ ...verdict, replayed: true })
        else {
          expect(again).toMatchObject({ status: 'replayed', hold: verdict.hold })
          if (verdict.transaction) expect(created(again)).toEqual(created(verdict))
        }
      }
      expect(await free(id)).toEqual([90n, 0n])
      const other = { ...release(hold), ...keyed('hold', 2) } as Instruction
      expect(await codeOf(other)).toBe('idempotency.key_reused')
    })

    async function inOrder(instructions: Instruction[]) {
      const answered: [Instruction, Awaited<ReturnType<typeof verdictOn>>][] = []
      for (const one of instructions) answered.push([one, await verdictOn(one)])
      return answered
    }

    test('reverses a transaction once, between the same accounts', async () => {
      const [id, to] = [await anAccount({ balance: 100n }), await anAccount()]
      const original = await create(id, -30n, { counterpartyId: to, description: 'x' })
      const reverse: Instruction = { kind: 'reverse', original, idempotency: null }
      const reversal = created(await verdictOn(reverse))
      expect(reversal).toMatchObject({
        ...{ accountId: id, counterpartyId: to, amount: 30n, balanceAfter: 100n },
        ...{ reversesId: original.id, description: 'x', metadata: null },
      })
      expect(plain((await stores.transactions.find(reversal.id))!)).toEqual(reversal)
      expect(await codeOf(reverse)).toBe('transaction.already_reversed')
      expect([await free(id), await free(to)]).toEqual([
        [100n, 0n],
        [0n, 0n],
      ])
    })

    test('keeps nothing of a dry run, and nothing but the refusal of a refused whole', async () => {
      const id = await anAccount({ balance: 100n })
      const before = await account(id)
      const bulk = (more: Partial<LedgerRequest>): LedgerRequest => ({
        instructions: [
          { kind: 'post', ...request(id, 5n, keyed('bulk-1')) },
          openHold(id, 5n, keyed('bulk-2')),
          { kind: 'post', ...request(id, -900n, keyed('bulk-3')) },
        ],
        ...{ isAtomic: false, isDryRun: false, ...more },
      })
      const [dry, whole] = await stores.transactions.post([
        bulk({ isDryRun: true }),
        bulk({ isAtomic: true }),
      ])
      expect(dry!.verdicts.map(({ status }) => status)).toEqual(['created', 'created', 'refused'])
      expect(whole).toMatchObject({ refusedAt: 2, verdicts: [{ status: 'refused' }] })
      expect(await account(id)).toEqual(before)
      await create(id, 900n)
      const [again, each] = await stores.transactions.post([bulk({ isAtomic: true }), bulk({})])
      expect(again).toMatchObject({ refusedAt: 2, verdicts: [{ replayed: true }] })
      expect(each!.verdicts.map(({ status }) => status)).toEqual(['created', 'created', 'refused'])
    })
  })
}
