import { startLoop } from '../../../internal/loop/loop'
import type { Metrics } from '../../../internal/metrics/metrics'
import { newLeaseMetrics } from '../../../internal/lease/metrics'
import { newMeasuredUpstream } from '../../../internal/upstream/metrics'
import { withBatches } from '../../../pkg/reservation/app/batch'
import { startReservationWorker, type Outcome } from '../../../pkg/reservation/app/worker'
import { newReservationService, newReserveMany } from '../../../pkg/reservation/http/service'
import type { ReservationCounts, ReservationStore } from '../../../pkg/reservation/reservation'
import { newReservationQueue } from '../../../pkg/reservation/sql/queue'
import { newReservationStore } from '../../../pkg/reservation/sql/store'
import type { WorkConfig, WorkDeps } from './parts'

const countIntervalMs = 5_000

/** Reserves what is in carts and gives back what is not, when there is a service to do so with. */
export function startReservations(config: WorkConfig, deps: WorkDeps) {
  const { pool, log, metrics, tracer } = deps
  const { url, finds_by_key, ...upstream } = config.upstreams.reservation
  const counting = countReservations(newReservationStore(pool), deps)
  if (url === undefined) {
    log.warn('no reservation service is configured: what is put into carts waits to be reserved')
    return { nudge: () => {}, close: counting.stop }
  }
  const { worker } = config
  const { reservation } = worker
  const leases = newLeaseMetrics(metrics, 'reservations')
  const loop = startReservationWorker({
    queue: newReservationQueue(pool, worker.lease_ms),
    service: newService({ url, finds_by_key, ...upstream }, deps),
    limits: {
      inFlightMax: reservation.in_flight_max,
      renewMs: worker.renew_interval_ms,
      pollMs: worker.poll_interval_ms,
      graceMs: worker.grace_ms,
      attemptsMax: reservation.attempts_max,
      backoffBaseMs: reservation.backoff_base_ms,
      backoffMsMax: reservation.backoff_ms_max,
      busyMs: reservation.busy_ms,
    },
    onSettled: newOutcomeCounters(metrics),
    onEvent: leases.onEvent,
    log,
    tracer,
  })
  leases.watch(loop)
  metrics.gauge({
    name: 'tillbook_reservations_in_flight',
    help: 'Reservations that this process is at.',
    read: loop.inFlight,
  })
  const close = async () => void (await Promise.all([loop.close(), counting.stop()]))
  return { nudge: loop.nudge, close }
}

type Upstream = WorkConfig['upstreams']['reservation'] & { url: string }

function newService(config: Upstream, { log, metrics, tracer }: WorkDeps) {
  const options = {
    name: 'reservation',
    baseUrl: config.url,
    timeoutMs: config.timeout_ms,
    retries: 0,
    inFlightMax: config.in_flight_max,
    queueMax: config.in_flight_max,
    breaker: { openMs: config.circuit_open_ms },
    log,
    tracer,
  }
  const upstream = newMeasuredUpstream(options, { metrics, caller: 'worker' })
  const service = newReservationService(upstream, { canFind: config.finds_by_key })
  if (config.batch_max === 1) return service
  return withBatches(service, {
    reserveMany: newReserveMany(upstream),
    batchMax: config.batch_max,
  })
}

function newOutcomeCounters(metrics: Metrics): (what: Outcome) => void {
  const counter = (what: string, help: string) =>
    metrics.counter({ name: `tillbook_reservations_${what}_total`, help })
  const counters: Record<Outcome, () => void> = {
    reserved: counter('reserved', 'Reservations that the service made.'),
    released: counter('released', 'Reservations that the service has back, or never made.'),
    failed: counter('failed', 'Reservations that were refused, or whose attempts were used up.'),
    again: counter('unanswered', 'Attempts that ended without an answer to go by.'),
    lost: counter('lost', 'Reservations that another process took over.'),
  }
  return (what) => counters[what]()
}

const noCounts: ReservationCounts = {
  due: 0,
  oldestDueSeconds: 0,
  waiting: 0,
  leased: 0,
  failed: 0,
  leaked: 0,
}

/** What there is to do, of all processes: counted now and then, and told whenever somebody asks. */
function countReservations(store: ReservationStore, { log, metrics }: WorkDeps) {
  let { oldestDueSeconds, ...states } = noCounts
  metrics.gauge({
    name: 'tillbook_reservations',
    help: 'Reservations with something to do about them, and those that failed or leaked; 10,000 of each at most.',
    read: () => Object.entries(states).map(([state, value]) => ({ labels: { state }, value })),
  })
  metrics.gauge({
    name: 'tillbook_reservation_oldest_due_seconds',
    help: 'For how long the reservation that is due longest has been.',
    read: () => oldestDueSeconds,
  })
  return startLoop({
    async step() {
      ;({ oldestDueSeconds, ...states } = await store.count())
      return false
    },
    intervalMs: countIntervalMs,
    shareMax: 0.05,
    onError: (err) => log.debug({ err }, 'the reservations could not be counted'),
  })
}
