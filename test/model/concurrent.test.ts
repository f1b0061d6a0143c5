import { newDatabase, type TestDatabase } from '../harness/database'
import { frequentEnds, newCoverage, wantedEnds } from './coverage'
import { program, type Program } from './program'
import { measureOffsetMs, runProgram, search } from './property'
import { openRig, type Rig } from './rig'
import { settings } from './settings'

jest.setTimeout(1_200_000)

const { seed, path } = settings
const programs = settings.programs || 60
/** So many programs come upon everything. */
const longRun = 1000

let database: TestDatabase
let rig: Rig

beforeAll(async () => {
  database = await newDatabase()
  rig = openRig({ url: database.url, instances: 4, lanes: 4, groupRequestsMax: 2 })
})

afterAll(async () => {
  await rig?.close()
  await database?.close()
})

test(`whatever is done at once by four instances is explained by an order of one thing after the other (seed ${seed})`, async () => {
  const coverage = newCoverage()
  const offsetMs = await measureOffsetMs(rig.db)
  const arbitrary = program({ clients: 16, steps: 5, instances: 4 })
  const check = (drawn: Program) => runProgram(drawn, { rig, offsetMs, coverage })
  const startedMs = performance.now()
  await search(arbitrary, check, { seed, programs, path, isShrunk: false })
  const seconds = (performance.now() - startedMs) / 1000
  if (settings.programs) {
    process.stderr.write(
      `${coverage.programs()} programs side by side in ${seconds.toFixed(1)} s, ${coverage.operations()} operations, up to ${rig.groupsAtOnceMax()} groups at once\n${coverage}\n`,
    )
  }
  if (path !== undefined) return
  expect(rig.groupsAtOnceMax()).toBeGreaterThanOrEqual(coverage.programs() >= longRun ? 8 : 4)
  expect(coverage.missing(coverage.programs() >= longRun ? wantedEnds : frequentEnds)).toEqual([])
})
