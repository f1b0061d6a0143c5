import { startLoop } from './loop'

const never = 1_000_000

test('goes on at once while there is more, and waits when there is not', async () => {
  const answers = [true, true, false]
  let steps = 0
  let idle = (): void => {}
  const isIdle = new Promise<void>((resolve) => (idle = resolve))
  const loop = startLoop({
    step: async () => {
      steps += 1
      const more = answers.shift() ?? false
      if (!more) idle()
      return more
    },
    intervalMs: never,
    shareMax: 1,
    onError: (error) => {
      throw error
    },
  })
  await isIdle
  await loop.stop()
  expect(steps).toBe(3)
})

test('tells of a failure and goes on', async () => {
  const errors: unknown[] = []
  const failure = new Error('the database is away')
  let again = (): void => {}
  const triedAgain = new Promise<void>((resolve) => (again = resolve))
  const loop = startLoop({
    step: async () => {
      if (errors.length === 0) throw failure
      again()
      return false
    },
    intervalMs: 1,
    shareMax: 1,
    onError: (error) => errors.push(error),
  })
  await triedAgain
  await loop.stop()
  expect(errors).toEqual([failure])
})

test('stops when the step under way has ended', async () => {
  let end = (): void => {}
  const loop = startLoop({
    step: () => new Promise((resolve) => (end = () => resolve(true))),
    intervalMs: never,
    shareMax: 1,
    onError: () => {},
  })
  let isStopped = false
  const stopped = loop.stop().then(() => (isStopped = true))
  await new Promise(setImmediate)
  expect(isStopped).toBe(false)
  end()
  await stopped
})
