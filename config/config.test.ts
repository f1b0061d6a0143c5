import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, programs, type Program } from './config'
import { Fault } from '../internal/fault/fault'

const folder = mkdtempSync(join(tmpdir(), 'tillbook config '))
const path = join(folder, 'config.json')
afterAll(() => rmSync(folder, { recursive: true }))

function load<P extends Program = 'api'>(
  content: unknown,
  env: NodeJS.ProcessEnv = {},
  program: P = 'api' as P,
) {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return loadConfig(program, path, env)
}

function mistakesOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const mistakes = error.errors?.map(({ path, message }) => `${path}: ${message}`)
    for (const mistake of mistakes ?? []) expect(error.detail).toContain(mistake)
    return mistakes ?? [error.detail]
  }
  throw new Error('nothing was refused')
}

const embedded = { environment: 'local', database: { embedded: { directory: '.data' } } }
const secret = 'postgres://ada:secret@db.example:5432/tillbook'

describe('every file of every program', () => {
  const files = programs.flatMap((program) =>
    readdirSync(join(__dirname, program)).map((name) => [program, name] as const),
  )

  test.each(files)('%s/%s loads', (program, name) => {
    const config = loadConfig(program, join(__dirname, program, name), {})
    expect(`${config.environment}.json`).toBe(name)
  })

  test('local is embedded, compose is a URL', () => {
    const local = loadConfig('api', join(__dirname, 'api/local.json'), {})
    const compose = loadConfig('api', join(__dirname, 'api/compose.json'), {})
    expect(local.database.embedded).toEqual({ directory: '.data' })
    expect(compose.database.url).toMatch(/^postgres:/)
  })
})

test('limits that the file leaves out have their documented values', () => {
  expect(load(embedded)).toMatchObject({
    http: { host: '127.0.0.1', port: 8080, body_bytes_max: 65536, request_timeout_ms: 2800 },
    database: {
      role: 'tillbook_api',
      pool_connections_max: 10,
      statement_timeout_ms: 2000,
      prepared_statements: true,
    },
    ledger: { lanes: 2, group_requests_max: 500, queue_requests_max: 20_000, attempts_max: 20 },
    log: { level: 'info', format: 'json' },
  })
})

describe('DATABASE_URL and PORT', () => {
  test('override the file, also one that is embedded', () => {
    const config = load(embedded, { DATABASE_URL: secret, PORT: '9000' })
    expect(config.database).toMatchObject({ url: secret })
    expect(config.database.embedded).toBeUndefined()
    expect(config).toMatchObject({ http: { port: 9000 } })
  })

  test.each(['migrate', 'populate', 'database'] as const)(
    'DATABASE_URL works for %s',
    (program) => {
      const config = load(embedded, { DATABASE_URL: secret, PORT: '9000' }, program)
      expect(config.database.url).toBe(secret)
    },
  )

  test('count as unset when they are empty', () => {
    const config = load(embedded, { DATABASE_URL: '', PORT: ' ' })
    expect(config).toMatchObject({ http: { port: 8080 }, database: embedded.database })
  })

  test('are reported by their own names, and a URL never shows its password', () => {
    const env = { DATABASE_URL: 'mysql://ada:secret@host/db', PORT: '80a' }
    const mistakes = mistakesOf(() => load(embedded, env))
    expect(mistakes).toEqual([
      'DATABASE_URL: must be a URL as in postgres://user:password@host:5432/database',
      'PORT: must be a whole number from 0 to 65535, not "80a"',
    ])
  })

  test.each(['-1', '65536', '1e3', '0x50', '8080.5'])('PORT=%s is refused', (port) => {
    expect(mistakesOf(() => load(embedded, { PORT: port }))).toHaveLength(1)
  })
})

describe('AMQP_URL', () => {
  const broker = 'amqps://ada:secret@mq.example/shop'

  test('names the broker, and leaves the rest of its section', () => {
    const file = { ...embedded, broker: { url: 'amqp://elsewhere', batch_max: 7 } }
    expect(load(file, { AMQP_URL: broker })).toMatchObject({
      broker: { url: broker, batch_max: 7 },
    })
    expect(load(file, { AMQP_URL: ' ' })).toMatchObject({ broker: { url: 'amqp://elsewhere' } })
  })

  test('is reported by its own name, without its password', () => {
    const mistakes = mistakesOf(() => load(embedded, { AMQP_URL: 'http://ada:secret@host' }))
    expect(mistakes).toEqual(['AMQP_URL: must be a URL as in amqp://user:password@host:5672/vhost'])
  })

  test('a claim outlasts a batch', () => {
    const file = { ...embedded, broker: { lease_ms: 5000 } }
    expect(mistakesOf(() => load(file))).toEqual([
      'broker.lease_ms: must be longer than broker.confirm_timeout_ms',
    ])
  })
})

