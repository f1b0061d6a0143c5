import { setMaxListeners } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log/log'
import { send } from './answer'
import { faultsSchema, type FaultsInput } from './fault'
import { readCall } from './request'
import { newWorld, type Exchange, type World, type WorldOptions, type WorldState } from './world'

export interface SimulatorOptions extends Omit<WorldOptions, 'wait' | 'reservationsMax'> {
  host: string
  /** 0 takes a free one. */
  port: number
  log: Log
}

export interface Simulator {
  port: number
  /** The base URL of all three services; their paths do not overlap. */
  url: string
  /** As `PUT /admin/faults`: what is not named is well. */
  setFaults(faults: FaultsInput): void
  /** As `GET /admin/state`. */
  state(): WorldState
  /** Cuts every connection: it is the outside world that goes away. */
  close(): Promise<void>
}

/** Bounds what a caller that runs wild can take of the memory. */
const connectionsMax = 5_000
const reservationsMax = 200_000

/**
 * The unreliable outside world over HTTP: the user, product and reservation services, and `/admin` to
 * make them fail and to see what they did. For development and tests only.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { host, port, log, ...rest } = options
  const closing = new AbortController()
  // Each call that waits listens.
  setMaxListeners(0, closing.signal)
  const wait = (ms: number) => sleep(ms, undefined, { signal: closing.signal })
  const world = newWorld({ ...rest, reservationsMax, wait })
  const server = createServer(newListener(world, { isClosing: () => closing.signal.aborted, log }))
  server.maxConnections = connectionsMax
  await listen(server, { host, port })
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    setFaults: (faults) => world.setFaults(faults),
    state: () => world.state(),
    close() {
      closing.abort()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function newListener(
  world: World,
  { isClosing, log }: { isClosing(): boolean; log: Log },
): RequestListener {
  return (req, res) => {
    // Callers go away at any time here: that is what the simulator is for.
    res.on('error', () => {})
    handle(world, { req, res }).catch((err: unknown) => {
      if (!isClosing() && !req.destroyed) log.error({ err }, 'the simulator failed')
      res.destroy()
    })
  }
}

async function handle(world: World, { req, res }: Exchange): Promise<void> {
  const call = await readCall(req)
  if (!call) return send(res, { status: 400, body: { error: 'this cannot be read' } })
  const asked = `${call.method} /${call.segments.join('/')}`
  const name = world.serviceOf(call)
  if (name) return world.answer(name, call, { req, res })
  if (asked === 'GET /health') return send(res, { status: 200, body: { status: 'ok' } })
  if (asked === 'GET /admin/state') return send(res, { status: 200, body: world.state() })
  if (asked === 'GET /admin/faults') return send(res, { status: 200, body: world.faults() })
  if (asked !== 'PUT /admin/faults') return send(res, { status: 404, body: { error: 'not found' } })
  const faults = faultsSchema.safeParse(call.body)
  if (!faults.success) return send(res, { status: 400, body: { errors: faults.error.issues } })
  world.setFaults(faults.data)
  send(res, { status: 200, body: world.faults() })
}
