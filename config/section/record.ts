import { httpUrl, oneOf, section, share, wholeNumber } from './form'

/** Where spans go. Without a URL none are recorded. */
export const trace = section({
  /** Of an OpenTelemetry collector, OTLP over HTTP; spans go to /v1/traces below it. */
  otlp_url: httpUrl.optional(),
  /** The share of traces that are recorded; the same in every program, or traces have holes. */
  sample_ratio: share(0, 1).default(1),
  /** Spans wait so long to be sent together. */
  batch_interval_ms: wholeNumber(1, 60_000).default(1000),
})

/** What is written down of what happens. */
export const log = section({
  level: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  format: oneOf(['json', 'pretty']).default('json'),
})
