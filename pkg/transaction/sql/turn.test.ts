import type { Executor } from '../../../internal/postgres/query'
import { newTurns } from './turn'

/** Turns by a clock of the test's, on a server that lets each wait that long. */
function newStage() {
  const state = { nowMs: 0, waitMs: 4 }
  const server = {
    query: async () => ({ rows: [{ turns: 1n, waited_ms: state.waitMs }] }),
  } as unknown as Executor
  return { state, server, turns: newTurns(() => state.nowMs) }
}

test('a turn is asked for on contended accounts alone', async () => {
  const { server, turns } = newStage()
  expect(turns.take(server, ['a', 'b'])).toBeUndefined()
  turns.note(['a'])
  expect(turns.take(server, ['b'])).toBeUndefined()
  await turns.take(server, ['a', 'b'])
  expect(turns.restMs('b')).toBeUndefined()
})

test('an account is contended for a second', () => {
  const { state, server, turns } = newStage()
  turns.note(['a'])
  state.nowMs = 999
  expect(turns.restMs('a')).toBe(0)
  state.nowMs = 1000
  expect(turns.restMs('a')).toBeUndefined()
  expect(turns.take(server, ['a'])).toBeUndefined()
})

test('the rest is twice as long as turns took of late, and bounded', async () => {
  const { state, server, turns } = newStage()
  const after = async (waitMs: number, times: number) => {
    state.waitMs = waitMs
    for (let i = 0; i < times; i++) {
      turns.note(['a'])
      await turns.take(server, ['a'])
    }
    return turns.restMs('a')!
  }
  expect(await after(4, 1)).toBeCloseTo(2.4)
  expect(await after(4, 20)).toBeCloseTo(8, 1)
  expect(await after(1, 20)).toBeCloseTo(2, 1)
  expect(await after(900, 1)).toBe(10)
})

test('a turn that did not come tells nothing of how long one takes to come', async () => {
  const { state, turns } = newStage()
  turns.note(['a'])
  const stuck = {
    async query() {
      state.nowMs += 300
      throw new Error('canceling statement due to lock timeout')
    },
  } as unknown as Executor
  await expect(turns.take(stuck, ['a'])).rejects.toThrow('lock timeout')
  expect(turns.restMs('a')).toBe(0)
})
