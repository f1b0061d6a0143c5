import type { LatencyCase, StreamCase } from '../report/result'
import { startBenchServer, type BenchServerOptions } from '../server/server'
import type { BigSize } from './book'
import { newLatencyClient } from './client'
import { measureLatency, type LatencyRoute } from './latency'
import { measureStream } from './memory'
import { settle } from './settle'

export interface BigRoundDeps extends BenchServerOptions {
  postmasterPid: number | undefined
  size: BigSize
  print(line: string): void
}

export interface BigCases {
  routes: readonly LatencyRoute[]
  latencies: LatencyCase[]
  stream: StreamCase | null
}

/** Measures everything on the big book once, with an API that was just started and has come to rest. */
export async function measureBigRound(cases: BigCases, deps: BigRoundDeps): Promise<void> {
  const { size, postmasterPid, print, ...options } = deps
  const server = await startBenchServer('unsealed', options)
  const client = newLatencyClient(server.urls[0]!)
  try {
    const waitedMs = await settle({ apiPids: server.pids, postmasterPid })
    print(`  The API on the big book came to rest after ${(waitedMs / 1000).toFixed(0)} s`)
    for (const [index, route] of cases.routes.entries()) {
      const latencyCase = cases.latencies[index]!
      if (latencyCase.notPossible === undefined) {
        await measureLatency(route, size, { client, latencyCase })
      }
      print(describeLatency(latencyCase))
    }
    const { stream: streamCase } = cases
    if (streamCase && streamCase.notPossible === undefined) {
      await measureStream(size.large, { client, streamCase, apiPids: server.pids })
    }
    if (streamCase) print(describeStream(streamCase))
  } finally {
    client.close()
    await server.close()
  }
}

function describeLatency({ title, rounds, notPossible }: LatencyCase): string {
  const head = `  ${title.padEnd(56)}`
  const last = rounds.at(-1)
  if (notPossible !== undefined || !last) return `${head} not possible: ${notPossible}`
  const { large, small } = last
  return `${head} p50 ${large.p50Ms.toFixed(2)} ms, small account ${small.p50Ms.toFixed(2)} ms   p99 ${large.p99Ms.toFixed(1)} ms`
}

function describeStream({ lines, rounds, notPossible }: StreamCase): string {
  const head = `  ${`A statement of ${lines.toLocaleString('en')} lines`.padEnd(56)}`
  const last = rounds.at(-1)
  if (notPossible !== undefined || !last) return `${head} not possible: ${notPossible}`
  const { idleMb, peakMb, seconds } = last
  return `${head} ${seconds.toFixed(1)} s, memory ${idleMb.toFixed(0)} MB to ${peakMb.toFixed(0)} MB`
}
