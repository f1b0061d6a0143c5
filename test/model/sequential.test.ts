import { newDatabase, type TestDatabase } from '../harness/database'
import { newCoverage, wantedEnds } from './coverage'
import { program, type Program } from './program'
import { measureOffsetMs, runProgram, search } from './property'
import { openRig, type Rig } from './rig'
import { settings } from './settings'

jest.setTimeout(1_200_000)

const { seed, path } = settings
const programs = settings.programs || 25
/** So many programs come upon everything. */
const longRun = 1500

let database: TestDatabase
let rig: Rig

beforeAll(async () => {
  database = await newDatabase()
  rig = openRig({ url: database.url, instances: 1, lanes: 1, groupRequestsMax: 500 })
})

afterAll(async () => {
  await rig?.close()
  await database?.close()
})

test(`whatever is done one thing after the other is what the oracle says, step by step (seed ${seed})`, async () => {
  const coverage = newCoverage()
  const offsetMs = await measureOffsetMs(rig.db)
  const arbitrary = program({ clients: 1, steps: 40, instances: 1 })
  const check = (drawn: Program) => runProgram(drawn, { rig, offsetMs, coverage })
  const startedMs = performance.now()
  await search(arbitrary, check, { seed, programs, path, isShrunk: true })
  const seconds = (performance.now() - startedMs) / 1000
  if (settings.programs) {
    process.stderr.write(
      `${coverage.programs()} programs one step after the other in ${seconds.toFixed(1)} s, ${coverage.operations()} operations\n${coverage}\n`,
    )
  }
  if (coverage.programs() >= longRun && path === undefined) {
    expect(coverage.missing(wantedEnds)).toEqual([])
  }
})
