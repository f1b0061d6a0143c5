import fc from 'fast-check'
import type { Pool } from '../../internal/postgres/pool'
import { newCaller } from './call'
import type { Coverage } from './coverage'
import { checkTables, readAll } from './final'
import { toStory } from './mismatch'
import { play } from './play'
import type { Program } from './program'
import { checkLoose } from './read'
import { replay } from './replay'
import type { Rig } from './rig'

let count = 0

/** Runs a program and holds it against the oracle; throws with its story when they differ. */
export async function runProgram(
  program: Program,
  { rig, offsetMs, coverage }: { rig: Rig; offsetMs: number; coverage: Coverage },
): Promise<void> {
  rig.clock.isCoarse = program.isCoarse
  const prefix = `p${process.pid}-${++count}-`
  const caller = newCaller(rig, offsetMs)
  try {
    await play(program, { caller, prefix, offsetMs })
    const played = replay(caller.calls)
    checkLoose(played)
    // Reads alone: they change nothing, and the units are those of before.
    const loose = await readAll(caller, played.books, prefix)
    checkLoose({ ...played, loose })
    await checkTables(rig.db, played.books, prefix)
    coverage.add(caller.calls)
  } catch (error) {
    const story = toStory(caller.calls)
    throw new Error(`${(error as Error).message}\n\nThe program as it ran:\n${story}`, {
      cause: error,
    })
  }
}

/** How far the database's clock is ahead of ours: zero on the same machine. */
export async function measureOffsetMs(db: Pool): Promise<number> {
  const offsets: number[] = []
  for (let i = 0; i < 9; i++) {
    const before = Date.now()
    const text = 'select extract(epoch from clock_timestamp())::float8 * 1000 as ms'
    const { rows } = await db.query({ text, values: [] })
    offsets.push((rows[0] as { ms: number }).ms - (before + Date.now()) / 2)
  }
  const median = offsets.sort((a, b) => a - b)[4]!
  return Math.abs(median) < 2 ? 0 : Math.round(median)
}

export interface Search {
  seed: number
  programs: number
  /** fast-check's own, to run one program again. */
  path?: string | undefined
  /** Whether a failing program is made smaller: only worth it when it fails each time. */
  isShrunk: boolean
}

const shrinkMaxMs = 20_000
/** A slow machine stops after that with the programs that it has run. */
const searchMaxMs = 900_000

export async function search(
  arbitrary: fc.Arbitrary<Program>,
  check: (program: Program) => Promise<void>,
  { seed, programs, path, isShrunk }: Search,
): Promise<void> {
  // Side by side it takes some luck to see it again.
  const again = path !== undefined && !isShrunk ? 200 : 1
  let failedAtMs = Infinity
  const property = fc.asyncProperty(arbitrary, async (program) => {
    // It is made smaller for so long; what is left then is what is shown.
    if (performance.now() - failedAtMs > shrinkMaxMs) return
    try {
      for (let i = 0; i < again; i++) await check(program)
    } catch (error) {
      failedAtMs = Math.min(failedAtMs, performance.now())
      throw error
    }
  })
  await fc.assert(property, {
    ...{ seed, numRuns: path === undefined ? programs : 1, endOnFailure: !isShrunk },
    ...(path !== undefined && { path }),
    interruptAfterTimeLimit: searchMaxMs,
    reporter: report,
  })
}

/** What is thrown: how to see it again, then what differed, then all that was sent. */
function report(details: fc.RunDetails<[Program]>): void {
  if (!details.failed) return
  const { seed, counterexamplePath, numRuns, numShrinks, errorInstance, counterexample } = details
  throw new Error(
    [
      `after ${numRuns} programs and ${numShrinks} shrinks (again: SEED=${seed} REPLAY=${counterexamplePath} make model)`,
      (errorInstance as Error | null)?.message ?? 'no error',
      `The program as it was drawn:\n${JSON.stringify(counterexample?.[0])}`,
    ].join('\n\n'),
  )
}
