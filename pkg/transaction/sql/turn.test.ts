import type { Executor } from '../../../internal/postgres/query'
import { newTurns } from './turn'

/** Turns by a clock of the test's, on a server that lets each wait that long. */
function newStage() {
  const state = { nowMs: 0, waitMs: 4 }
  const server = {
    async query() {
      state.nowMs += state.waitMs
      return { rows: [{ turns: 1n }] }
    },
  } as unknown as Executor
  return { state, server, turns: newTurns(() => state.nowMs) }
}

test('a turn is asked for on contended accounts alone', async () => {
  const { server, turns } = newStage()
  expect(turns.take(server, ['a', 'b'])).toBeUndefined()
  turns.note(['a'])
  expect(turns.take(server, ['b'])).toBeUndefined()
  await turns.take(server, ['a', 'b'])
  expect(turns.waitMs('b')).toBeUndefined()
})

test('an account is contended for a second', () => {
  const { state, server, turns } = newStage()
  turns.note(['a'])
  state.nowMs = 999
  expect(turns.waitMs('a')).toBe(0)
  state.nowMs = 1000
  expect(turns.waitMs('a')).toBeUndefined()
  expect(turns.take(server, ['a'])).toBeUndefined()
})

test('how long a turn takes to come follows those of late, and is bounded', async () => {
  const { state, server, turns } = newStage()
  const after = async (waitMs: number, times: number) => {
    state.waitMs = waitMs
    for (let i = 0; i < times; i++) {
      turns.note(['a'])
      await turns.take(server, ['a'])
    }
    return turns.waitMs('a')!
  }
  expect(await after(4, 1)).toBeCloseTo(1.2)
  expect(await after(4, 20)).toBeCloseTo(4, 1)
  expect(await after(1, 20)).toBeCloseTo(1, 1)
  expect(await after(900, 40)).toBeCloseTo(10, 1)
})

test('a turn that did not come tells nothing of how long one takes', async () => {
  const { state, turns } = newStage()
  turns.note(['a'])
  const stuck = {
    async query() {
      state.nowMs += 300
      throw new Error('canceling statement due to lock timeout')
    },
  } as unknown as Executor
  await expect(turns.take(stuck, ['a'])).rejects.toThrow('lock timeout')
  expect(turns.waitMs('a')).toBe(0)
})
