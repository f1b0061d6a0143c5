import { flag, msMax, section, wholeNumber } from './form'

/** How groups of requests are posted. */
export const ledger = section({
  lanes: wholeNumber(1, 64).default(2),
  group_requests_max: wholeNumber(1, 10_000).default(500),
  queue_requests_max: wholeNumber(1, 1_000_000).default(20_000),
  queue_wait_ms_max: wholeNumber(1, msMax).default(2000),
  attempts_max: wholeNumber(1, 1000).default(20),
  lock_timeout_ms: wholeNumber(1, msMax).default(300),
  outcome_timeout_ms: wholeNumber(1, msMax).default(2000),
})

/** How an account is read from one end to the other. */
export const statement = section({
  concurrent_max: wholeNumber(1, 64).default(4),
})

/** How committed transactions are told. */
export const event = section({
  streams_max: wholeNumber(1, 10_000).default(100),
  poll_interval_ms: wholeNumber(10, 60_000).default(200),
})

/** How transactions are sealed and balances verified. */
export const seal = section({
  enabled: flag.default(true),
  interval_ms: wholeNumber(1, msMax).default(1000),
  transactions_max: wholeNumber(1, 100_000).default(10_000),
  check_interval_ms: wholeNumber(1, msMax).default(10_000),
  check_age_ms_max: wholeNumber(1000, 86_400_000).default(600_000),
  statement_timeout_ms: wholeNumber(1, msMax).default(30_000),
})
