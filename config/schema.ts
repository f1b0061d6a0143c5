import { z } from 'zod'

// Messages complete a sentence that begins with the key: "http.port: must be …".
const msMax = 3_600_000

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
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

export const api = section({
  ...shared,
  database: apiDatabaseSection,
  http: http.prefault({}),
  ledger: ledger.prefault({}),
  statement: statement.prefault({}),
  event: event.prefault({}),
  seal: seal.prefault({}),
}).refine(allowsDatabase, embeddedInProduction)

const plain = section(shared).refine(allowsDatabase, embeddedInProduction)

export const migrate = plain
export const populate = plain
export const database = plain
export const verify = plain
