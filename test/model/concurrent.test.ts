import { newDatabase, type TestDatabase } from '../harness/database'
import { frequentEnds, newCoverage, wantedEnds } from './coverage'
import { program, type Program } from './program'
import { measureOffsetMs, runProgram, search } from './property'
import { openRig, type Rig } from './rig'
import { settings } from './settings'

jest.setTimeout(1_200_000)

const { seed, path } = settings
const programs = settings.programs || 25
/** So many programs come upon everything. */
const longRun = 1000
/** A short run goes on until it has come upon what is frequent, which is seldom needed. */
const roundsMax = 5

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
  const wanted = programs >= longRun ? wantedEnds : frequentEnds
  for (let round = 0; round < roundsMax; round++) {
    await search(arbitrary, check, { seed: seed + round, programs, path, isShrunk: false })
    if (programs >= longRun || path !== undefined || coverage.missing(wanted).length === 0) break
  }
  const seconds = (performance.now() - startedMs) / 1000
  if (settings.programs) {
    process.stderr.write(
      `${coverage.programs()} programs side by side in ${seconds.toFixed(1)} s, ${coverage.operations()} operations, up to ${rig.groupsAtOnceMax()} groups at once\n${coverage}\n`,
    )
  }
  if (path !== undefined) return
  expect(rig.groupsAtOnceMax()).toBeGreaterThanOrEqual(programs >= longRun ? 8 : 4)
  expect(coverage.missing(wanted)).toEqual([])
})
