import type { Instant } from '../../internal/clock/instant'
import type { FaultSpec } from '../../internal/fault/fault'
import type { Finding } from './finding'
import type { Link } from './seal'

/** What all balances of a currency come to, in minor units. They may exceed what one balance can be. */
export interface Trial {
  currency: string
  accounts: bigint
  /** The sum of the accounts' balances. */
  balance: bigint
  /** The balance of the outside world: the two sum to zero. */
  world: bigint
}

/** What a check found. */
export interface VerificationReport {
  /** The last seal that was verified by then, and how many transactions up to it. */
  sealNo: bigint
  digest: string
  transactionId: string
  transactions: bigint
  /** Undefined when too much is not verified yet to look at balances. */
  balances: Balances | undefined
  /** Transactions that were not verified yet when it was made; more than are counted when `isAtLeast`. */
  behind: { transactions: bigint; isAtLeast: boolean }
  /** The first of them. */
  findings: Finding[]
}

export interface Balances {
  currencies: Trial[]
  /** How many accounts have a balance that is not the sum of their transactions. */
  wrongAccounts: bigint
}

/** How far the step-by-step verification has come, and its last check. */
export interface Verification {
  link: Link
  /** How many transactions are verified. */
  transactions: bigint
  checked: { at: Instant; report: VerificationReport } | undefined
}

/** A verification that was checked not long ago. */
export interface CheckedVerification extends Verification {
  checked: NonNullable<Verification['checked']>
}

export const verificationFaults = {
  notRunning: {
    kind: 'unavailable',
    code: 'verification.not_running',
    title: 'The ledger is not being verified',
  },
} as const satisfies Record<string, FaultSpec>

/** `busy` when another process verifies at this moment, `more` when there are further seals. */
export type Advanced = 'busy' | 'more' | 'done'

/** `behind` when too much is not verified yet to look at balances, and nothing else is wrong. */
export type Checked = 'busy' | 'behind' | 'done'

export interface VerificationStore {
  find(): Promise<Verification>
  /**
   * Compares the next seal with its rows and adds these to what is verified. When they differ, it
   * stays where it is: the check then tells what is wrong.
   */
  advance(): Promise<Advanced>
  /** Checks all balances in one snapshot, and keeps the report. */
  check(): Promise<Checked>
}
