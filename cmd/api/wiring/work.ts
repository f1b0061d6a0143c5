import type { ApiConfig } from '../../../config/config'
import { startWorkerParts, type WorkDeps, type WorkerParts } from '../../worker/wiring/parts'

const nothing = () => {}

/** The worker's work, when the API is to do it in its own process; else there is nothing to nudge or close. */
export function startWork(config: ApiConfig, deps: WorkDeps): WorkerParts {
  if (config.worker.in_process) return startWorkerParts(config, deps)
  return {
    nudgeOrders: nothing,
    nudgeRelay: nothing,
    nudgeReservations: nothing,
    close: async () => {},
  }
}
