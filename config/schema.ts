import { z } from 'zod'
import { isCurrency } from '../internal/money/currency'

// Messages complete a sentence that begins with the key: "http.port: must be …".
const msMax = 3_600_000

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

function share(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` })
}

function section<Shape extends z.ZodRawShape>(shape: Shape) {
  // Without a word of ours here the message of unknown keys stays with the issue itself.
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined),
  })
}

const text = (what: string) => z.string({ error: what }).min(1, { error: what })
const flag = z.boolean({ error: 'must be true or false' })

const urlForm = 'must be a URL as in postgres://user:password@host:5432/database'

/** Parses as the driver will: a user without a host (`@/`, for a socket) is fine with it. */
function isDatabaseUrl(url: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(url) || /\s/.test(url)) return false
  try {
    decodeURIComponent(url)
    return URL.canParse(url.replace('@/', '@localhost/'))
  } catch {
    return false
  }
}

const environment = oneOf(['local', 'compose', 'test', 'production'])

// Goes into the options of a session as it stands, where a space or a backslash would mean something.
const roleForm = 'must be the name of a role: letters, digits and _, or none'
const role = z
  .string({ error: roleForm })
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, { error: roleForm })

const databaseShape = section({
  url: z.string({ error: urlForm }).refine(isDatabaseUrl, { error: urlForm }).optional(),
  embedded: section({ directory: text('must be the path of a folder') }).optional(),
  role: role.optional(),
  pool_connections_max: wholeNumber(1, 1000).default(10),
  connect_timeout_ms: wholeNumber(1, msMax).default(1000),
  statement_timeout_ms: wholeNumber(1, msMax).default(2000),
  lock_timeout_ms: wholeNumber(1, msMax).default(1000),
  prepared_statements: flag.default(true),
})

// `when`: also asked when something else is wrong, so that all mistakes are listed at once.
const always = { when: () => true }

const hasOneDatabase = [
  (value: unknown) =>
    !isObject(value) || (value.url === undefined) !== (value.embedded === undefined),
  { error: 'must have exactly one of `url` and `embedded`', ...always },
] as const

const databaseSection = databaseShape.refine(...hasOneDatabase)

/** The API may add to the books and nothing else; the other programs work as the owner of the tables. */
const apiDatabaseSection = databaseShape
  .extend({ role: role.default('tillbook_api') })
  .refine(...hasOneDatabase)

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

const http = section({
  host: text('must be the address to listen on').default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(8080),
  body_bytes_max: wholeNumber(1024, 16_777_216).default(65_536),
  requests_max: wholeNumber(1, 100_000).default(256),
  large_requests_max: wholeNumber(1, 10_000).default(8),
  request_timeout_ms: wholeNumber(100, msMax).default(2800),
  stream_timeout_ms: wholeNumber(1000, msMax).default(300_000),
  shutdown_timeout_ms: wholeNumber(100, 9000).default(8000),
})

const auth = section({
  demo_operator: flag.default(false),
  remember_ms: wholeNumber(1, msMax).default(60_000),
  remembered_max: wholeNumber(1, 1_000_000).default(10_000),
  hashes_in_flight_max: wholeNumber(1, 64).default(2),
  hash_queue_max: wholeNumber(0, 10_000).default(64),
  user_failures_max: wholeNumber(1, 1000).default(5),
  address_failures_max: wholeNumber(1, 100_000).default(20),
  trusted_proxies: wholeNumber(0, 10).default(0),
})

const demoElsewhere = {
  error:
    'must be false unless the environment is local: everybody who does not sign in would be an operator',
  path: ['auth', 'demo_operator'],
  ...always,
}

function allowsDemo(value: unknown): boolean {
  if (!isObject(value) || value.environment === 'local') return true
  return !isObject(value.auth) || value.auth.demo_operator !== true
}

/** Its calls are let go with the requests of `http`, within http.shutdown_timeout_ms. */
const rpc = section({
  host: text('must be the address to listen on').default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(9111),
  message_bytes_max: wholeNumber(1024, 16_777_216).default(65_536),
  calls_max: wholeNumber(1, 100_000).default(256),
  streams_max: wholeNumber(1, 100_000).default(64),
  streams_per_connection_max: wholeNumber(1, 10_000).default(128),
  call_timeout_ms: wholeNumber(100, msMax).default(2800),
  idle_timeout_ms: wholeNumber(1000, msMax).default(300_000),
})

const ledger = section({
  lanes: wholeNumber(1, 64).default(2),
  group_requests_max: wholeNumber(1, 10_000).default(500),
  queue_requests_max: wholeNumber(1, 1_000_000).default(20_000),
  queue_wait_ms_max: wholeNumber(1, msMax).default(2000),
  attempts_max: wholeNumber(1, 1000).default(20),
  lock_timeout_ms: wholeNumber(1, msMax).default(300),
  outcome_timeout_ms: wholeNumber(1, msMax).default(2000),
})

const statement = section({
  concurrent_max: wholeNumber(1, 64).default(4),
})

const event = section({
  streams_max: wholeNumber(1, 10_000).default(100),
  poll_interval_ms: wholeNumber(10, 60_000).default(200),
})

const seal = section({
  enabled: flag.default(true),
  interval_ms: wholeNumber(1, msMax).default(1000),
  transactions_max: wholeNumber(1, 100_000).default(10_000),
  check_interval_ms: wholeNumber(1, msMax).default(10_000),
  check_age_ms_max: wholeNumber(1000, 86_400_000).default(600_000),
  statement_timeout_ms: wholeNumber(1, msMax).default(30_000),
})

const currencyForm = 'must be a currency of ISO 4217'
const currency = z.string({ error: currencyForm }).refine(isCurrency, { error: currencyForm })

// The form of a store's id in the database.
const storeIdForm = 'must be 1 to 59 letters, digits or -_.: and begin with a letter or digit'

/** The store that is made when somebody first needs one. Its merchant and account are `shop-<store_id>`. */
const shop = section({
  store_id: z
    .string({ error: storeIdForm })
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,58}$/, { error: storeIdForm })
    .default('main'),
  name: text('must be the name of the shop').default('Shop'),
  currency: currency.default('EUR'),
})

const httpUrlForm = 'must be a URL as in http://host:8090, without a user, a query or a fragment'
const httpUrl = z.string({ error: httpUrlForm }).refine(isBaseUrl, { error: httpUrlForm })

/**
 * Paths are put behind it. fetch refuses a URL with a user in it, with a message that repeats the password.
 */
function isBaseUrl(url: string): boolean {
  if (!/^https?:\/\/[^?#\s]+$/.test(url) || !URL.canParse(url)) return false
  const { username, password } = new URL(url)
  return username === '' && password === ''
}

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

const upstreams = section({
  user: lookupUpstream.prefault({}),
  product: lookupUpstream.prefault({}),
  reservation: reservationUpstream.prefault({}),
})

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
  order: orderWork.prefault({}),
  reservation: reservationWork.prefault({}),
}

// Two renewals may fail before a lease is lost.
function outlivesRenewals(work: { lease_ms: number; renew_interval_ms: number }): boolean {
  return work.lease_ms >= 3 * work.renew_interval_ms
}

const work = section(workShape).refine(outlivesRenewals, { error: leaseForm, path: ['lease_ms'] })

/** The API may do the worker's work in its own process. */
const workOfApi = section({ in_process: flag.default(false), ...workShape }).refine(
  outlivesRenewals,
  { error: leaseForm, path: ['lease_ms'] },
)

const orders = section({
  /** That the product service's prices are in. */
  currency: currency.default('EUR'),
  budget_ms: wholeNumber(1, msMax).default(2000),
})

const watch = section({
  streams_max: wholeNumber(1, 10_000).default(500),
  streams_of_user_max: wholeNumber(1, 100).default(5),
  poll_interval_ms: wholeNumber(10, 60_000).default(250),
})

const brokerForm = 'must be a URL as in amqp://user:password@host:5672/vhost'
const brokerUrl = z
  .string({ error: brokerForm })
  .refine((url) => /^amqps?:\/\/\S+$/.test(url) && URL.canParse(url), { error: brokerForm })

const dayMs = 86_400_000

/** Where events go, and how the outbox is relayed there. Without a url they wait. */
const brokerShape = section({
  url: brokerUrl.optional(),
  exchange_type: oneOf(['topic', 'direct']).default('topic'),
  batch_max: wholeNumber(1, 100).default(100),
  message_bytes_max: wholeNumber(1024, 1_048_576).default(65_536),
  poll_interval_ms: wholeNumber(10, 60_000).default(250),
  connect_timeout_ms: wholeNumber(10, msMax).default(5000),
  confirm_timeout_ms: wholeNumber(10, msMax).default(5000),
  lease_ms: wholeNumber(20, msMax).default(15_000),
  heartbeat_seconds: wholeNumber(1, 600).default(10),
  reconnect_ms_min: wholeNumber(1, msMax).default(100),
  reconnect_ms_max: wholeNumber(1, msMax).default(30_000),
  retry_ms_min: wholeNumber(1, msMax).default(1000),
  retry_ms_max: wholeNumber(1, msMax).default(60_000),
  attempts_max: wholeNumber(1, 1000).default(20),
  retention_ms: wholeNumber(1, 366 * dayMs).default(7 * dayMs),
})

// Else a second relay would claim what the first one is publishing, and everything would go out twice.
const broker = brokerShape.refine(
  ({ lease_ms, confirm_timeout_ms }) => lease_ms > confirm_timeout_ms,
  { error: 'must be longer than broker.confirm_timeout_ms', path: ['lease_ms'] },
)

const redisForm = 'must be a URL as in redis://user:password@host:6379/0'
const redisUrl = z
  .string({ error: redisForm })
  .refine((url) => /^rediss?:\/\/\S+$/.test(url) && URL.canParse(url), { error: redisForm })

/** How often a user may ask or, without one, an address. Without the section as often as they like. */
const rateLimit = section({
  /** Processes that name the same one count together; without it each counts for itself. */
  redis_url: redisUrl.optional(),
  redis_timeout_ms: wholeNumber(1, 1000).default(50),
  window_ms: wholeNumber(100, msMax).default(60_000),
  reads_max: wholeNumber(1, 100_000).default(6000),
  writes_max: wholeNumber(1, 100_000).default(3000),
  failed_sign_ins_max: wholeNumber(1, 100_000).default(60),
  entries_max: wholeNumber(1, 1_000_000).default(10_000),
})

/** Where spans go. Without a URL none are recorded. */
const trace = section({
  /** Of an OpenTelemetry collector, OTLP over HTTP; spans go to /v1/traces below it. */
  otlp_url: httpUrl.optional(),
  /** The share of traces that are recorded; the same in every program, or traces have holes. */
  sample_ratio: share(0, 1).default(1),
  /** Spans wait so long to be sent together. */
  batch_interval_ms: wholeNumber(1, 60_000).default(1000),
})

const log = section({
  level: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  format: oneOf(['json', 'pretty']).default('json'),
})

/** What every program has. */
const shared = { environment, database: databaseSection, log: log.prefault({}) }

const embeddedInProduction = {
  error: 'must not be the embedded database in production: name a `url`',
  path: ['database'],
  ...always,
}

function allowsDatabase(value: unknown): boolean {
  if (!isObject(value) || value.environment !== 'production') return true
  return !isObject(value.database) || value.database.embedded === undefined
}

/** How the simulator plays the services of others. */
const outsideWorld = {
  delay_scale: share(0, 100).default(1),
  reserve_delay_ms: wholeNumber(0, msMax).default(30_000),
  batch: flag.default(false),
  seed: wholeNumber(0, 2 ** 32 - 1).default(1),
}

/** In the API's own process, on any free port unless one is named. */
const simulatorOfApi = section({
  host: text('must be the address to listen on').default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(0),
  ...outsideWorld,
})

const simulatorElsewhere = {
  error: 'must be left out unless the environment is local: it plays services that are not there',
  path: ['simulator'],
  ...always,
}

function allowsSimulator(value: unknown): boolean {
  return !isObject(value) || value.environment === 'local' || value.simulator === undefined
}

export const api = section({
  ...shared,
  database: apiDatabaseSection,
  http: http.prefault({}),
  /** Without it nothing is served over gRPC. */
  rpc: rpc.optional(),
  ledger: ledger.prefault({}),
  statement: statement.prefault({}),
  event: event.prefault({}),
  seal: seal.prefault({}),
  auth: auth.prefault({}),
  rate_limit: rateLimit.optional(),
  shop: shop.prefault({}),
  orders: orders.prefault({}),
  watch: watch.prefault({}),
  upstreams: upstreams.prefault({}),
  worker: workOfApi.prefault({}),
  broker: broker.prefault({}),
  simulator: simulatorOfApi.optional(),
  trace: trace.prefault({}),
})
  .refine(allowsDatabase, embeddedInProduction)
  .refine(allowsDemo, demoElsewhere)
  .refine(allowsSimulator, simulatorElsewhere)

/** The background work; what it serves is its health and its metrics. */
export const worker = section({
  ...shared,
  database: apiDatabaseSection,
  http: http.extend({ port: wholeNumber(0, 65_535).default(8081) }).prefault({}),
  upstreams: upstreams.prefault({}),
  worker: work.prefault({}),
  broker: broker.prefault({}),
  trace: trace.prefault({}),
}).refine(allowsDatabase, embeddedInProduction)

const plain = section(shared).refine(allowsDatabase, embeddedInProduction)

export const migrate = plain
export const populate = plain
export const database = plain
export const verify = plain
export const credential = plain

/** The simulator has no database, and is nothing for production. */
export const simulator = section({
  environment: oneOf(['local', 'compose', 'test']),
  http: section({
    host: text('must be the address to listen on').default('127.0.0.1'),
    port: wholeNumber(0, 65_535).default(8090),
  }).prefault({}),
  ...outsideWorld,
  log: log.prefault({}),
})
export const outbox = plain
