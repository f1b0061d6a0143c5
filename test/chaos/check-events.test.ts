import { checkEvents } from './check-events'
import type { Seen } from './consumer'
import { newHistory } from './history'

const event = (n: number, change: object = {}): Seen => ({
  id: `${n}-t-${n}`,
  transaction: {
    ...{ id: `t-${n}`, account_id: 'a', counterparty_id: 'world:EUR', currency: 'EUR' },
    ...{ amount: '1.00', balance_after: `${n}.00`, description: null },
    ...{ reverses_id: null, hold_id: null, entry_no: n },
    ...{ counterparty_entry_no: null, counterparty_balance_after: null, ...change },
  },
})

const all = [event(1), event(2), event(3)]
const committed = new Set(['t-1', 't-2', 't-3'])

function broken(...seen: Seen[][]): string[] {
  const history = newHistory()
  const reads = seen.map((one, n) => ({ name: `reader ${n}`, seen: one }))
  checkEvents(reads, committed, history)
  return [...new Set(history.findings.map(({ rule }) => rule))]
}

const once = 'an event comes once for each transaction'
const same = 'events are the same for everybody'
const inTurn = "events tell an account's entries in turn"

test('finds nothing wrong with readers who have read everything', () => {
  expect(broken(all, all)).toEqual([])
})

test.each([
  ['misses one', [event(1), event(3)], [once, inTurn, same]],
  ['misses the last one', [event(1), event(2)], [once]],
  ['has one twice', [event(1), event(2), event(2), event(3)], [once, inTurn, same]],
  ['has one that is not there', [...all, event(4)], [once, same]],
  ['has another order', [event(2), event(1), event(3)], [inTurn, same]],
  ['was told something else', [event(1), event(2), event(3, { amount: '2.00' })], [same]],
])('finds a reader who %s', (_what, seen, rules) => {
  expect(broken(all, seen).sort()).toEqual([...rules].sort())
})
