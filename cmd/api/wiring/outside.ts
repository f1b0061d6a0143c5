import type { ApiConfig } from '../../../config/config'
import type { Closers } from '../../../internal/cli/closers'
import type { Log } from '../../../internal/log/log'
import { startSimulator } from '../../../internal/simulator/simulator'

/** The configuration with somebody to ask, and where that is played. */
export interface OutsideWorld {
  config: ApiConfig
  simulatorUrl: string | undefined
}

/**
 * On one's own machine there are no user, product and reservation services: where the simulator is
 * configured and none of them has a URL, it plays all three.
 */
export async function withOutsideWorld(
  config: ApiConfig,
  { log, closers }: { log: Log; closers: Closers },
): Promise<OutsideWorld> {
  const { simulator, upstreams } = config
  const isThere = Object.values(upstreams).some(({ url }) => url !== undefined)
  if (!simulator || isThere) return { config, simulatorUrl: undefined }
  const { url, close } = await startSimulator({
    host: simulator.host,
    port: simulator.port,
    delayScale: simulator.delay_scale,
    reserveDelayMs: simulator.reserve_delay_ms,
    batch: simulator.batch,
    seed: simulator.seed,
    log,
  })
  closers.add(close)
  log.info({ url }, 'the simulator plays the user, product and reservation services')
  const { user, product, reservation } = upstreams
  const played = {
    user: { ...user, url },
    product: { ...product, url },
    reservation: { ...reservation, url },
  }
  return { config: { ...config, upstreams: played }, simulatorUrl: url }
}
