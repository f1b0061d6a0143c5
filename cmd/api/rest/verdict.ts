import { Fault, invalidRequest, type FaultSpec } from '../../../internal/fault/fault'
import type { Answer, Refused } from '../../../internal/http/route'
import { accountFaults } from '../../../pkg/account/account'
import { holdFaults } from '../../../pkg/hold/hold'
import type { Outcome, Verdict } from '../../../pkg/transaction/instruction'
import {
  transactionFaults,
  type Refusal,
  type RefusalCode,
} from '../../../pkg/transaction/transaction'

type FaultsByCode = Readonly<Record<string, FaultSpec>>

const refusalFaults: Record<RefusalCode, FaultSpec> & FaultsByCode = {
  'request.invalid': invalidRequest,
  'account.not_found': accountFaults.notFound,
  'account.closed': accountFaults.closed,
  'account.insufficient_funds': accountFaults.insufficientFunds,
  'account.balance_out_of_range': accountFaults.balanceOutOfRange,
  'transaction.currency_mismatch': transactionFaults.currencyMismatch,
  'transaction.already_reversed': transactionFaults.alreadyReversed,
  'hold.not_found': holdFaults.notFound,
  'hold.not_open': holdFaults.notOpen,
  'hold.amount_exceeded': holdFaults.amountExceeded,
  'idempotency.key_reused': transactionFaults.keyReused,
  'ledger.busy': transactionFaults.busy,
}

/** What everything that goes through the ledger may be answered with. */
const ledgerFaults: readonly FaultSpec[] = [
  invalidRequest,
  transactionFaults.keyReused,
  transactionFaults.busy,
  transactionFaults.inProgress,
  transactionFaults.outcomeUnknown,
]

/** Those, and what can be wrong with a movement between two accounts. */
export const movementFaults: readonly FaultSpec[] = [
  ...ledgerFaults,
  accountFaults.notFound,
  accountFaults.closed,
  accountFaults.insufficientFunds,
  accountFaults.balanceOutOfRange,
  transactionFaults.currencyMismatch,
]

/** Those, and what can be wrong with a hold that is there. */
export const holdChangeFaults: readonly FaultSpec[] = [
  ...ledgerFaults,
  accountFaults.notFound,
  holdFaults.notFound,
  holdFaults.notOpen,
]

export const replayedHeaders = {
  'Idempotency-Replayed': '`true` when this is the first answer to the key, again.',
}
export const dryRunHeaders = { 'Dry-Run': '`true` when nothing of it was kept.' }

/** `others`: the refusals of a companion, by code. */
export function toFault(
  { code, detail, errors, members }: Refusal,
  others: FaultsByCode = {},
): Fault {
  const spec = others[code] ?? refusalFaults[code]
  if (!spec) throw new Error(`no fault is declared for ${code}`)
  return new Fault(spec, { detail, errors, members })
}

/** A refusal as a problem document, or the answer that `toAnswer` makes of what came of it. */
export function answerVerdict(
  verdict: Verdict,
  toAnswer: (outcome: Outcome) => Answer,
): Answer | Refused {
  const isReplayed = verdict.status === 'refused' ? verdict.replayed : verdict.status === 'replayed'
  const replayed: Record<string, string> = isReplayed ? { 'Idempotency-Replayed': 'true' } : {}
  if (verdict.status === 'refused') return { fault: toFault(verdict.refusal), headers: replayed }
  const answer = toAnswer(verdict)
  return { ...answer, headers: { ...answer.headers, ...replayed } }
}
