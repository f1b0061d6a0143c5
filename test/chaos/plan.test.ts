import { drawPlan, faultKinds } from './plan'
import { mutants, mutate } from './mutant'
import { readFileSync } from 'node:fs'

const options = { seed: 7, durationMs: 60_000, processes: 3, workers: 2 }

test('the same seed gives the same faults, another one gives others', () => {
  expect(drawPlan(options)).toEqual(drawPlan(options))
  expect(drawPlan({ ...options, seed: 8 })).not.toEqual(drawPlan(options))
})

test('every kind of fault comes, and all are healed before the end', () => {
  const plan = drawPlan(options)
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(faultKinds))
  expect(plan.filter(({ atMs, lastsMs }) => atMs + lastsMs > options.durationMs)).toEqual([])
})

test.each(Object.entries(mutants))(
  'the place of the defect "%s" is still there',
  (_name, mutant) => {
    const source = readFileSync(mutant.file, 'utf8')
    expect(mutate(mutant, source)).not.toBe(source)
  },
)
