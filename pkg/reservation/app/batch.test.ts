import type { ReservationService, ReserveOutcome, ReserveRequest } from '../service'
import { withBatches } from './batch'

const reserved = (key: string): ReserveOutcome => ({ kind: 'reserved', externalId: BigInt(key) })

function newService(answer: (request: ReserveRequest) => ReserveOutcome | undefined) {
  const calls: string[][] = []
  const one: ReservationService = {
    async reserve(request) {
      calls.push([request.key])
      return { kind: 'refused', reason: 'alone' }
    },
    release: async () => ({ kind: 'given_back' }),
  }
  const signals: AbortSignal[] = []
  const service = withBatches(one, {
    batchMax: 3,
    async reserveMany(requests, { signal }) {
      calls.push(requests.map(({ key }) => key))
      signals.push(signal)
      return requests.map(answer)
    },
  })
  const ask = (keys: string[], { signal } = new AbortController()) =>
    Promise.all(
      keys.map((key) => service.reserve({ key, item: 'laptop' }, { signal, traceparent: null })),
    )
  return { ask, calls, signals }
}

test('what is asked for at once goes out together, as many as a batch may hold', async () => {
  const { ask, calls } = newService(({ key }) => reserved(key))
  expect(await ask(['1', '2', '3', '4', '5'])).toEqual(['1', '2', '3', '4', '5'].map(reserved))
  expect(calls).toEqual([
    ['1', '2', '3'],
    ['4', '5'],
  ])
})

test('one alone, and one that the batch leaves open, is asked for by itself', async () => {
  const { ask, calls } = newService(({ key }) => (key === '2' ? undefined : reserved(key)))
  const alone = { kind: 'refused', reason: 'alone' }
  expect(await ask(['9'])).toEqual([alone])
  expect(await ask(['1', '2'])).toEqual([reserved('1'), alone])
  expect(calls).toEqual([['9'], ['1', '2'], ['2']])
})

test('who gives up is let go, and the call is cut only when all have', async () => {
  const { ask, signals } = newService(({ key }) => reserved(key))
  const [first, second] = [new AbortController(), new AbortController()]
  const outcomes = [ask(['1'], first), ask(['2'], second)]
  first.abort()
  expect(await outcomes[0]).toEqual([{ kind: 'cut' }])
  expect(await outcomes[1]).toEqual([reserved('2')])
  expect(signals[0]!.aborted).toBe(false)
  second.abort()
  expect(signals[0]!.aborted).toBe(true)
})
