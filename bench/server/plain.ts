import { setTimeout as sleep } from 'node:timers/promises'
import type { Apps } from '../../cmd/api/routes'
import type { ApiConfig } from '../../config/config'
import { newSystemClock } from '../../internal/clock/clock'
import { systemIds } from '../../internal/id/id'
import type { Pool } from '../../internal/postgres/pool'
import { newAccountStore } from '../../pkg/account/sql/store'
import { fingerprintOf } from '../../pkg/transaction/fingerprint'
import { newTransactionStore } from '../../pkg/transaction/sql/store'
import { newUserStore } from '../../pkg/user/sql/store'
import { newPlainPoster } from '../plain/store'
import { newApps } from '../../cmd/api/run'

/** The API without the group commit: each request posts by itself as soon as it comes. */
export function newPlainApps(config: ApiConfig, pool: Pool): Apps {
  const ids = systemIds
  const { ledger } = config
  const post = newPlainPoster({ pool, ids, clock: newSystemClock(), sleep })
  const options = {
    attemptsMax: ledger.attempts_max,
    outcomeTimeoutMs: ledger.outcome_timeout_ms,
    sleep,
  }
  const reading = newTransactionStore({ pool, lanes: pool, ids, options })
  const stores = {
    users: newUserStore(pool),
    accounts: newAccountStore(pool),
    transactions: { ...reading, post },
  }
  const apps = newApps(stores, config)
  const create: Apps['transactions']['create'] = async ({ key, ...request }) => {
    const idempotency = key === null ? null : { key, fingerprint: fingerprintOf(request) }
    const [verdict] = await post([{ ...request, idempotency }])
    return verdict!
  }
  return { ...apps, transactions: { ...apps.transactions, create } }
}
