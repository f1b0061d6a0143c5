import { operators } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import { toProblem } from '../../../internal/http/problem'
import { route, type Answer, type Refused, type Route } from '../../../internal/http/route'
import type { TransactionApp } from '../../../pkg/transaction/app/transaction'
import {
  bulkDto,
  bulkInput,
  bulkQuery,
  bulkTransactionsMax,
  toTransactionDto,
  toTransactionRequest,
  type BulkVerdictDto,
} from '../../../pkg/transaction/dto/transaction'
import type { LedgerAnswer, Verdict } from '../../../pkg/transaction/instruction'
import { transactionFaults } from '../../../pkg/transaction/transaction'
import { dryRunHeaders, movementFaults, toFault } from './verdict'

/** Room for as many transactions as can be sent, with a description and a few fields of metadata each. */
const bodyBytesMax = 8 * 1024 * 1024

export function bulkRoutes({ transactions }: { transactions: TransactionApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/transactions/bulk',
      tag: 'Transactions',
      summary: 'Create many transactions at once',
      roles: operators,
      description:
        `Up to ${bulkTransactionsMax.toLocaleString('en')} of them, each with a key of its own. ` +
        'After a time-out or a broken connection, send it again with the same keys. A verdict of ' +
        '`refused` tells why in a problem document.',
      query: bulkQuery,
      body: bulkInput,
      bodyBytesMax,
      answers: {
        200: {
          description: 'A verdict on each transaction, in order.',
          schema: bulkDto,
          headers: dryRunHeaders,
        },
      },
      faults: [...movementFaults, transactionFaults.bulkRefused],
      // Without `async`, which would hold what was sent until it is posted: all of it is copied by each
      // collection of garbage.
      handle({ query: { mode, dry_run: isDryRun }, body, requestId }) {
        const requests = body.transactions.map((one) =>
          toTransactionRequest(one, one.idempotency_key),
        )
        return transactions
          .createMany(requests, { isAtomic: mode === 'atomic', isDryRun })
          .then((answer) => toBulkAnswer(answer, { isDryRun, requestId }))
      },
    }),
  ]
}

function toBulkAnswer(
  { verdicts, refusedAt }: LedgerAnswer,
  { isDryRun, requestId }: { isDryRun: boolean; requestId: string },
): Answer | Refused {
  if (refusedAt !== null) return refuseBulk(refusedAt, verdicts.at(-1)!, requestId)
  return {
    status: 200,
    body: { data: verdicts.map((verdict) => toBulkVerdictDto(verdict, requestId)) },
    ...(isDryRun && { headers: { 'Dry-Run': 'true' } }),
  }
}

function toBulkVerdictDto(verdict: Verdict, requestId: string): BulkVerdictDto {
  const { status } = verdict
  if (status === 'refused') {
    return { status, problem: toProblem(toFault(verdict.refusal), requestId) }
  }
  return { status, transaction: toTransactionDto(verdict.transaction!) }
}

/** A busy ledger is no fault of the transaction, and passes by itself. */
function refuseBulk(index: number, verdict: Verdict, requestId: string): Refused {
  if (verdict.status !== 'refused') throw new Error('the refused transaction was not refused')
  const fault = toFault(verdict.refusal)
  const headers: Record<string, string> = verdict.replayed ? { 'Idempotency-Replayed': 'true' } : {}
  if (fault.kind === 'unavailable') return { fault, headers }
  const problem = toProblem(fault, requestId)
  const detail = `Of the transactions, number ${index} was refused, counted from 0: ${fault.detail}`
  return {
    fault: new Fault(transactionFaults.bulkRefused, { detail, members: { index, problem } }),
    headers,
  }
}
