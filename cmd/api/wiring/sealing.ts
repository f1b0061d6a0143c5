import type { ApiConfig } from '../../../config/config'
import { newSystemClock } from '../../../internal/clock/clock'
import type { Log } from '../../../internal/log/log'
import type { Metrics } from '../../../internal/metrics/metrics'
import { startSealer } from '../../../pkg/seal/app/sealer'
import { newVerificationApp, type VerificationApp } from '../../../pkg/seal/app/verification'
import { newSealStore } from '../../../pkg/seal/sql/store'
import { newVerificationStore } from '../../../pkg/seal/sql/verification'
import { watchVerification } from './verification-watch'
import { withinMs, type Pools } from './pools'

// Whatever step it is in only reads, or is rolled back.
const stopMs = 2000

/** The sealer in the background, unless it is switched off, and the route that tells of it. */
export function startSealing(
  seal: ApiConfig['seal'],
  { pool, background }: Pools,
  { log, metrics }: { log: Log; metrics: Metrics },
): { verification: VerificationApp; close(): Promise<void> } {
  const verifications = newVerificationStore({ pool, background })
  const clock = newSystemClock()
  const verification = newVerificationApp({ verifications, clock, ageMaxMs: seal.check_age_ms_max })
  if (!seal.enabled) return { verification, close: async () => {} }
  const watching = watchVerification(verification, { log, metrics })
  const limits = {
    intervalMs: seal.interval_ms,
    transactionsMax: seal.transactions_max,
    checkIntervalMs: seal.check_interval_ms,
  }
  const seals = newSealStore({ pool: background })
  const sealer = startSealer({ seals, verifications, log, limits })
  const stop = async () => void (await Promise.all([sealer.stop(), watching.stop()]))
  return { verification, close: () => withinMs(stopMs, stop()) }
}