describe('REDIS_URL', () => {
  const redis = 'redis://redis.example:6379/1'
  const limitOf = (content: unknown, env: NodeJS.ProcessEnv = { REDIS_URL: redis }) =>
    load(content, env).rate_limit

  test('says where rates are counted, and leaves the rest of the section', () => {
    const rate_limit = { redis_url: 'redis://elsewhere', reads_max: 7 }
    expect(limitOf({ ...embedded, rate_limit })).toMatchObject({ redis_url: redis, reads_max: 7 })
    expect(limitOf({ ...embedded, rate_limit }, {})?.redis_url).toBe('redis://elsewhere')
    expect(limitOf({ ...embedded, rate_limit: {} }, {})?.redis_url).toBeUndefined()
  })

  test('limits nobody by itself', () => {
    expect(limitOf(embedded)).toBeUndefined()
    expect(loadConfig('api', join(__dirname, 'api/local.json'), {}).rate_limit).toBeUndefined()
    expect(loadConfig('api', join(__dirname, 'api/compose.json'), {}).rate_limit).toBeDefined()
  })

  test('is reported by its own name, without its password', () => {
    const file = { ...embedded, rate_limit: {} }
    const mistakes = mistakesOf(() => load(file, { REDIS_URL: 'http://ada:secret@host' }))
    expect(mistakes).toEqual(['REDIS_URL: must be a URL as in redis://user:password@host:6379/0'])
  })
})

describe('RPC_PORT', () => {
  const serving = { ...embedded, rpc: {} }
  const rpcPort = (env: NodeJS.ProcessEnv, content: unknown = serving) =>
    load(content, env).rpc?.port

  test('overrides the file, and serves where the file says nothing of it', () => {
    expect(rpcPort({})).toBe(9111)
    expect(rpcPort({ RPC_PORT: '9000' })).toBe(9000)
    expect(rpcPort({ RPC_PORT: '9000' }, embedded)).toBe(9000)
    expect(rpcPort({}, embedded)).toBeUndefined()
  })

  test('follows PORT=0, any free port, and nothing else of PORT', () => {
    expect(rpcPort({ PORT: '0' })).toBe(0)
    expect(rpcPort({ PORT: '0', RPC_PORT: '9000' })).toBe(9000)
    expect(rpcPort({ PORT: '8081' })).toBe(9111)
    expect(rpcPort({ PORT: '0' }, embedded)).toBeUndefined()
  })

  test('is reported by its own name', () => {
    expect(mistakesOf(() => load(serving, { RPC_PORT: '1e9' }))).toEqual([
      'RPC_PORT: must be a whole number from 0 to 65535, not "1e9"',
    ])
  })
})

describe('OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  const collector = 'http://collector:4318'

  test('names the collector, and leaves the rest of its section', () => {
    const file = { ...embedded, trace: { otlp_url: 'http://elsewhere', sample_ratio: 0.1 } }
    expect(load(file, { OTEL_EXPORTER_OTLP_ENDPOINT: collector })).toMatchObject({
      trace: { otlp_url: collector, sample_ratio: 0.1 },
    })
    expect(load(embedded)).toMatchObject({ trace: { sample_ratio: 1 } })
  })

  test('is reported by its own name', () => {
    const mistakes = mistakesOf(() => load(embedded, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }))
    expect(mistakes).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL as in http://host:8090, without a user, a query or a fragment',
    ])
  })
})

test('lists every mistake with its key, unknown keys included', () => {
  const mistakes = mistakesOf(() =>
    load({
      environment: 'moon',
      http: { port: 'x', body_bytes_max: 1.5, prot: 1 },
      database: { url: secret, embedded: { directory: '' }, statement_timeout_ms: 0 },
      ledger: [],
      log: { level: 'loud', format: 'pretty' },
      ports: 1,
    }),
  )
  expect(mistakes).toEqual([
    'environment: must be one of local, compose, test, production, not "moon"',
    'database.embedded.directory: must be the path of a folder, not ""',
    'database.statement_timeout_ms: must be a whole number from 1 to 3600000, not 0',
    'database: must have exactly one of `url` and `embedded`',
    'log.level: must be one of debug, info, warn, error, silent, not "loud"',
    'http.port: must be a whole number from 0 to 65535, not "x"',
    'http.body_bytes_max: must be a whole number from 1024 to 16777216, not 1.5',
    'http.prot: is no known key',
    'ledger: must be an object, not []',
    'ports: is no known key',
  ])
})

