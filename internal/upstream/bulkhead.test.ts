import { newBulkhead } from './bulkhead'

const full = new Error('full')

function start({ queueWaitMsMax = 60_000 } = {}) {
  const options = { inFlightMax: 1, queueMax: 2, queueWaitMsMax, refusal: () => full }
  const bulkhead = newBulkhead(options)
  const begun: string[] = []
  const ends: (() => void)[] = []
  const run = (name: string, signal?: AbortSignal) =>
    bulkhead.run(() => {
      begun.push(name)
      return new Promise<void>((resolve) => ends.push(resolve))
    }, signal)
  const turn = () => new Promise(setImmediate)
  return { bulkhead, begun, run, turn, endNext: () => ends.shift()!() }
}

test('lets in as many as it has places, in order, and refuses whom the queue has no room for', async () => {
  const { bulkhead, begun, run, endNext, turn } = start()
  const running = ['a', 'b', 'c'].map((name) => run(name))
  await expect(run('d')).rejects.toBe(full)
  expect([begun, bulkhead.inFlight(), bulkhead.queued()]).toEqual([['a'], 1, 2])
  for (const length of [2, 3]) {
    endNext()
    await turn()
    expect(begun).toHaveLength(length)
  }
  endNext()
  await Promise.all(running)
  expect([begun, bulkhead.inFlight(), bulkhead.queued()]).toEqual([['a', 'b', 'c'], 0, 0])
})

test('nobody overtakes those who wait', async () => {
  const { begun, run, endNext, turn } = start()
  const first = run('a')
  const second = run('b')
  await turn()
  endNext()
  await first
  const third = run('c')
  await turn()
  endNext()
  await second
  await turn()
  endNext()
  await third
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('goes on behind one who gave up', async () => {
  const { bulkhead, begun, run, endNext, turn } = start()
  const gone = new AbortController()
  const [first, second, third] = [run('a'), run('b', gone.signal), run('c')]
  await turn()
  gone.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  expect(bulkhead.queued()).toBe(1)
  endNext()
  await first
  await turn()
  endNext()
  await third
  expect(begun).toEqual(['a', 'c'])
})

test('refuses one who waited for too long, and frees the place of work that fails', async () => {
  const { bulkhead, run, endNext } = start({ queueWaitMsMax: 1 })
  const first = run('a')
  await expect(run('b')).rejects.toBe(full)
  endNext()
  await first
  const failure = new Error('failed')
  await expect(bulkhead.run(() => Promise.reject(failure), undefined)).rejects.toBe(failure)
  expect(bulkhead.inFlight()).toBe(0)
})
