import type { SimulatorConfig } from '../../config/config'
import type { Log } from '../../internal/log/log'
import { startSimulator, type Simulator } from '../../internal/simulator/simulator'

/** Serves the three services until it is closed. */
export async function run(config: SimulatorConfig, { log }: { log: Log }): Promise<Simulator> {
  const { http, delay_scale, reserve_delay_ms, batch, seed } = config
  const simulator = await startSimulator({
    host: http.host,
    port: http.port,
    delayScale: delay_scale,
    reserveDelayMs: reserve_delay_ms,
    batch,
    seed,
    log,
  })
  log.info({ port: simulator.port, delay_scale, seed }, 'the simulator serves')
  return simulator
}
