import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamCase } from '../report/result'
import { readRssMb } from '../usage'
import { statementPath } from './latency'
import type { SizedAccount } from './book'
import { Refused, type LatencyClient } from './client'

export const streamId = 'memory-statement'

const linesMax = 1_000_000
const sampleEveryMs = 20
/** After what went before. */
const restMs = 1_000

export function newStreamCase({ entries }: SizedAccount): StreamCase {
  return { lines: Math.min(linesMax, entries), rounds: [] }
}

/** What a long statement costs in memory above what the API has at rest, having answered requests before. */
export async function measureStream(
  account: SizedAccount,
  {
    client,
    streamCase,
    apiPids,
  }: { client: LatencyClient; streamCase: StreamCase; apiPids: number[] },
): Promise<void> {
  try {
    // What the first statement of all loads and compiles is no part of its length.
    await client.drain(statementPath(account, Math.min(10_000, account.entries)))
    await sleep(restMs)
    const idleMb = readRssMb(apiPids)
    let peakMb = idleMb
    const look = () => {
      const now = readRssMb(apiPids)
      if (now !== undefined && peakMb !== undefined) peakMb = Math.max(peakMb, now)
    }
    const timer = setInterval(look, sampleEveryMs)
    const { bytes, ms } = await client
      .drain(statementPath(account, streamCase.lines))
      .finally(() => clearInterval(timer))
    look()
    if (idleMb === undefined || peakMb === undefined) {
      streamCase.notPossible = 'the memory of a process can be read on Linux only'
      return
    }
    streamCase.rounds.push({ idleMb, peakMb, megabytes: bytes / 2 ** 20, seconds: ms / 1000 })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    streamCase.notPossible = error.message
  }
}
