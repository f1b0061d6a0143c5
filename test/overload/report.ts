import type { Latencies, Measured } from './load'

/** One phase, as it is written down. Latencies in milliseconds. */
export interface Phase {
  name: string
  offeredPerSecond: number
  servedPerSecond: number
  refusedPerSecond: number
  unsentPerSecond: number
  served: { p50: number; p99: number }
  refused: { p50: number; p99: number }
  others: Record<string, number>
  memoryMb: number
}

/** Best throughput, several times as much, and the seconds after it. */
export interface Round {
  best: Phase
  overload: Phase
  recovery: Phase[]
}

const memoryMaxMb = 200
const recoveredShare = 0.8
// Where others use the machine, too, a second may be a slow one.
const aliveShare = 0.4

export function summarise(name: string, measured: Measured, memoryBytes: number): Phase {
  const { seconds, offered, served, refused, unsent, others } = measured
  return {
    name,
    offeredPerSecond: Math.round(offered / seconds),
    servedPerSecond: Math.round(served.length / seconds),
    refusedPerSecond: Math.round(refused.length / seconds),
    unsentPerSecond: Math.round(unsent / seconds),
    served: percentiles(served),
    refused: percentiles(refused),
    others,
    memoryMb: Math.round(memoryBytes / 1024 / 1024),
  }
}

function percentiles(latencies: Latencies): { p50: number; p99: number } {
  const sorted = [...latencies].sort((a, b) => a - b)
  const at = (share: number) =>
    Math.round(10 * (sorted[Math.floor(sorted.length * share)] ?? 0)) / 10
  return { p50: at(0.5), p99: at(0.99) }
}

/** The ratios are told; what counts as broken is only what holds on any machine. */
export function report(rounds: readonly Round[], { factor }: { factor: number }) {
  const recovered = rounds.map((round) => recoveredWithin(round, recoveredShare))
  const result = {
    servedShare: median(rounds.map((r) => r.overload.servedPerSecond / r.best.servedPerSecond)),
    offeredFactor: median(rounds.map((r) => r.overload.offeredPerSecond / r.best.servedPerSecond)),
    refusedP50Ms: median(rounds.map((r) => r.overload.refused.p50)),
    refusedP99Ms: median(rounds.map((r) => r.overload.refused.p99)),
    // Infinity is none in JSON.
    recoveredWithinSeconds: recovered.includes(undefined)
      ? null
      : Math.max(...recovered.map(Number)),
    memoryMaxMb: Math.max(...rounds.map(memoryOf)),
    rounds,
  }
  const others = rounds.flatMap(({ overload }) => Object.entries(overload.others))
  const broken = [
    result.memoryMaxMb > memoryMaxMb && `the API took ${result.memoryMaxMb} MB`,
    rounds.some(({ overload }) => overload.refusedPerSecond === 0) && 'nothing was refused',
    others.length > 0 && `answers that are neither 201 nor 503: ${JSON.stringify(others)}`,
    rounds.some((round) => !recoveredWithin(round, aliveShare)) && 'it did not recover',
  ].filter((line) => line !== false)
  const lines = [
    '',
    `offered: ${result.offeredFactor} times what was served at best (${factor} wanted)`,
    `served under overload: ${result.servedShare} of the best (goal: at least 0.8)`,
    `refused after: ${result.refusedP50Ms} ms (median), ${result.refusedP99Ms} ms (p99)`,
    `recovered within: ${result.recoveredWithinSeconds ?? 'more than 5'} s (goal: 5 s)`,
    `memory of the API: ${result.memoryMaxMb} MB at most (goal: ${memoryMaxMb} MB)`,
    ...broken.map((what) => `BROKEN: ${what}`),
  ]
  return { lines, result, broken }
}

/** The second in which so much of the best was served again; undefined when there was none. */
function recoveredWithin({ best, recovery }: Round, share: number): number | undefined {
  const enough = share * best.servedPerSecond
  const second = recovery.findIndex(({ servedPerSecond }) => servedPerSecond >= enough)
  return second < 0 ? undefined : second + 1
}

function memoryOf({ best, overload, recovery }: Round): number {
  return Math.max(...[best, overload, ...recovery].map(({ memoryMb }) => memoryMb))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(100 * sorted[values.length >> 1]!) / 100
}

export function describeRound({ best, overload, recovery }: Round): string[] {
  return [best, overload, ...recovery].map(line)
}

function line(phase: Phase): string {
  const {
    name,
    offeredPerSecond: offered,
    servedPerSecond: served,
    refusedPerSecond: refused,
  } = phase
  const others =
    Object.keys(phase.others).length > 0 ? `, others ${JSON.stringify(phase.others)}` : ''
  return (
    `${name.padEnd(18)} offered ${offered}/s, served ${served}/s (${times(phase.served)}), ` +
    `refused ${refused}/s (${times(phase.refused)}), not sent ${phase.unsentPerSecond}/s, ` +
    `${phase.memoryMb} MB${others}`
  )
}

function times({ p50, p99 }: { p50: number; p99: number }): string {
  return `p50 ${p50} ms, p99 ${p99} ms`
}
