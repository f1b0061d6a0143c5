import { z } from 'zod'
import { Fault, invalidRequest, type FaultSpec } from '../../../internal/fault/fault'
import { route, type Answer, type Refused, type Route } from '../../../internal/http/route'
import { accountFaults } from '../../../pkg/account/account'
import type { TransactionApp } from '../../../pkg/transaction/app/transaction'
import {
  createTransactionInput,
  idempotencyHeaders,
  maxTransactionDto,
  maxTransactionQuery,
  toMaxTransactionDto,
  toTransactionDto,
  toTransactionRequest,
  transactionDto,
  transactionIdSchema,
} from '../../../pkg/transaction/dto/transaction'
import {
  transactionFaults,
  type Refusal,
  type RefusalCode,
  type Verdict,
} from '../../../pkg/transaction/transaction'
import { userIdSchema } from '../../../pkg/user/dto/user'
import { userFaults } from '../../../pkg/user/user'

const tag = 'Transactions'

const refusalFaults: Record<RefusalCode, FaultSpec> = {
  'request.invalid': invalidRequest,
  'account.not_found': accountFaults.notFound,
  'account.closed': accountFaults.closed,
  'account.insufficient_funds': accountFaults.insufficientFunds,
  'account.balance_out_of_range': accountFaults.balanceOutOfRange,
  'transaction.currency_mismatch': transactionFaults.currencyMismatch,
  'idempotency.key_reused': transactionFaults.keyReused,
  'ledger.busy': transactionFaults.busy,
}

export function transactionRoutes({ transactions }: { transactions: TransactionApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/transactions',
      tag,
      summary: 'Create a transaction',
      description:
        'On disk when it is answered. After a time-out or a broken connection, send it again with ' +
        'the same Idempotency-Key: it is carried out once.',
      headers: idempotencyHeaders,
      body: createTransactionInput,
      answers: {
        201: {
          description: 'The transaction with the balance after it.',
          schema: transactionDto,
          headers: {
            Location: 'Where it can be read.',
            'Idempotency-Replayed': '`true` when this is the first answer to the key, again.',
          },
        },
      },
      faults: [
        ...Object.values(refusalFaults),
        transactionFaults.inProgress,
        transactionFaults.outcomeUnknown,
      ],
      async handle({ headers, body }) {
        const request = toTransactionRequest(body, headers['idempotency-key'])
        return toAnswer(await transactions.create(request))
      },
    }),

    route({
      method: 'get',
      path: '/transactions/:id',
      tag,
      summary: 'Get a transaction',
      params: z.strictObject({ id: transactionIdSchema }),
      answers: { 200: { description: 'The transaction.', schema: transactionDto } },
      faults: [transactionFaults.notFound],
      async handle({ params }) {
        return { status: 200, body: toTransactionDto(await transactions.get(params.id)) }
      },
    }),

    route({
      method: 'get',
      path: '/users/:id/transactions/max',
      tag,
      summary: 'Get the largest expense of a user in each currency',
      description:
        'Over all accounts of the user, the earliest of equals. A transfer between accounts of the ' +
        'same user is no expense.',
      params: z.strictObject({ id: userIdSchema }),
      query: maxTransactionQuery,
      answers: { 200: { description: 'By currency.', schema: maxTransactionDto } },
      faults: [userFaults.notFound],
      async handle({ params, query }) {
        const { from = null, to = null, currency = null } = query
        const expenses = await transactions.listLargestExpenses(params.id, { from, to, currency })
        return { status: 200, body: toMaxTransactionDto(query, expenses) }
      },
    }),
  ]
}

const replayedHeader = { 'Idempotency-Replayed': 'true' }

function toAnswer(verdict: Verdict): Answer | Refused {
  if (verdict.status === 'refused') {
    return { fault: toFault(verdict.refusal), headers: verdict.replayed ? replayedHeader : {} }
  }
  const { status, transaction } = verdict
  return {
    status: 201,
    body: toTransactionDto(transaction),
    headers: {
      Location: `/transactions/${transaction.id}`,
      ...(status === 'replayed' && replayedHeader),
    },
  }
}

function toFault({ code, detail, errors, members }: Refusal): Fault {
  return new Fault(refusalFaults[code], { detail, errors, members })
}
