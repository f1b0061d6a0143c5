import { z } from 'zod'
import { newLog } from '../log/log'
import type { FaultsInput } from '../simulator/fault'
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/simulator'
import { newUpstream, type Upstream, type UpstreamEvent, type UpstreamOptions } from './upstream'

/** A simulator and clients of it, for the tests of this folder. */

export const productSchema = z.object({
  code: z.string().max(64),
  name: z.string().max(200),
  price: z.number(),
})

export const classicBox = { code: 'classic-box', name: 'Classic Box', price: 9.99 }

export interface World {
  simulator: Simulator
  /** All that the upstreams told, in order. */
  events: UpstreamEvent[]
  upstream(options?: Partial<UpstreamOptions>): Upstream
  /** What goes wrong with the product service, drawn anew from the seed. */
  fail(product: FaultsInput['product']): void
}

export async function startWorld(options: Partial<SimulatorOptions> = {}): Promise<World> {
  const log = newLog({ level: 'silent', format: 'json' })
  const delays = { delayScale: 0.01, reserveDelayMs: 30_000, batch: false }
  const address = { host: '127.0.0.1', port: 0 }
  const simulator = await startSimulator({ ...address, ...delays, seed: 1, log, ...options })
  const events: UpstreamEvent[] = []
  return {
    simulator,
    events,
    upstream: (more) =>
      newUpstream({
        ...{ name: 'product', baseUrl: simulator.url, timeoutMs: 2000, retries: 0, log },
        ...{ inFlightMax: 32, queueMax: 32, backoff: { baseMs: 1, capMs: 2 } },
        onOutcome: (event) => events.push(event),
        ...more,
      }),
    fail: (product) => simulator.setFaults({ product, seed: options.seed ?? 1 }),
  }
}

export function getProduct(upstream: Upstream, code = 'classic-box') {
  return upstream.call({ method: 'GET', path: `/products/${code}`, schema: productSchema })
}
