import { setTimeout as sleep } from 'node:timers/promises'
import type { Apps } from '../../cmd/api/routes'
import type { ApiConfig } from '../../config/config'
import { newSystemClock } from '../../internal/clock/clock'
import { systemIds } from '../../internal/id/id'
import type { Pool } from '../../internal/postgres/pool'
import { newAccountStore } from '../../pkg/account/sql/store'
import { newHoldStore } from '../../pkg/hold/sql/store'
import { withKey } from '../../pkg/transaction/app/ledger'
import { single, type Post } from '../../pkg/transaction/instruction'
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
    holds: newHoldStore(pool),
  }
  const apps = newApps(stores, config)
  const create: Apps['transactions']['create'] = async ({ key, ...request }) => {
    const instruction = withKey<Post>({ kind: 'post', ...request }, key)
    const [answer] = await post([single(instruction)])
    return answer!.verdicts[0]!
  }
  return { ...apps, transactions: { ...apps.transactions, create } }
}
