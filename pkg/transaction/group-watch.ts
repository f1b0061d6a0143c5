import type { LedgerRequest } from './instruction'

/** Told of groups of requests, for traces and metrics. Must not throw. */
export interface GroupWatch {
  /** A request was handed to the ledger, by whoever calls at this moment. */
  submitted(request: LedgerRequest): void
  /** Its group is being committed; the function is told how that ended. */
  begin(requests: readonly LedgerRequest[]): (end: GroupEnd) => void
}

export interface GroupEnd {
  accounts: number
  /** Tries that it took, the last one included. */
  attempts: number
  /** Why nothing was posted; left out when it was. */
  error?: unknown
}
