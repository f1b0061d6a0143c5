import { newPublisher } from '../../internal/amqp/publisher'
import { newSystemClock } from '../../internal/clock/clock'
import { newMetrics } from '../../internal/metrics/metrics'
import { newPool } from '../../internal/postgres/pool'
import { newOutboxMetrics } from '../../pkg/outbox/app/metrics'
import { startRelay } from '../../pkg/outbox/app/relay'
import { newOutboxStore } from '../../pkg/outbox/sql/store'
import { connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'
import { quickLimits, quickSettings } from './quick'

// A relay in a process of its own, to be killed; kill.test.ts bundles and starts it.
const [, , databaseUrl = '', brokerUrl = ''] = process.argv
const log = silentLog()
const publisher = newPublisher(quickSettings(brokerUrl), log)
startRelay({
  store: newOutboxStore(newPool(connectionSettings(databaseUrl), log, { program: 'relay' })),
  publisher,
  metrics: newOutboxMetrics(newMetrics(), publisher.state),
  clock: newSystemClock(),
  log,
  limits: { ...quickLimits, batchMax: 20 },
})
