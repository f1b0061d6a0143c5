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

/** A loop that tells when it begins a step, and ends it when it is told to. */
function startWatched(fails = false) {
  const begun: (() => void)[] = []
  let steps = 0
  let end = (): void => {}
  const loop = startLoop({
    step: () =>
      new Promise((resolve, reject) => {
        steps += 1
        begun.shift()?.()
        end = () => (fails ? reject(new Error('it cannot be done')) : resolve(false))
      }),
    intervalMs: never,
    shareMax: 1,
    onError: () => {},
  })
  const begins = () => new Promise<void>((resolve) => begun.push(resolve))
  return { loop, begins, end: () => end(), steps: () => steps }
}

const turn = () => new Promise(setImmediate)

test('a nudge ends a pause, and one during a step is followed by another step', async () => {
  const { loop, begins, end, steps } = startWatched()
  end()
  await turn()
  const second = begins()
  loop.nudge()
  await second
  const third = begins()
  loop.nudge()
  loop.nudge()
  end()
  await third
  end()
  await turn()
  expect(steps()).toBe(3)
  await loop.stop()
})

test('a nudge does not hurry what has failed', async () => {
  const { loop, end, steps } = startWatched(true)
  loop.nudge()
  end()
  await turn()
  loop.nudge()
  await turn()
  expect(steps()).toBe(1)
  await loop.stop()
})
