import { dayMs, flag, msMax, section, wholeNumber } from './form'

const reservationWork = section({
  in_flight_max: wholeNumber(1, 10_000).default(256),
  attempts_max: wholeNumber(1, 1000).default(8),
  backoff_base_ms: wholeNumber(1, msMax).default(1000),
  backoff_ms_max: wholeNumber(1, msMax).default(60_000),
  busy_ms: wholeNumber(1, msMax).default(4000),
})

const orderWork = section({
  /** For one attempt; longer than the slowest answer that is waited for. */
  timeout_ms: wholeNumber(1, msMax).default(90_000),
  in_flight_max: wholeNumber(1, 10_000).default(64),
  attempts_max: wholeNumber(1, 1000).default(5),
  backoff_base_ms: wholeNumber(1, msMax).default(1000),
  backoff_ms_max: wholeNumber(1, msMax).default(60_000),
  busy_ms: wholeNumber(1, msMax).default(4000),
})

const leaseForm = 'must be at least three times renew_interval_ms'
const workShape = {
  lease_ms: wholeNumber(100, msMax).default(20_000),
  renew_interval_ms: wholeNumber(10, msMax).default(5000),
  poll_interval_ms: wholeNumber(10, 60_000).default(500),
  grace_ms: wholeNumber(0, 7000).default(5000),
  key_retention_ms: wholeNumber(dayMs, 366 * dayMs).default(30 * dayMs),
  order: orderWork.prefault({}),
  reservation: reservationWork.prefault({}),
}

// Two renewals may fail before a lease is lost.
function outlivesRenewals(work: { lease_ms: number; renew_interval_ms: number }): boolean {
  return work.lease_ms >= 3 * work.renew_interval_ms
}

/** What goes on behind the requests, and how a process that dies is replaced. */
export const work = section(workShape).refine(outlivesRenewals, {
  error: leaseForm,
  path: ['lease_ms'],
})

/** The API may do the worker's work in its own process. */
export const workOfApi = section({ in_process: flag.default(false), ...workShape }).refine(
  outlivesRenewals,
  { error: leaseForm, path: ['lease_ms'] },
)
