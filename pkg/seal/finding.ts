/** Something that is wrong with the book. */
export interface Finding {
  code: FindingCode
  /** One sentence. */
  detail: string
  sealNo?: bigint
  transactionId?: string
  accountId?: string
}

export const findingCodes = [
  'transaction.changed',
  'transaction.deleted',
  'transaction.inserted',
  'transaction.moved',
  'transaction.unsealed',
  'entry.broken',
  'seal.changed',
  'seal.missing',
  'seal.unexpected',
  'account.wrong_balance',
  'account.wrong_held',
  'account.below_limit',
  'currency.not_zero',
] as const

export type FindingCode = (typeof findingCodes)[number]

/** How many are kept; that there are more is told by `dropped`. */
export const findingsMax = 1000

export interface Findings {
  add(...findings: Finding[]): void
  list(): Finding[]
  dropped(): number
}

/** Collects what is found, in bounded space: a book that was restored halfway has a finding for every row. */
export function newFindings(max = findingsMax): Findings {
  const kept: Finding[] = []
  let dropped = 0
  return {
    add(...findings) {
      const room = Math.max(0, max - kept.length)
      kept.push(...findings.slice(0, room))
      dropped += Math.max(0, findings.length - room)
    },
    list: () => kept,
    dropped: () => dropped,
  }
}