test.each([
  [{ environment: 'local' }, 'database: must be an object, and is missing'],
  [
    { environment: 'local', database: {} },
    'database: must have exactly one of `url` and `embedded`',
  ],
  [[], 'the whole file: must be an object, not []'],
  [
    { ...embedded, environment: 'production' },
    'database: must not be the embedded database in production: name a `url`',
  ],
])('refuses %j', (content, mistake) => {
  expect(mistakesOf(() => load(content))).toContain(mistake)
})

test.each([
  'http://ada:secret@users.example',
  'http://:secret@users.example',
  'http://users.example/?key=secret',
  'http://users.example#secret',
  'ftp://users.example',
  'http://',
])('refuses %s for a service that is called, and does not repeat it', (url) => {
  expect(mistakesOf(() => load({ ...embedded, upstreams: { user: { url } } }))).toEqual([
    'upstreams.user.url: must be a URL as in http://host:8090, without a user, a query or a fragment',
  ])
})

test.each(['http://users.example', 'https://[::1]:8090/v1/'])('takes %s for a service', (url) => {
  expect(load({ ...embedded, upstreams: { user: { url } } })).toMatchObject({
    upstreams: { user: { url } },
  })
})

describe('auth.demo_operator', () => {
  const demo = { auth: { demo_operator: true } }
  const database = { url: 'postgres://localhost/db' }

  test('is off unless a file switches it on, as that for the local environment does', () => {
    expect(load(embedded)).toMatchObject({ auth: { demo_operator: false } })
    expect(load({ ...embedded, ...demo })).toMatchObject(demo)
    const of = (name: string) => loadConfig('api', join(__dirname, 'api', name), {}).auth
    expect(of('local.json').demo_operator).toBe(true)
    expect(of('compose.json').demo_operator).toBe(false)
  })

  test.each(['compose', 'test', 'production'])(
    'is refused where the environment is %s',
    (environment) => {
      expect(mistakesOf(() => load({ environment, database, ...demo }))).toEqual([
        'auth.demo_operator: must be false unless the environment is local: everybody who does not ' +
          'sign in would be an operator',
      ])
      expect(load({ environment, database })).toMatchObject({ auth: { demo_operator: false } })
    },
  )

  test('is refused with the other mistakes there are', () => {
    const content = { environment: 'production', database: {}, ...demo, http: { port: 'x' } }
    expect(mistakesOf(() => load(content))).toContainEqual(
      expect.stringMatching(/^auth\.demo_operator: must be false/),
    )
  })
})

test.each([
  'postgres://localhost/db',
  'postgresql://ada:p%40ss@[::1]:5432/db?sslmode=require',
  'postgres:///db?host=/var/run/postgresql',
  'postgres://ada@/db?host=/var/run/postgresql',
])('takes the URL %s', (url) => {
  expect(load({ environment: 'production', database: { url } }).database.url).toBe(url)
})

test.each(['localhost/db', 'postgres:db', 'postgres://u:%zz@h/db', 'postgres://h:99999/db', ''])(
  'refuses the URL %j',
  (url) => {
    expect(mistakesOf(() => load({ environment: 'local', database: { url } }))).toHaveLength(1)
  },
)

test('the API works as its role, the other programs as their login', () => {
  expect(load(embedded).database.role).toBe('tillbook_api')
  for (const program of ['migrate', 'populate', 'database'] as const) {
    expect(load(embedded, {}, program).database.role).toBeUndefined()
  }
})

test.each(['', 'two words', 'a\\ b', '-c', '1st', 'x'.repeat(64), 'a;b', 'café'])(
  'refuses the role %j',
  (role) => {
    const mistakes = mistakesOf(() =>
      load({ ...embedded, database: { ...embedded.database, role } }),
    )
    expect(mistakes).toEqual([expect.stringMatching(/^database\.role: must be the name of a role/)])
  },
)

test.each([
  ['{\n  "environment": local\n}', 'line 2, column 18'],
  ['{\n  "environment": "local",\n}', 'line 3, column 1'],
  ['{"environment": "local"', 'line 1, column 24'],
  ['{"a": 1 "b": 2}', 'line 1, column 9'],
  ['', 'line 1, column 1'],
  ['{"a": tru, "b": 1}', 'line 1, column 10'],
])('says where %j is not JSON', (content, place) => {
  expect(mistakesOf(() => load(content))).toEqual([`${path}: is not JSON from ${place} on`])
})

test('says that the file is missing, or a folder, and which', () => {
  const missing = join(folder, 'nothing.json')
  expect(() => loadConfig('api', missing, {})).toThrow(`${missing}: there is no such file`)
  expect(() => loadConfig('api', folder, {})).toThrow(`${folder}: it cannot be read (EISDIR)`)
})
