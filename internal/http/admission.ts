import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { networkOf } from '../auth/attempt'
import { Fault } from '../fault/fault'
import type { Log } from '../log/log'
import { requestIdOf } from './border'
import { newCrowd, type CrowdLimits } from './crowd'
import { generalFaults } from './general-fault'
import { toProblem } from './problem'
import type { Route } from './route'

export interface AdmissionOptions {
  /** Those marked `uncounted` are let in always. */
  routes: readonly Route[]
  /** Requests worked on at once; each one beyond is refused with api.busy. */
  requestsMax: number
  /** Of them, those with a large body, which is in memory several times until it is answered. */
  largeRequestsMax: number
  /** Bodies that are on their way. */
  uploads: CrowdLimits
  /** Where a request comes from. */
  addressOf(req: IncomingMessage): string
  log: Log
}

export interface Admission {
  /** Refuses the excess before it comes to the app. */
  guard(app: RequestListener): RequestListener
  /** For a request of the app whose body is about to be read. */
  awaitBody: AwaitBody
}

/**
 * Gives the request's place to others until its body is there. What is given back takes a place again, and
 * tells whether there is one; `gone`: the body gave way to others meanwhile, and giveWay was called.
 */
export type AwaitBody = (req: IncomingMessage, awaited: AwaitedBody) => () => BodyArrival

export interface AwaitedBody {
  /** More than that is not read of it. */
  bodyBytesMax: number
  giveWay(): void
}

export type BodyArrival = 'admitted' | 'busy' | 'gone'

/** A body of more bytes, or of unknown length, is large. */
const largeBytes = 65_536

const logIntervalMs = 1000

/** What a request takes, of whatever there is a bounded number of. */
interface Place {
  isWorking: boolean
  isLarge: boolean
  /** Answered, or broken: it takes nothing any more. */
  isOver: boolean
  stopAwaiting: (() => void) | undefined
}

function newPlace(): Place {
  return { isWorking: false, isLarge: false, isOver: false, stopAwaiting: undefined }
}

const admitted = () => 'admitted' as const
const gone = () => 'gone' as const

/**
 * Lets a bounded number of requests in. The excess is refused before its body is read or a route is
 * looked for, so that those who were let in go on as fast as ever. A body that is still on its way takes
 * nobody's place: it is bounded apart, or a few clients that send a byte a second would keep all others out.
 */
export function newAdmission(options: AdmissionOptions): Admission {
  const { routes, requestsMax, largeRequestsMax, addressOf, log } = options
  const uncounted = new Set(routes.filter((route) => route.uncounted).map(({ path }) => path))
  const uploads = newCrowd(options.uploads)
  const tell = newTeller(log)
  const places = new WeakMap<IncomingMessage, Place>()
  const perSocket = new WeakMap<Socket, Set<Place>>()
  let working = 0
  let large = 0

  function setWorking(place: Place, isWorking: boolean): void {
    if (place.isWorking !== isWorking) working += isWorking ? 1 : -1
    place.isWorking = isWorking
  }
  function setLarge(place: Place, isLarge: boolean): void {
    if (place.isLarge !== isLarge) large += isLarge ? 1 : -1
    place.isLarge = isLarge
  }
  function leave(place: Place): void {
    place.isOver = true
    setWorking(place, false)
    setLarge(place, false)
    place.stopAwaiting?.()
    place.stopAwaiting = undefined
  }
  /** A response that waits behind another one on its connection is not told when that breaks. */
  function placesOn(socket: Socket): Set<Place> {
    const known = perSocket.get(socket)
    if (known) return known
    const some = new Set<Place>()
    perSocket.set(socket, some)
    socket.once('close', () => {
      for (const place of some) leave(place)
      some.clear()
    })
    return some
  }
  function enter(req: IncomingMessage, res: ServerResponse, isLarge: boolean): void {
    const place = newPlace()
    setWorking(place, true)
    setLarge(place, isLarge)
    places.set(req, place)
    const some = placesOn(req.socket)
    some.add(place)
    res.once('close', () => {
      // Until the whole heap is looked through, a weak map that has grown old keeps what it holds: the place,
      // and with it the request that gives way for it.
      places.delete(req)
      if (some.delete(place)) leave(place)
    })
  }

  function awaitBody(req: IncomingMessage, { bodyBytesMax, giveWay }: AwaitedBody) {
    const place = places.get(req)
    if (!place) return req.destroyed ? gone : admitted
    setWorking(place, false)
    // Of a body without a length it is known only now how large it may become.
    if (bodyBytesMax <= largeBytes) setLarge(place, false)
    place.stopAwaiting = uploads.enter(networkOf(addressOf(req)), () => {
      place.isOver = true
      tell()
      giveWay()
    })
    return (): BodyArrival => {
      place.stopAwaiting?.()
      if (place.isOver) return 'gone'
      if (working >= requestsMax) {
        tell()
        return 'busy'
      }
      setWorking(place, true)
      return 'admitted'
    }
  }

  return {
    guard: (app) => (req, res) => {
      if (!uncounted.has(pathOf(req))) {
        const isLarge = hasLargeBody(req)
        if (working >= requestsMax || (isLarge && large >= largeRequestsMax)) {
          tell()
          return refuse(req, res)
        }
        enter(req, res, isLarge)
      }
      app(req, res)
    },
    awaitBody,
  }
}

/** For a request that was let in, and finds no place any more when its body is there. */
export function newBusy(): Fault {
  return new Fault(generalFaults.busy, {
    detail: 'More is asked than can be served at once. Nothing was done; send it again.',
  })
}

function hasLargeBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > largeBytes
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

const mark = '<request id>'

// Written once: only the request's id differs.
const [before, after] = JSON.stringify(toProblem(newBusy(), mark)).split(mark) as [string, string]

function refuse(req: IncomingMessage, res: ServerResponse): void {
  const requestId = requestIdOf(req)
  const body = `${before}${requestId}${after}`
  const head = [
    'Content-Type',
    'application/problem+json',
    // All of it is ASCII.
    'Content-Length',
    String(body.length),
    'Retry-After',
    '1',
    'X-Request-Id',
    requestId,
    'X-Content-Type-Options',
    'nosniff',
    'Cache-Control',
    'no-store',
  ]
  res.writeHead(503, head).end(body)
}

/** One line a second says how many there were: a line for each would be work for nothing. */
function newTeller(log: Log): () => void {
  let refused = 0
  return () => {
    if (refused++ > 0) return
    setTimeout(() => {
      log.warn({ refused }, 'requests were refused: too many at once')
      refused = 0
    }, logIntervalMs).unref()
  }
}
