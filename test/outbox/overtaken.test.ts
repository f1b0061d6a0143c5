import { newOutboxOperations } from '../../pkg/outbox/sql/operations'
import { newOutboxStore } from '../../pkg/outbox/sql/store'
import type { ClaimedMessage, OutboxStore, Settlement } from '../../pkg/outbox/outbox'
import { settlementOf } from '../../pkg/outbox/outbox'
import { pollUntil } from '../harness/poll'
import { describeWith } from '../harness/service'
import { aHistory, anEvent, openBook, type Book } from './book'

const confirmed = { kind: 'confirmed' } as const
const refused = { kind: 'refused', reason: 'no' } as const
const unanswered = { kind: 'unanswered', reason: 'gone' } as const

/** What follows when the broker says no, or yes, at once. */
const judge = (message: ClaimedMessage, outcome: Parameters<typeof settlementOf>[1]) =>
  settlementOf(message, outcome, { waitMs: 60_000, attemptsMax: 1 })

/** A message in the hands of a relay that was stopped, and in those of the one that took it over. */
async function overtake(book: Book, store: OutboxStore) {
  await book.insert([anEvent(book.broker)])
  const [late] = await store.claim(1, 0)
  const [now] = await store.claim(1, 60_000)
  expect(now!.id).toBe(late!.id)
  return { late: late!, now: now! }
}

/** The store of a relay that stands still before it writes down what came of its first batch. */
function newFrozen(): {
  store: (real: OutboxStore) => OutboxStore
  frozen(): boolean
  thaw(): void
} {
  let thaw = () => {}
  let isFrozen = false
  const thawed = new Promise<void>((resolve) => (thaw = resolve))
  const store = (real: OutboxStore): OutboxStore => ({
    ...real,
    async settle(settlements: readonly Settlement[]) {
      isFrozen = true
      await thawed
      return real.settle(settlements)
    },
  })
  return { store, frozen: () => isFrozen, thaw }
}

describeWith('RabbitMQ', 'O3: a relay that stood still', () => {
  let book: Book
  beforeAll(async () => {
    book = await openBook()
  })
  afterEach(() => book.reset())
  afterAll(() => book.close())

  describe('and comes back after its claim was void', () => {
    test.each([
      ['parks nothing that another one is publishing', refused],
      ['gives nothing back that another one is publishing', unanswered],
    ])('%s', async (_name, outcome) => {
      const store = newOutboxStore(book.relayPool)
      const { late, now } = await overtake(book, store)
      const before = await book.rows()
      expect(await store.settle([judge(late, outcome)])).toEqual([])
      expect(await book.rows()).toEqual(before)
      expect(await store.claim(10, 0)).toEqual([])
      const published = judge(now, confirmed)
      expect(await store.settle([published])).toEqual([published])
      expect(await book.rows()).toMatchObject([{ parked_at: null, attempts: 0 }])
      expect((await book.rows())[0]!.published_at).not.toBeNull()
    })

    test('is believed that the broker has confirmed, and the other one writes nothing more', async () => {
      const store = newOutboxStore(book.relayPool)
      const { late, now } = await overtake(book, store)
      expect(await store.settle([judge(late, confirmed)])).toHaveLength(1)
      const before = await book.rows()
      expect(before[0]!.published_at).not.toBeNull()
      expect(await store.settle([judge(now, refused)])).toEqual([])
      expect(await book.rows()).toEqual(before)
    })

    test('takes nothing away from a replay', async () => {
      const store = newOutboxStore(book.relayPool)
      const { late, now } = await overtake(book, store)
      await store.settle([judge(now, confirmed)])
      expect(await newOutboxOperations(book.pool).replay([now.id])).toBe(1)
      expect(await store.settle([judge(late, confirmed)])).toEqual([])
      expect(await store.settle([judge(now, confirmed)])).toEqual([])
      expect(await book.rows()).toMatchObject([{ published_at: null, parked_at: null }])
      expect(await store.claim(1, 0)).toHaveLength(1)
    })

    test('has what is its own written down, whatever else it had was taken over', async () => {
      const store = newOutboxStore(book.relayPool)
      const events = [anEvent(book.broker), anEvent(book.broker)]
      await book.insert(events)
      const both = await store.claim(2, 0)
      const [taken] = await store.claim(1, 60_000)
      const settled = await store.settle(both.map((message) => judge(message, refused)))
      expect(settled.map(({ id }) => id)).toEqual(
        events.map(({ id }) => id).filter((id) => id !== taken!.id),
      )
    })
  })

  test('parks nothing that another one has published, nor what comes behind it', async () => {
    const queue = await book.broker.openQueue('created_order')
    const history = aHistory(book.broker, 2)
    await book.insert(history)
    const [still, other] = [newFrozen(), newFrozen()]
    // Too large for it, so that it parks what the other one publishes.
    const late = book.relay({ store: still.store, limits: { bytesMax: 10, leaseMs: 50 } })
    await pollUntil(still.frozen, { what: 'a claim' })
    book.relay({ store: other.store, limits: { leaseMs: 60_000 } })
    await pollUntil(other.frozen, { what: 'a claim of the other one' })
    still.thaw()
    await pollUntil(async () => (await late.metric('tillbook_outbox_lost_total')) === 1, {
      what: 'the first one to be overtaken',
    })
    expect(await late.metric('tillbook_outbox_parked_total')).toBe(0)
    await late.close()
    other.thaw()
    await book.untilPublished(2)
    await queue.untilReceived(2)
    expect(queue.received.map(({ properties }) => properties.messageId as string)).toEqual(
      history.map(({ id }) => id),
    )
  })
})
