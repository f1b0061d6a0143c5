import { setTimeout as sleep } from 'node:timers/promises'
import type { Latency, LatencyCase } from '../report/result'
import { timeOfEntry, year, type BigSize, type SizedAccount } from './book'
import { Refused, type LatencyClient } from './client'

/** What is asked of the large account and of the small one. */
export interface LatencyRoute {
  /** Stable; `--only` looks for its beginning. */
  id: string
  title: string
  until: 'end' | 'first byte'
  newPath(account: SizedAccount): string
}

const samplesPerRound = 250
const warmUpSamples = 25
/** Of all samples of a round; with fewer than usual when they take longer. */
const roundMsMax = 30_000
const samplesMin = 10
/** What was broken off may still hold its place for a moment. */
const triesMax = 5
const tryPauseMs = 100

export const latencyRoutes: readonly LatencyRoute[] = [
  {
    id: 'big-max',
    title: 'GET /users/:id/transactions/max, over a year',
    until: 'end',
    newPath: (account) => `/users/${account.id}/transactions/max?${nearlyAYear(account)}`,
  },
  {
    id: 'big-page',
    title: 'GET /accounts/:id/transactions, a page from anywhere',
    until: 'end',
    newPath: (account) => `/accounts/${account.id}/transactions?to=${anyTime(account)}`,
  },
  {
    id: 'big-statement',
    title: 'GET /accounts/:id/statement, over a year, first byte',
    until: 'first byte',
    newPath: (account) => `/accounts/${account.id}/statement?${nearlyAYear(account)}`,
  },
  {
    id: 'big-at',
    title: 'GET /accounts/:id?at=TIME',
    until: 'end',
    newPath: (account) => `/accounts/${account.id}?at=${anyTime(account)}`,
  },
]

export function newLatencyCase(
  { id, title }: LatencyRoute,
  { large, small }: BigSize,
): LatencyCase {
  return { route: id, title, entries: { large: large.entries, small: small.entries }, rounds: [] }
}

/**
 * One round of a route: the large account and the small one in turn, request by request, so that
 * whatever else happens on the machine hits both alike. Says in the case when it is not possible.
 */
export async function measureLatency(
  route: LatencyRoute,
  { large, small }: BigSize,
  { client, latencyCase }: { client: LatencyClient; latencyCase: LatencyCase },
): Promise<void> {
  try {
    const ask = (account: SizedAccount) => timeOne(client, route, account)
    const deadline = performance.now() + roundMsMax
    const taken: Record<'large' | 'small', number[]> = { large: [], small: [] }
    for (let i = 0; i < warmUpSamples + samplesPerRound; i++) {
      if (performance.now() > deadline && taken.large.length >= samplesMin) break
      const [largeMs, smallMs] = [await ask(large), await ask(small)]
      const isWarm = i >= warmUpSamples || performance.now() > deadline
      if (!isWarm) continue
      taken.large.push(largeMs)
      taken.small.push(smallMs)
    }
    latencyCase.rounds.push({ large: latencyOf(taken.large), small: latencyOf(taken.small) })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    latencyCase.notPossible = error.message
  }
}

async function timeOne(
  client: LatencyClient,
  { newPath, until }: LatencyRoute,
  account: SizedAccount,
): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await client.time(newPath(account), until)
    } catch (error) {
      const isBusy = error instanceof Refused && error.message.startsWith('answered 503')
      if (!isBusy || tries === triesMax) throw error
      await sleep(tryPauseMs)
    }
  }
}

function latencyOf(milliseconds: number[]): Latency {
  const sorted = milliseconds.sort((a, b) => a - b)
  const quantile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { samples: sorted.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}

/** A year but for up to a hundredth at each end, so that no two requests ask the same. */
function nearlyAYear(account: SizedAccount): string {
  const cut = () => (Math.random() * account.entries) / 100
  const [from, to] = [timeOfEntry(cut(), account), timeOfEntry(account.entries - cut(), account)]
  return `from=${from}&to=${to}`
}

function anyTime(account: SizedAccount): string {
  return timeOfEntry(account.entries * (0.01 + 0.99 * Math.random()), account)
}

/** From the first entry of the year on, so many of them. */
export function statementPath(account: SizedAccount, lines: number): string {
  const last = timeOfEntry(lines - 0.5, account)
  return `/accounts/${account.id}/statement?from=${year.from}&to=${last}`
}
