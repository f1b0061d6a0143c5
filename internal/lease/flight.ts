import { randomUUID } from 'node:crypto'

/** What the handler of a row is given. */
export interface Lease {
  /** W3C trace context for what is done about the row: the span's, or the row's own. */
  traceparent: string | null
  /** Shown by every write-back: `where lease_token = $token`. */
  token: string
  /** Aborted when the lease was lost, and when closing has waited long enough: let go, hand back. */
  signal: AbortSignal
}

interface Flight {
  id: string
  token: string
  controller: AbortController
  isLost: boolean
}

/** What is claimed. */
export interface LeasedRow {
  id: string
  /** Of the request that made it due. */
  traceparent?: string | null
}

export interface FlightsOptions<Row> {
  renew(token: string, ids: string[]): Promise<string[]>
  handle(row: Row, lease: Lease): Promise<void>
  renewMs: number
  onError(error: unknown): void
  /** Something that was in flight is not any more. */
  onEnd(): void
  /** A lease ran out, or somebody else has the row. */
  onLost?(): void
}

/** The rows that are being handled, and the leases that they are handled under. */
export interface Flights<Row> {
  count(): number
  /** The token to claim with now. */
  token(): string
  begin(row: Row, token: string): void
  /** Renews all leases. Throws what `renew` throws. */
  renewAll(): Promise<void>
  /** Aborts whatever is in flight, and whatever is begun from now on. */
  abortAll(): void
  /** Resolves when nothing is in flight. */
  landed(): Promise<void>
}

export function newFlights<Row extends LeasedRow>(options: FlightsOptions<Row>): Flights<Row> {
  const { renew, handle, renewMs, onError, onEnd, onLost } = options
  const flights = new Set<Flight>()
  let waiting: (() => void)[] = []
  let isOver = false
  let token: string = randomUUID()
  /** When all leases under the present token were known to be ours. */
  let sureAt = performance.now()

  function end(flight: Flight): void {
    flights.delete(flight)
    onEnd()
    if (flights.size > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  function lose(flight: Flight): void {
    flight.isLost = true
    onLost?.()
    flight.controller.abort(new Error('the lease was lost'))
    changeToken()
  }

  function changeToken(): void {
    token = randomUUID()
    sureAt = performance.now()
  }

  async function renewOf(ofToken: string): Promise<void> {
    const renewed = [...flights].filter((flight) => flight.token === ofToken && !flight.isLost)
    const askedAt = performance.now()
    const ours = new Set(
      await renew(
        ofToken,
        renewed.map(({ id }) => id),
      ),
    )
    if (ofToken === token) sureAt = askedAt
    // One that has written back a moment ago counts as lost, which does it no harm any more.
    for (const flight of renewed) if (flights.has(flight) && !ours.has(flight.id)) lose(flight)
  }

  return {
    count: () => flights.size,

    // A row may come back to us while the handler that lost it still runs. Its write-back must not pass
    // for ours, so nothing is claimed under a token whose leases may have run out.
    token() {
      const isSure = flights.size > 0 && performance.now() - sureAt <= 2 * renewMs
      if (!isSure) changeToken()
      return token
    },

    begin(row, ofToken) {
      const controller = new AbortController()
      const flight = { id: row.id, token: ofToken, controller, isLost: false }
      for (const other of flights) if (other.id === row.id) lose(other)
      flights.add(flight)
      if (isOver) controller.abort(new Error('closing'))
      const { traceparent = null } = row
      const lease = { token: ofToken, signal: controller.signal, traceparent }
      // Handlers begin behind the claim that found them, so that one that throws at once does it no harm.
      void Promise.resolve()
        .then(() => handle(row, lease))
        .catch(onError)
        .finally(() => end(flight))
    },

    async renewAll() {
      const tokens = new Set([...flights].filter(({ isLost }) => !isLost).map((one) => one.token))
      for (const one of tokens) await renewOf(one)
    },

    abortAll() {
      isOver = true
      for (const { controller } of flights) controller.abort(new Error('closing'))
    },

    landed: () =>
      flights.size === 0 ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve)),
  }
}
