import { flag, httpUrl, msMax, section, wholeNumber } from './form'

/** How long a service that fails is left alone, give or take a fifth. */
const circuitOpenMs = wholeNumber(1, msMax).default(5000)

const reservationUpstream = section({
  /** Without it lines wait, and are reserved when there is one. */
  url: httpUrl.optional(),
  timeout_ms: wholeNumber(1, msMax).default(90_000),
  in_flight_max: wholeNumber(1, 10_000).default(256),
  /** In one call; 1 when the service takes no batches. */
  batch_max: wholeNumber(1, 100).default(1),
  /** Whether it tells by a key what is reserved under it. */
  finds_by_key: flag.default(true),
  circuit_open_ms: circuitOpenMs,
})

/** What requests wait for; a worker asks the same places under limits of its own. */
const lookupUpstream = section({
  /** Without it orders wait, and are looked up when there is one. */
  url: httpUrl.optional(),
  timeout_ms: wholeNumber(1, msMax).default(550),
  retries: wholeNumber(0, 10).default(2),
  in_flight_max: wholeNumber(1, 10_000).default(32),
  queue_max: wholeNumber(0, 10_000).default(32),
  circuit_open_ms: circuitOpenMs,
})

/** The services of others. */
export const upstreams = section({
  user: lookupUpstream.prefault({}),
  product: lookupUpstream.prefault({}),
  reservation: reservationUpstream.prefault({}),
})
