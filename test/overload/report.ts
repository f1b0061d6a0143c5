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

const memoryMaxMb = 200
const recoveredShare = 0.8

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
export function report(phases: readonly Phase[], { factor }: { factor: number }) {
  const [best, overload, ...recovery] = phases as [Phase, Phase, ...Phase[]]
  const recovered = recovery.findIndex(
    ({ servedPerSecond }) => servedPerSecond >= recoveredShare * best.servedPerSecond,
  )
  const result = {
    servedShare: ratio(overload.servedPerSecond, best.servedPerSecond),
    offeredFactor: ratio(overload.offeredPerSecond, best.servedPerSecond),
    recoveredWithinSeconds: recovered < 0 ? null : recovered + 1,
    memoryMaxMb: Math.max(...phases.map(({ memoryMb }) => memoryMb)),
    phases,
  }
  const broken = [
    result.memoryMaxMb > memoryMaxMb && `the API took ${result.memoryMaxMb} MB`,
    overload.refusedPerSecond === 0 && 'nothing was refused',
    Object.keys(overload.others).length > 0 && `answers ${JSON.stringify(overload.others)}`,
    recovered < 0 && `it did not recover within ${recovery.length} s`,
  ].filter((line) => line !== false)
  const lines = [
    ...phases.map(line),
    '',
    `offered: ${result.offeredFactor} times what was served at best (${factor} wanted)`,
    `served under overload: ${result.servedShare} of the best (goal: at least 0.8)`,
    `recovered within: ${result.recoveredWithinSeconds ?? 'more than 5'} s (goal: 5 s)`,
    `memory of the API: ${result.memoryMaxMb} MB at most (goal: ${memoryMaxMb} MB)`,
    ...broken.map((what) => `BROKEN: ${what}`),
  ]
  return { lines, result, broken }
}

function ratio(a: number, b: number): number {
  return Math.round((100 * a) / b) / 100
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
