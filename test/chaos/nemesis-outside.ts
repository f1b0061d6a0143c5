import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultsInput } from '../../internal/simulator/fault'
import type { Heal, Inflict, Scene } from './nemesis'
import type { FaultKind, PlannedFault } from './plan'

/** What befalls those who work in the background, and the world that they work with. */
export const inflictOutside = {
  async 'kill -9 a worker'({ workers }, { process }) {
    await workers[process]!.kill('SIGKILL')
    return () => workers[process]!.start()
  },
  async 'freeze a worker'({ workers }, { process }) {
    await workers[process]!.kill('SIGSTOP')
    return () => workers[process]!.kill('SIGCONT')
  },
  async 'break the network of a worker'({ workerNetworks }, { process }) {
    workerNetworks[process]!.mode = 'closed'
    return async () => void (workerNetworks[process]!.mode = 'open')
  },
  async 'the broker is away'({ outside: { broker } }) {
    if (broker) broker.way.mode = 'away'
    return async () => void (broker && (broker.way.mode = 'open'))
  },
  'the broker falls silent, and breaks off': ({ outside }) => silence(outside),
  'the services drop their answers': (scene, fault) =>
    strike(scene, fault, {
      ...{ user: { drop: 0.5 }, product: { drop: 0.5 } },
      reservation: { drop: 0.6, half_json: 0.1 },
    }),
  'the services fail': (scene, fault) =>
    strike(scene, fault, {
      ...{ user: { error: 0.6 }, product: { error: 0.6, latency_ms: 50 } },
      reservation: { error: 0.4, error_after: 0.4, latency_ms: 100 },
    }),
  'the services hang': (scene, fault) =>
    strike(scene, fault, {
      ...{ user: { hang: 0.3 }, product: { hang: 0.3 } },
      reservation: { hang: 0.3, error_after: 0.2 },
    }),
} satisfies Partial<Record<FaultKind, Inflict>>

const breakMs = 100

/** What was on the way when it broke never arrives. */
async function silence({ broker }: Scene['outside']): Promise<Heal> {
  if (!broker) return async () => {}
  broker.way.mode = 'frozen'
  return async () => {
    broker.way.mode = 'away'
    await sleep(breakMs)
    broker.way.mode = 'open'
  }
}

async function strike(
  { outside: { services } }: Scene,
  { atMs }: PlannedFault,
  faults: FaultsInput,
): Promise<Heal> {
  const before = services.state().reservations.made
  services.setFaults({ ...faults, seed: atMs })
  return async () => {
    services.setFaults({})
    return `${services.state().reservations.made - before} reserved meanwhile`
  }
}
