import { firstStep, nextStep, type Called, type Patience, type Taken } from './drive'
import type { FindOutcome, ReleaseOutcome, ReserveOutcome } from './service'

// Any number of bad things in any order, then none: what the service holds in the end is what is wished.

const patience: Patience = { attemptsMax: 3, backoffBaseMs: 1, backoffMsMax: 1, busyMs: 1 }
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000))

/** A seeded stream of numbers from 0 to below 1 (mulberry32). */
function newDraw(from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Reserves once for a key; may be at it long after the caller heard nothing. */
function newService(draw: () => number) {
  const live = new Set<bigint>()
  let id: bigint | undefined
  const state = { isBad: true, late: 0, most: 0 }
  const act = () => {
    if (id === undefined) live.add((id = 7n))
    state.most = Math.max(state.most, live.size)
    return id
  }
  const isBad = () => state.isBad && draw() < 0.5
  const noAnswer = () =>
    draw() < 0.5 ? ({ kind: 'unanswered', reason: 'dropped' } as const) : ({ kind: 'cut' } as const)
  return {
    state,
    live,
    /** Requests whose caller heard nothing come to act now. */
    settle() {
      if (state.late > 0) act()
      state.late = 0
    },
    reserve(): ReserveOutcome {
      if (isBad()) {
        if (draw() < 0.3) return { kind: 'busy', reason: 'open' }
        if (draw() < 0.5) act()
        else if (draw() < 0.5) state.late += 1
        return noAnswer()
      }
      return { kind: 'reserved', externalId: act() }
    },
    find(): FindOutcome {
      if (isBad()) return noAnswer()
      if (id === undefined) return { kind: 'absent' }
      return live.has(id) ? { kind: 'reserved', externalId: id } : { kind: 'given_back' }
    },
    release(externalId: bigint): ReleaseOutcome {
      if (isBad()) {
        if (draw() < 0.5) live.delete(externalId)
        return noAnswer()
      }
      live.delete(externalId)
      return { kind: 'given_back' }
    },
  }
}

type Row = Taken & { due: boolean }

/** As the claim writes it down before the service is asked. */
function claim(row: Row): Taken {
  const taken = { ...row }
  if (row.desired === 'held' && row.actual === 'none') row.actual = 'requesting'
  if (row.desired === 'released' && row.actual === 'held') row.actual = 'releasing'
  return taken
}

interface Play {
  row: Row
  service: ReturnType<typeof newService>
  draw: () => number
  canFind: boolean
}

/** One worker's turn; it may die anywhere, and the line may be taken out meanwhile. */
function turn({ row, service, draw, canFind }: Play): void {
  const taken = claim(row)
  let step = firstStep(taken)
  for (let calls = 0; step.do !== 'write'; calls++) {
    if (calls > 3) throw new Error('it goes round')
    let called: Called
    if (step.do === 'find') {
      const outcome = canFind ? service.find() : ({ kind: 'unsupported' } as const)
      called = { call: 'find', outcome }
    } else if (step.do === 'reserve') {
      const { isRepeat } = step
      called = { call: 'reserve', isRepeat, outcome: service.reserve() }
    } else {
      const { externalId } = step
      called = { call: 'release', externalId, outcome: service.release(externalId) }
    }
    if (service.state.isBad && draw() < 0.1) return
    step = nextStep(taken, called, patience, draw)
  }
  if (service.state.isBad && draw() < 0.1) takeOut(row)
  const { actual, externalId, attempts, inMs } = step.next
  Object.assign(row, { actual, externalId, attempts })
  row.due = inMs !== null || row.desired !== taken.desired
  if (row.desired !== taken.desired) row.attempts = 0
}

/** As a cart does it. */
function takeOut(row: Row): void {
  Object.assign(row, { desired: 'released', attempts: 0, due: true })
}

function newRow(): Row {
  return {
    ...{ id: 'key', item: 'laptop', desired: 'held', actual: 'none' },
    ...{ externalId: null, attempts: 0, due: true },
  }
}

test(`the service holds what is wished in the end, and never two (seed ${seed})`, () => {
  const ends = new Map<string, number>()
  const wrong: object[] = []
  for (let round = 0; round < 10_000; round++) {
    const draw = newDraw(seed + round)
    const play: Play = { row: newRow(), service: newService(draw), draw, canFind: draw() < 0.7 }
    const { row, service } = play
    for (let turns = 0; turns < 8 && row.due; turns++) turn(play)
    if (draw() < 0.5) takeOut(row)
    service.state.isBad = false
    // Either before or after the last turns: whatever was under way comes to its end.
    if (draw() < 0.5) service.settle()
    for (let turns = 0; turns < 10 && row.due; turns++) turn(play)
    service.settle()
    const end = `${row.desired} ${row.actual}`
    ends.set(end, (ends.get(end) ?? 0) + 1)
    const live = row.actual === 'failed' ? service.live.size : row.actual === 'held' ? 1 : 0
    const isRight = service.live.size === live && !row.due && service.state.most <= 1
    if (!isRight) wrong.push({ round, end, live: [...service.live], due: row.due })
  }
  expect(wrong).toEqual([])
  expect([...ends.keys()].sort()).toEqual(['held failed', 'held held', 'released released'])
})
