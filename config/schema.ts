import { broker } from './section/broker'
import { allowsDemo, auth, demoElsewhere, rateLimit } from './section/caller'
import {
  allowsDatabase,
  apiDatabaseSection,
  databaseSection,
  embeddedInProduction,
} from './section/database'
import { oneOf, section, text, wholeNumber } from './section/form'
import { event, ledger, seal, statement } from './section/ledger'
import { log, trace } from './section/record'
import { http, rpc } from './section/server'
import { orders, shop, watch } from './section/shop'
import {
  allowsSimulator,
  outsideWorld,
  simulatorElsewhere,
  simulatorOfApi,
} from './section/simulator'
import { upstreams } from './section/upstream'
import { work, workOfApi } from './section/work'

const environment = oneOf(['local', 'compose', 'test', 'production'])

/** What every program but the simulator has. */
const shared = { environment, database: databaseSection, log: log.prefault({}) }

/** It serves, and may do the worker's work and play the services of others in its own process. */
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

// Those that do one thing and end.
export const migrate = plain
export const populate = plain
export const database = plain
export const verify = plain
export const credential = plain
export const outbox = plain

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
