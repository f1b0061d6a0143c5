import { startSimulator, type Simulator } from '../../internal/simulator/simulator'
import { openTestBroker, type TestBroker, type TestQueue } from '../harness/broker'
import { silentLog } from '../harness/log'
import { serviceUrl, whyAway } from '../harness/service'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy'

/** The world that the shop works with. */
export interface Outside {
  services: Simulator
  /** Undefined where there is none: then messages wait. */
  broker: Broker | undefined
  close(): Promise<void>
}

export interface Broker {
  /** Between it and the workers. */
  way: TcpProxy
  /** Of this run alone. */
  exchange: string
  /** All that arrived there. */
  queue: TestQueue
}

// Reserving takes 90 ms, the slowest product 180.
const delays = { delayScale: 0.003, reserveDelayMs: 30_000 }

/** Services that are quick, and a place of the run's own on the broker. */
export async function openOutside(seed: number, print: (line: string) => void): Promise<Outside> {
  const opened = await openBroker(print)
  const services = await startSimulator({
    ...{ host: '127.0.0.1', port: 0, seed, ...delays, batch: false, log: silentLog() },
  })
  return {
    services,
    broker: opened,
    async close() {
      await services.close()
      await opened?.way.close()
      await opened?.place.close()
    },
  }
}

async function openBroker(
  print: (line: string) => void,
): Promise<(Broker & { place: TestBroker }) | undefined> {
  const why = await whyAway('RabbitMQ')
  if (why !== null) {
    if (process.env.CI === 'true') throw new Error(`no RabbitMQ: ${why}`)
    print(`\n*** WITHOUT RabbitMQ: no message is looked at. ${why}\n`)
    return undefined
  }
  const place = await openTestBroker()
  const queue = await place.openQueue('created_order')
  const way = await startTcpProxy(serviceUrl('RabbitMQ'))
  return { place, way, queue, exchange: place.exchange }
}
