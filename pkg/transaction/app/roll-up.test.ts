import type { Log } from '../../../internal/log/log'
import type { RollUpStore } from '../rollup'
import { newRoller, rollerLimits, type RollerDeps } from './roll-up'

/** A store whose steps are answered by the test, one at a time. */
function newFakes(accounts: Record<string, string[]>, due: string[] = []) {
  const steps: string[] = []
  const sleeps: number[] = []
  const warnings: string[] = []
  const warn = (_fields: object, message: string) => void warnings.push(message)
  const log = { warn } as Log
  const store: RollerDeps['store'] = {
    async rollUp(accountId) {
      steps.push(accountId)
      const outcome = accounts[accountId]?.shift() ?? 'done'
      if (outcome === 'fails') throw new Error('the database is away')
      return outcome as Awaited<ReturnType<RollUpStore['rollUp']>>
    },
    async listToRollUp({ afterId, limit }) {
      return due
        .filter((id) => id > afterId)
        .slice(0, limit)
        .map((id) => ({ id, isDue: !id.startsWith('idle') }))
    },
  }
  /** Between two sweeps it waits for the end of the test. */
  const sleep = async (ms: number, signal: AbortSignal) => {
    sleeps.push(ms)
    if (ms < rollerLimits.sweepRetryMs) return
    await new Promise((_, reject) => signal.addEventListener('abort', reject))
  }
  const start = (limits = rollerLimits) => newRoller({ store, log, limits, sleep })
  return { store, steps, sleeps, warnings, start }
}

/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('works an account off step by step, then the next one, with a pause after each step', async () => {
  const fakes = newFakes({ a: ['more', 'more', 'done'], b: ['more', 'done'] })
  const roller = fakes.start()
  for (const id of ['a', 'b', 'b', 'a']) roller.note(id)
  await settle()
  await roller.close()
  expect(fakes.steps.slice(0, 5)).toEqual(['a', 'a', 'a', 'b', 'b'])
  expect(fakes.sleeps.filter((ms) => ms < rollerLimits.sweepRetryMs)).toHaveLength(3)
})

test('notes an account once, however often it is named, and again while it is worked off', async () => {
  const fakes = newFakes({})
  const roller = fakes.start()
  for (let i = 0; i < 5; i++) roller.note('a')
  await settle()
  expect(fakes.steps.length).toBeLessThan(3)
  const before = fakes.steps.length
  roller.note('a')
  await settle()
  await roller.close()
  expect(fakes.steps.length).toBe(before + 1)
})

test('logs what fails and goes on', async () => {
  const fakes = newFakes({ a: ['fails'], b: ['done'] })
  const roller = fakes.start()
  roller.note('a')
  roller.note('b')
  await settle()
  await roller.close()
  expect(fakes.steps).toEqual(['a', 'b'])
  expect(fakes.warnings).toEqual(['an account could not be rolled up'])
})

test('begins a rollup again that was given up, once', async () => {
  const fakes = newFakes({ a: ['given up', 'more', 'given up', 'more', 'done'] })
  const roller = fakes.start()
  roller.note('a')
  await settle()
  await roller.close()
  expect(fakes.steps).toEqual(['a', 'a', 'a'])
  expect(fakes.warnings).toHaveLength(2)
})

test('finds those that are due in a sweep, page by page', async () => {
  const due = ['a', 'b', 'idle-1', 'idle-2', 'z']
  const fakes = newFakes({}, due)
  const roller = fakes.start({ ...rollerLimits, sweepAccounts: 2 })
  await settle()
  await roller.close()
  expect(fakes.steps).toEqual(['a', 'b', 'z'])
})

test('sweeps again soon when a sweep failed', async () => {
  const fakes = newFakes({})
  fakes.store.listToRollUp = () => Promise.reject(new Error('the database is away'))
  const roller = fakes.start()
  await settle()
  await roller.close()
  expect(fakes.sleeps).toEqual([rollerLimits.sweepRetryMs])
  expect(fakes.warnings).toEqual(['the sweep for accounts to roll up failed'])
})

test('keeps no more accounts waiting than it may', async () => {
  const fakes = newFakes({})
  const roller = fakes.start({ ...rollerLimits, queueAccountsMax: 2 })
  // The first is under way at once.
  for (const id of ['a', 'b', 'c', 'd', 'e']) roller.note(id)
  await settle()
  await roller.close()
  expect(fakes.steps).toEqual(['a', 'b', 'c'])
})

test('finishes the step that is under way when it is closed, and forgets the rest', async () => {
  const fakes = newFakes({})
  let finish = () => {}
  fakes.store.rollUp = (id) => {
    fakes.steps.push(id)
    return new Promise((resolve) => (finish = () => resolve('more')))
  }
  const roller = fakes.start()
  roller.note('a')
  roller.note('b')
  await settle()
  let isClosed = false
  const closing = roller.close().then(() => (isClosed = true))
  await settle()
  expect(isClosed).toBe(false)
  finish()
  await closing
  roller.note('c')
  await settle()
  expect(fakes.steps).toEqual(['a'])
  expect(fakes.warnings).toEqual([])
})
