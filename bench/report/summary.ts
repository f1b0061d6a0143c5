import type { Slice } from '../load'
import type { BenchCase, CpuMicros, Measurement } from './result'
import { medianOf, spreadOf } from './spread'

/** The slices of one round as one measurement. A request may carry many of what is counted. */
export function measurementOf(
  slices: readonly Slice[],
  { perRequest, rssMb }: { perRequest: number; rssMb: number | undefined },
): Measurement {
  const total = (figure: (slice: Slice) => number) =>
    slices.reduce((sum, slice) => sum + figure(slice), 0)
  const count = total((slice) => slice.count) * perRequest
  const answered = slices.filter((slice) => slice.count > 0)
  const each = (part: 'api' | 'database') =>
    slices.some(({ cpu }) => cpu[part] === undefined)
      ? {}
      : { [part]: total(({ cpu }) => cpu[part]!) / count }
  return {
    perSecond: count / total((slice) => slice.seconds),
    p50Ms: medianOf(answered.map((slice) => slice.p50Ms)),
    p99Ms: medianOf(answered.map((slice) => slice.p99Ms)),
    cpuMicros: {
      ...each('api'),
      ...each('database'),
      generator: total(({ cpu }) => cpu.generator) / count,
    },
    ...(rssMb !== undefined && { rssMb }),
  }
}

/** The case with its medians; as it is when nothing was measured. */
export function summarise(measured: BenchCase): BenchCase {
  const { rounds } = measured
  if (rounds.length === 0) return measured
  const median = (figure: (round: Measurement) => number) => medianOf(rounds.map(figure))
  const memory = rounds.flatMap(({ rssMb }) => (rssMb === undefined ? [] : [rssMb]))
  return {
    ...measured,
    perSecond: spreadOf(rounds.map(({ perSecond }) => perSecond)),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
    cpuMicros: cpuOf(rounds),
    ...(memory.length > 0 && { rssMb: spreadOf(memory) }),
  }
}

function cpuOf(rounds: readonly Measurement[]): CpuMicros {
  const part = (name: 'api' | 'database') =>
    rounds.some(({ cpuMicros }) => cpuMicros[name] === undefined)
      ? {}
      : { [name]: medianOf(rounds.map(({ cpuMicros }) => cpuMicros[name]!)) }
  const generator = medianOf(rounds.map(({ cpuMicros }) => cpuMicros.generator))
  return { ...part('api'), ...part('database'), generator }
}
