import { randomUUID } from 'node:crypto'
import { systemIds } from '../../internal/id/id'
import type { Pool } from '../../internal/postgres/pool'
import { fullSize } from '../data/data'
import type { Slice } from '../load'
import { newItems, type Bulk } from '../route'
import { cpuBetween, readCpuTimes, type UsageOptions } from '../usage'
import { postBatch } from './bulk.sql.ts'

export interface ScriptOptions {
  pool: Pool
  bulk: Bulk
  /** Workers, each with a connection of its own. */
  connections: number
  seconds: number
  usage: UsageOptions
}

// Batches that are sent in turn with other ids and keys each time, as autocannon's requests are.
const batchesPerWorker = 4
// As long as the real ones, which it would be the script's own work to make.
const fingerprint = Buffer.alloc(32, 7)

/** Bulks without HTTP, checks and verdicts: the same rows, written by bare SQL from this process. */
export async function fireScript(options: ScriptOptions): Promise<Slice> {
  const { connections, seconds, usage } = options
  const makeBatches = () => Array.from({ length: batchesPerWorker }, () => newBatch(options.bulk))
  const lists = Array.from({ length: connections }, makeBatches)
  const latencies: number[] = []
  const start = { at: performance.now(), cpu: readCpuTimes(usage) }
  const deadline = start.at + seconds * 1000
  const work = async (batches: Batch[]) => {
    for (let i = 0; performance.now() < deadline; i++) {
      const sentAt = performance.now()
      await send(options, batches[i % batches.length]!)
      latencies.push(performance.now() - sentAt)
    }
  }
  await Promise.all(lists.map(work))
  latencies.sort((a, b) => a - b)
  const quantile = (share: number) => Math.round(latencies[Math.floor(latencies.length * share)]!)
  return {
    count: latencies.length,
    seconds: (performance.now() - start.at) / 1000,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpu: cpuBetween(start.cpu, readCpuTimes(usage)),
  }
}

interface Batch {
  account_ids: string[]
  amounts: bigint[]
}

function newBatch(bulk: Bulk): Batch {
  const items = newItems(bulk, fullSize)
  return {
    account_ids: items.map(({ accountId }) => accountId),
    amounts: items.map(({ amount }) => BigInt(amount)),
  }
}

async function send({ pool, bulk }: ScriptOptions, batch: Batch): Promise<void> {
  const ids = batch.account_ids.map(() => systemIds.next())
  const keys = bulk.withKey ? ids.map(() => randomUUID()) : []
  await postBatch(pool, { ...batch, ids, keys, fingerprint })
}
