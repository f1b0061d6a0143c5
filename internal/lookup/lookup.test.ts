import { newLookup } from './lookup'

/** Loads that end when they are told to. */
function newLoads() {
  const loads: { keys: string[]; end(error?: Error): void }[] = []
  const load = (keys: string[]) =>
    new Promise<Map<string, string>>((resolve, reject) => {
      const found = new Map(keys.filter((key) => key !== 'none').map((key) => [key, `<${key}>`]))
      loads.push({ keys, end: (error) => (error ? reject(error) : resolve(found)) })
    })
  return { loads, load }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what is asked for in one turn is read at once, each key once, and each caller is answered', async () => {
  const { loads, load } = newLoads()
  const { find } = newLookup({ load, lanes: 1, keysMax: 10 })
  const found = Promise.all(['a', 'b', 'a', 'none'].map(find))
  await turn()
  expect(loads.map(({ keys }) => keys)).toEqual([['a', 'b', 'none']])
  loads[0]!.end()
  expect(await found).toEqual(['<a>', '<b>', '<a>', undefined])
})

test('what is asked for while a look-up is under way is read afterwards, never from it', async () => {
  const { loads, load } = newLoads()
  const { find } = newLookup({ load, lanes: 1, keysMax: 10 })
  const first = find('a')
  await turn()
  const second = find('a')
  await turn()
  expect(loads).toHaveLength(1)
  loads[0]!.end()
  await first
  await turn()
  expect(loads.map(({ keys }) => keys)).toEqual([['a'], ['a']])
  loads[1]!.end()
  expect(await second).toBe('<a>')
})

test('a look-up has no more keys, and no more are under way, than the limits say', async () => {
  const { loads, load } = newLoads()
  const { find } = newLookup({ load, lanes: 2, keysMax: 2 })
  const found = Promise.all(['a', 'b', 'c', 'd', 'e'].map(find))
  await turn()
  expect(loads.map(({ keys }) => keys)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  loads[1]!.end()
  await turn()
  await turn()
  expect(loads[2]!.keys).toEqual(['e'])
  loads[0]!.end()
  loads[2]!.end()
  expect(await found).toEqual(['<a>', '<b>', '<c>', '<d>', '<e>'])
})

test('a look-up that fails is thrown at those who asked, and the next one goes on', async () => {
  const { loads, load } = newLoads()
  const { find } = newLookup({ load, lanes: 1, keysMax: 10 })
  const failed = Promise.allSettled([find('a'), find('b')])
  await turn()
  const next = find('c')
  loads[0]!.end(new Error('gone'))
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await turn()
  loads[1]!.end()
  expect(await next).toBe('<c>')
})
