import { faultNames, type FaultName } from './fault'

/** What a service has seen so far. */
export interface TallyState {
  calls: number
  in_flight: number
  in_flight_max: number
  /** Calls whose caller was gone before the answer was. */
  aborted: number
  bytes_sent: number
  /** How often each fault struck. */
  faults: Partial<Record<FaultName, number>>
}

export interface Tally {
  begin(): void
  strike(fault: FaultName): void
  /** A call's connection is free again, or gone. */
  end(how: { isAnswered: boolean; bytes: number }): void
  state(): TallyState
}

export function newTally(): Tally {
  const seen = { calls: 0, in_flight: 0, in_flight_max: 0, aborted: 0, bytes_sent: 0 }
  const struck = new Map<FaultName, number>()
  return {
    begin() {
      seen.calls += 1
      seen.in_flight += 1
      seen.in_flight_max = Math.max(seen.in_flight_max, seen.in_flight)
    },
    strike: (fault) => void struck.set(fault, (struck.get(fault) ?? 0) + 1),
    end({ isAnswered, bytes }) {
      seen.in_flight -= 1
      seen.bytes_sent += bytes
      if (!isAnswered) seen.aborted += 1
    },
    state: () => ({
      ...seen,
      faults: Object.fromEntries(
        faultNames.flatMap((name) => (struck.has(name) ? [[name, struck.get(name)]] : [])),
      ),
    }),
  }
}
