import type { Metrics } from '../metrics/metrics'
import type { LeaseEvent, LeaseLoop } from './lease'

/** What loops over leased rows tell Prometheus; `loop` is what the rows are, as `reservations`. */
export function newLeaseMetrics(metrics: Metrics, loop: string) {
  const counter = (what: string, help: string) =>
    metrics.counter({ name: `tillbook_lease_${what}_total`, help, labels: ['loop'] })
  const claimed = counter('claims', 'Rows that this process has taken up.')
  const failed = counter('failures', 'Rows whose handling failed; they are taken up again.')
  const lost = counter('losses', 'Leases that were lost while their row was being handled.')
  return {
    onEvent(event: LeaseEvent): void {
      if (event.kind === 'claimed') claimed(event.rows, { loop })
      else if (event.kind === 'failed') failed(1, { loop })
      else lost(1, { loop })
    },
    watch({ inFlight }: Pick<LeaseLoop, 'inFlight'>): void {
      metrics.gauge({
        name: 'tillbook_lease_in_flight',
        help: 'Rows that this process is at.',
        read: () => [{ labels: { loop }, value: inFlight() }],
      })
    },
  }
}
