import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outside } from './outside'

type Sections = Record<string, Record<string, unknown>>

/** Writes how the programs are to run here: with waits that are short enough to be seen, and this world. */
export function writeConfigs(folder: string, { services, broker }: Outside) {
  const write = (program: 'api' | 'worker', change: (local: Sections) => Sections) => {
    const local = JSON.parse(readFileSync(`config/${program}/local.json`, 'utf8')) as Sections
    const file = join(folder, `${program}.json`)
    writeFileSync(file, JSON.stringify(change(local), null, 2))
    return file
  }
  const { url } = services
  return {
    api: write('api', ({ simulator: _, ...local }) => ({
      ...local,
      worker: { in_process: false },
      orders: { budget_ms: 600 },
      // Shorter than the slowest product takes, whose orders are pending therefore.
      upstreams: {
        user: { url, timeout_ms: 120, retries: 1 },
        product: { url, timeout_ms: 120, retries: 1 },
        reservation: { url },
      },
    })),
    worker: write('worker', (local) => ({
      ...local,
      upstreams: { user: { url }, product: { url }, reservation: { url, timeout_ms: 1500 } },
      worker: working,
      ...(broker && { broker: { ...relaying, url: broker.way.url } }),
    })),
  }
}

const patience = { backoff_base_ms: 50, backoff_ms_max: 500, busy_ms: 300 }

const working = {
  ...{ lease_ms: 2000, renew_interval_ms: 500, poll_interval_ms: 100, grace_ms: 500 },
  order: { ...patience, timeout_ms: 2000, attempts_max: 4 },
  reservation: { ...patience, in_flight_max: 64, attempts_max: 6 },
}

const relaying = {
  ...{ poll_interval_ms: 50, confirm_timeout_ms: 800, connect_timeout_ms: 1000, lease_ms: 2000 },
  ...{ reconnect_ms_min: 50, reconnect_ms_max: 400, retry_ms_min: 50, retry_ms_max: 400 },
}
