import { newLimiter } from './limiter'

/** Work that ends when it is told to, and tells that it began. */
function newWork(name: string, begun: string[]) {
  let end = (_error?: Error) => {}
  const ended = new Promise<string>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve(name))
  })
  const work = () => {
    begun.push(name)
    return ended
  }
  return { work, end: (error?: Error) => end(error) }
}

const turn = () => new Promise(setImmediate)

function newFull() {
  const begun: string[] = []
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => newWork(name, begun))
  const limiter = newLimiter({ inFlightMax: 2, queueMax: 1, overflow: () => new Error('full') })
  return { limiter, begun, a: a!, b: b!, c: c!, d: d! }
}

test('runs so many at once, lets so many wait, and refuses the next at once', async () => {
  const { limiter, begun, a, b, c, d } = newFull()
  const [first, , third] = [a, b, c].map(({ work }) => limiter.run(work))
  await expect(limiter.run(d.work)).rejects.toThrow('full')
  expect(begun).toEqual(['a', 'b'])
  expect(limiter.counts()).toEqual({ inFlight: 2, queued: 1 })
  a.end()
  expect(await first).toBe('a')
  await turn()
  expect(begun).toEqual(['a', 'b', 'c'])
  c.end()
  expect(await third).toBe('c')
  expect(limiter.counts()).toEqual({ inFlight: 1, queued: 0 })
})

test('work that fails gives its place away, too', async () => {
  const { limiter, begun, a, b, c } = newFull()
  const [first, second, third] = [a, b, c].map(({ work }) => limiter.run(work))
  a.end(new Error('broken'))
  await expect(first).rejects.toThrow('broken')
  b.end()
  c.end()
  expect(await Promise.all([second, third])).toEqual(['b', 'c'])
  expect(begun).toEqual(['a', 'b', 'c'])
  expect(limiter.counts()).toEqual({ inFlight: 0, queued: 0 })
})
