import type { Metrics } from '../../internal/metrics/metrics'
import type { Passwords } from '../../internal/password/password'
import { tellOfPools } from '../../internal/postgres/pool-metrics'
import type { Pool } from '../../internal/postgres/pool'
import type { Ledger } from '../../pkg/transaction/app/ledger'
import type { Readers } from './routes'

export interface ApiParts extends Pick<Readers, 'statements' | 'events'> {
  pools: Record<string, Pool>
  ledger: Pick<Ledger, 'counts'>
  passwords: Pick<Passwords, 'counts'>
}

/** What the API tells Prometheus of its parts, beyond its requests and the process. */
export function tellOfApi(metrics: Metrics, parts: ApiParts): void {
  const { pools, statements, events, ledger, passwords } = parts
  tellOfPools(metrics, pools)
  metrics.gauge({
    name: 'tillbook_statements_open',
    help: 'Statements being read.',
    read: statements.open,
  })
  metrics.gauge({
    name: 'tillbook_event_streams_open',
    help: 'Event streams that are open.',
    read: events.open,
  })
  metrics.gauge({
    name: 'tillbook_ledger_instructions',
    help: 'Instructions to the ledger that wait for a group, and that are being committed.',
    read: () => toReadings(ledger.counts()),
  })
  metrics.gauge({
    name: 'tillbook_password_hashes',
    help: 'Passwords that are being hashed, and that wait to be.',
    read: () => toReadings(passwords.counts()),
  })
}

function toReadings({ inFlight, queued }: { inFlight: number; queued: number }) {
  return [
    { labels: { state: 'in_flight' }, value: inFlight },
    { labels: { state: 'queued' }, value: queued },
  ]
}
