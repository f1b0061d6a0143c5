import type { Finding } from './finding'
import type { Link } from './seal'
import type { Trial } from './verification'

/** A digest that was kept elsewhere. */
export interface Expected {
  no: bigint
  digest: Buffer
}

export interface RecheckOptions {
  expected?: Expected | undefined
  onProgress?: (progress: { step: string; done: number; total: number }) => void
}

/** What a recheck of everything came to, in one state of the book. */
export interface Recheck {
  /** The end of the chain. */
  link: Link
  transactions: bigint
  sealed: bigint
  /** Behind the last seal. */
  unsealed: bigint
  currencies: Trial[]
  findings: Finding[]
  /** Findings beyond those listed. */
  dropped: number
}
