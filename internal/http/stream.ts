import type { ServerResponse } from 'node:http'

/** What may be written piece by piece. */
export type Pieces = AsyncIterable<string | Buffer>

export interface StreamLimits {
  /** No piece was made and taken for so long: the client does not read, or the handler hangs. */
  idleTimeoutMs: number
  /** For all of it; a stream that is endless by nature has no such limit. */
  wholeTimeoutMs: number
}

/** Longer than a stream's heartbeat, shorter than the limit of an idle socket. */
export const streamLimits: StreamLimits = { idleTimeoutMs: 30_000, wholeTimeoutMs: 300_000 }

/** Why it is over: by itself, or for a reason from outside; `asked`: the server is closing. */
export type StreamEnd = 'finished' | 'hung_up' | 'idle' | 'late' | 'abandoned' | 'asked'

export interface StreamOptions {
  res: ServerResponse
  pieces: Pieces
  limits: StreamLimits
  endless: boolean
  /** For HEAD: the first piece is made, to know the status, and none is sent. */
  headOnly: boolean
  /** Called with the first piece at hand: writes the head. */
  begin(): void
}

export interface Stream {
  /** Resolves with the end; rejects with what the handler threw. Resources are let go either way. */
  done: Promise<StreamEnd>
  /** Nobody waits for the answer any more. */
  abandon(): void
}

export function isStream(body: unknown): body is Pieces {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

/** Writes the pieces as fast as the client takes them: no piece is asked for before that. */
export function writeStream(options: StreamOptions): Stream {
  const { res, pieces } = options
  const iterator = pieces[Symbol.asyncIterator]()
  const stopper = newStopper()
  const hangUp = () => stopper.stop('hung_up')
  // The socket of an answer that waits behind another one is not the answer's yet.
  const { socket } = res.req
  socket.once('close', hangUp)
  if (socket.destroyed) hangUp()
  endOnRequest(res, () => options.endless && stopper.stop('asked'))

  const done = write(options, iterator, stopper).finally(() => {
    socket.off('close', hangUp)
    enders.delete(res)
    // It may be in the middle of something, and comes to its end when that is over.
    iterator.return?.().then(nothing, nothing)
  })
  return { done, abandon: () => stopper.stop('abandoned') }
}

const nothing = () => {}

type Stopper = ReturnType<typeof newStopper>

async function write(
  { res, limits, endless, headOnly, begin }: StreamOptions,
  iterator: AsyncIterator<string | Buffer>,
  stopper: Stopper,
): Promise<StreamEnd> {
  let timers: Timers | undefined
  try {
    for (;;) {
      const next = stopper.reason() ? stopped : await stopper.unlessStopped(iterator.next())
      if (next === stopped) break
      if (!timers) begin()
      if (next.done || headOnly) return end(res, 'finished')
      timers ??= startTimers(stopper, limits, endless)
      if (!res.write(next.value) && (await stopper.unlessStopped(drained(res))) === stopped) break
      timers.idle.refresh()
    }
    if (stopper.reason() === 'asked' && timers) return end(res, 'asked')
    if (timers) res.destroy()
    return stopper.reason()!
  } finally {
    clearTimeout(timers?.idle)
    clearTimeout(timers?.whole)
  }
}

function end(res: ServerResponse, how: StreamEnd): StreamEnd {
  res.end()
  return how
}

interface Timers {
  idle: NodeJS.Timeout
  whole: NodeJS.Timeout | undefined
}

function startTimers(stopper: Stopper, limits: StreamLimits, endless: boolean): Timers {
  const { idleTimeoutMs, wholeTimeoutMs } = limits
  return {
    idle: setTimeout(() => stopper.stop('idle'), idleTimeoutMs),
    whole: endless ? undefined : setTimeout(() => stopper.stop('late'), wholeTimeoutMs),
  }
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => res.once('drain', resolve))
}

const stopped = Symbol('stopped')

/** Ends whatever is being waited for. Not a promise to race with: each race would leave a listener there. */
function newStopper() {
  let reason: StreamEnd | undefined
  let wake = nothing
  return {
    reason: () => reason,
    stop(why: StreamEnd) {
      reason ??= why
      wake()
    },
    unlessStopped<T>(work: Promise<T>): Promise<T | typeof stopped> {
      return new Promise((resolve, reject) => {
        wake = () => resolve(stopped)
        work.then(resolve, reject)
        if (reason) wake()
      })
    },
  }
}

const enders = new WeakMap<ServerResponse, () => void>()
const asked = new WeakSet<ServerResponse>()

function endOnRequest(res: ServerResponse, end: () => void): void {
  enders.set(res, end)
  if (asked.has(res)) end()
}

/** Ends the answer when it would never end by itself; called when the server begins to close. */
export function askToEnd(res: ServerResponse): void {
  asked.add(res)
  enders.get(res)?.()
}
