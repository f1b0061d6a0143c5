import type { IncomingMessage } from 'node:http'
import { checkoutRoutes } from '../../cmd/api/rest/checkout'
import { bulkRoutes } from '../../cmd/api/rest/bulk'
import { transactionRoutes } from '../../cmd/api/rest/transaction'
import { newApps, newStores } from '../../cmd/api/run'
import { newCheckout } from '../../cmd/api/wiring/checkout'
import { openPools } from '../../cmd/api/wiring/pools'
import { api } from '../../config/schema'
import type { Principal, Role } from '../../internal/auth/principal'
import { databaseUnavailable } from '../../internal/fault/fault'
import { newHttpApp } from '../../internal/http/app'
import { startServer } from '../../internal/http/server'
import { connectionSettings } from '../harness/database'
import { silentLog } from '../harness/log'

/** Who somebody says to be is who they are here: how callers sign in has tests of its own. */
function believe(req: IncomingMessage): Principal {
  const [userId = 'demo', role = 'customer'] = String(req.headers['x-caller'] ?? '').split(' ')
  return { userId, role: role as Role }
}

// A machine that is busy with other things is slow, and not away.
const patience = { connect_timeout_ms: 10_000, statement_timeout_ms: 10_000 }

/** What of the API sells, over its own pools and group commit, as one process has them. */
export async function startTill(databaseUrl: string, ledger: Record<string, number> = {}) {
  const settings = connectionSettings(databaseUrl, patience)
  const config = api.parse({
    environment: 'test',
    database: settings,
    ledger,
    log: { level: 'silent' },
  })
  const log = silentLog()
  const pools = openPools(config, settings, log)
  const apps = newApps(
    newStores(config, pools, () => {}),
    config,
  )
  const checkouts = newCheckout({ pool: pools.pool, ledger: apps.ledger })
  const server = await startServer({
    app: newHttpApp({
      routes: [...checkoutRoutes({ checkouts }), ...transactionRoutes(apps), ...bulkRoutes(apps)],
      faults: [databaseUnavailable],
      info: { title: 'Till', version: '0.0.0-test' },
      authenticate: believe,
      log,
      bodyBytesMax: 65_536,
      requestTimeoutMs: 20_000,
    }),
    ...{ host: '127.0.0.1', port: 0, shutdownTimeoutMs: 1000, log },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    checkouts,
    ledger: apps.ledger,
    async close() {
      await server.close()
      await apps.ledger.close()
      await pools.close()
    },
  }
}

export type Till = Awaited<ReturnType<typeof startTill>>
