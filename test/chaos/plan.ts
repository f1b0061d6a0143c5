import { newRandom, pick, type Random } from '../harness/random'

/** How a fault is drawn: how long it lasts, and what it has to itself meanwhile. */
interface FaultSpec {
  /** Milliseconds, both included. */
  lasts: readonly [min: number, max: number]
  /** Two faults on the same thing never overlap; `api`, `worker` and their like are those of one process. */
  on: Place
}

type Place =
  | ('api' | 'network' | 'api clock' | 'worker' | 'worker network')
  | ('postgres' | 'database clock' | 'locks' | 'connections' | 'broker' | 'services')

const ofOneApi: readonly Place[] = ['api', 'network', 'api clock']
const ofOneWorker: readonly Place[] = ['worker', 'worker network']

/** Everything that goes wrong; nemesis.ts says how. */
export const faultSpecs = {
  'kill -9 an API process': { on: 'api', lasts: [200, 2000] },
  'freeze an API process': { on: 'api', lasts: [300, 4000] },
  'shift the clock of an API process': { on: 'api clock', lasts: [500, 4000] },
  'shift the clock of the database': { on: 'database clock', lasts: [500, 4000] },
  'kill -9 the postmaster': { on: 'postgres', lasts: [0, 1500] },
  'kill -9 a backend': { on: 'postgres', lasts: [300, 500] },
  'freeze a backend': { on: 'postgres', lasts: [300, 5000] },
  'cut before the commit': { on: 'network', lasts: [600, 1800] },
  'cut at the commit': { on: 'network', lasts: [600, 1800] },
  'cut after the commit': { on: 'network', lasts: [600, 1800] },
  'freeze at the commit': { on: 'network', lasts: [500, 5000] },
  'freeze the network': { on: 'network', lasts: [300, 3500] },
  'break the network': { on: 'network', lasts: [100, 2500] },
  'lock the hot accounts': { on: 'locks', lasts: [100, 1500] },
  'lock the table of accounts': { on: 'locks', lasts: [100, 1500] },
  'lock the table of keys': { on: 'locks', lasts: [100, 1500] },
  'take all connections': { on: 'connections', lasts: [500, 2500] },
  'kill -9 a worker': { on: 'worker', lasts: [200, 2000] },
  // Longer than its lease, so that another one takes over what it goes on with afterwards.
  'freeze a worker': { on: 'worker', lasts: [2500, 4500] },
  'break the network of a worker': { on: 'worker network', lasts: [100, 2500] },
  'the broker is away': { on: 'broker', lasts: [500, 4000] },
  'the broker falls silent, and breaks off': { on: 'broker', lasts: [500, 2500] },
  'the services drop their answers': { on: 'services', lasts: [1000, 3000] },
  'the services fail': { on: 'services', lasts: [1000, 3000] },
  'the services hang': { on: 'services', lasts: [500, 2000] },
} as const satisfies Record<string, FaultSpec>

export type FaultKind = keyof typeof faultSpecs

export const faultKinds = Object.keys(faultSpecs) as FaultKind[]

/** One fault, decided before anything starts. Times in milliseconds from the start. */
export interface PlannedFault {
  kind: FaultKind
  atMs: number
  lastsMs: number
  /** The process that it befalls, where it befalls one. */
  process: number
  /** How far a clock jumps, in milliseconds, either way. */
  shiftMs: number
}

export interface PlanOptions {
  seed: number
  durationMs: number
  processes: number
  workers: number
}

const pauseMs = [300, 1300] as const
const shiftMaxMs = 36 * 3_600_000

/** The same seed gives the same faults: every kind once, in a drawn order, then all over again. */
export function drawPlan({ seed, durationMs, ...counts }: PlanOptions): PlannedFault[] {
  const random = newRandom(seed)
  const freeAtMs = new Map<string, number>()
  const plan: PlannedFault[] = []
  let deck: FaultKind[] = []
  for (let clockMs = 300; ; clockMs += random.between(...pauseMs)) {
    if (deck.length === 0) deck = shuffle(random, faultKinds)
    const fault = draw(random, deck.pop()!, counts)
    const atMs = Math.max(clockMs, freeAtMs.get(placeOf(fault)) ?? 0)
    if (clockMs > durationMs) break
    if (atMs + fault.lastsMs > durationMs) continue
    freeAtMs.set(placeOf(fault), atMs + fault.lastsMs + 500)
    plan.push({ ...fault, atMs })
  }
  return plan.sort((a, b) => a.atMs - b.atMs)
}

function draw(
  random: Random,
  kind: FaultKind,
  { processes, workers }: Pick<PlanOptions, 'processes' | 'workers'>,
): PlannedFault {
  const { lasts, on } = faultSpecs[kind]
  const [min, max] = lasts
  return {
    kind,
    atMs: 0,
    lastsMs: random.between(min, max),
    process: random.between(0, (ofOneWorker.includes(on) ? workers : processes) - 1),
    shiftMs: random.between(-shiftMaxMs, shiftMaxMs),
  }
}

function placeOf({ kind, process }: PlannedFault): string {
  const { on } = faultSpecs[kind]
  return isOfOne(on) ? `${on} ${process}` : on
}

function isOfOne(place: Place): boolean {
  return ofOneApi.includes(place) || ofOneWorker.includes(place)
}

function shuffle<T>(random: Random, all: readonly T[]): T[] {
  const rest = [...all]
  return all.map(() => rest.splice(rest.indexOf(pick(random, rest)), 1)[0]!)
}

/** The fault in words: `kill -9 an API process: 2`. */
export function describeFault({ kind, process, shiftMs }: PlannedFault): string {
  const { on } = faultSpecs[kind]
  const which = isOfOne(on) ? ` ${process + 1}` : ''
  const far = on.endsWith('clock') ? ` by ${(shiftMs / 3_600_000).toFixed(1)} h` : ''
  return `${kind}${which}${far}`
}
