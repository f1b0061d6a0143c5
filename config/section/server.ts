import { msMax, section, text, wholeNumber } from './form'

/** What is served to whom, how much at once, and for how long: over HTTP here, over gRPC below. */
export const http = section({
  host: text('must be the address to listen on').default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(8080),
  body_bytes_max: wholeNumber(1024, 16_777_216).default(65_536),
  requests_max: wholeNumber(1, 100_000).default(256),
  large_requests_max: wholeNumber(1, 10_000).default(8),
  uploads_max: wholeNumber(1, 100_000).default(1024),
  uploads_of_address_max: wholeNumber(1, 100_000).default(256),
  request_timeout_ms: wholeNumber(100, msMax).default(2800),
  stream_timeout_ms: wholeNumber(1000, msMax).default(300_000),
  shutdown_timeout_ms: wholeNumber(100, 9000).default(8000),
})

/** Its calls are let go with the requests of `http`, within http.shutdown_timeout_ms. */
export const rpc = section({
  host: text('must be the address to listen on').default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(9111),
  message_bytes_max: wholeNumber(1024, 16_777_216).default(65_536),
  calls_max: wholeNumber(1, 100_000).default(256),
  streams_max: wholeNumber(1, 100_000).default(64),
  streams_per_connection_max: wholeNumber(1, 10_000).default(128),
  uploads_max: wholeNumber(1, 100_000).default(1024),
  uploads_of_address_max: wholeNumber(1, 100_000).default(256),
  connections_max: wholeNumber(1, 100_000).default(1024),
  connections_of_address_max: wholeNumber(1, 100_000).default(256),
  call_timeout_ms: wholeNumber(100, msMax).default(2800),
  idle_timeout_ms: wholeNumber(1000, msMax).default(300_000),
})
