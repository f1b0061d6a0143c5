import { z } from 'zod'
import { operators, roles } from '../../../internal/auth/principal'
import { route, type Answer, type Route } from '../../../internal/http/route'
import { keyOf, type TransactionAccess } from '../../../pkg/transaction/app/access'
import type { TransactionApp } from '../../../pkg/transaction/app/transaction'
import {
  createTransactionInput,
  dryRunInput,
  idempotencyHeaders,
  maxTransactionDto,
  maxTransactionQuery,
  toMaxTransactionDto,
  toTransactionDto,
  toTransactionRequest,
  transactionDto,
  transactionIdSchema,
} from '../../../pkg/transaction/dto/transaction'
import type { Outcome } from '../../../pkg/transaction/instruction'
import { transactionFaults } from '../../../pkg/transaction/transaction'
import { userIdSchema } from '../../../pkg/user/dto/user'
import { assertSelf, userFaults } from '../../../pkg/user/user'
import { answerVerdict, dryRunHeaders, movementFaults, replayedHeaders } from './verdict'

const tag = 'Transactions'

const location = { Location: 'Where it can be read.' }

export interface TransactionRoutesDeps {
  transactions: TransactionApp
  transactionAccess: TransactionAccess
}

export function transactionRoutes(deps: TransactionRoutesDeps): Route[] {
  const { transactions, transactionAccess: access } = deps
  return [
    route({
      method: 'post',
      path: '/transactions',
      tag,
      summary: 'Create a transaction',
      roles,
      description:
        'On disk when it is answered. After a time-out or a broken connection, send it again with ' +
        'the same Idempotency-Key: it is carried out once.',
      query: z.strictObject(dryRunInput),
      headers: idempotencyHeaders,
      body: createTransactionInput,
      answers: {
        200: {
          description: 'What a dry run came to: its id belongs to nothing.',
          schema: transactionDto,
          headers: { ...dryRunHeaders, ...replayedHeaders },
        },
        201: {
          description: 'The transaction with the balance after it.',
          schema: transactionDto,
          headers: { ...location, ...replayedHeaders },
        },
      },
      faults: movementFaults,
      async handle({ principal, query: { dry_run: isDryRun }, headers, body }) {
        const key = keyOf(principal, headers['idempotency-key'])
        const request = toTransactionRequest(body, key)
        await access.assertMayPost(principal, request)
        const verdict = await transactions.create(request, { isDryRun })
        return answerVerdict(verdict, isDryRun ? toDryRunAnswer : toCreatedAnswer)
      },
    }),

    route({
      method: 'post',
      path: '/transactions/:id/reversal',
      tag,
      summary: 'Reverse a transaction',
      roles: operators,
      description: 'Posts its opposite between the same accounts. It can be done once.',
      params: z.strictObject({ id: transactionIdSchema }),
      headers: idempotencyHeaders,
      answers: {
        201: {
          description: 'The opposite transaction, with the balance after it.',
          schema: transactionDto,
          headers: { ...location, ...replayedHeaders },
        },
      },
      faults: [...movementFaults, transactionFaults.notFound, transactionFaults.alreadyReversed],
      async handle({ params, headers }) {
        const key = headers['idempotency-key'] ?? null
        return answerVerdict(await transactions.reverse(params.id, key), toCreatedAnswer)
      },
    }),

    route({
      method: 'get',
      path: '/transactions/:id',
      tag,
      summary: 'Get a transaction',
      roles,
      params: z.strictObject({ id: transactionIdSchema }),
      answers: { 200: { description: 'The transaction.', schema: transactionDto } },
      faults: [transactionFaults.notFound],
      async handle({ principal, params }) {
        const transaction = await access.show(principal, await transactions.get(params.id))
        return { status: 200, body: toTransactionDto(transaction) }
      },
    }),

    route({
      method: 'get',
      path: '/users/:id/transactions/max',
      tag,
      summary: 'Get the largest expense of a user in each currency',
      roles,
      description:
        'Over all accounts of the user, the earliest of equals. A transfer between accounts of the ' +
        'same user is no expense.',
      params: z.strictObject({ id: userIdSchema }),
      query: maxTransactionQuery,
      answers: { 200: { description: 'By currency.', schema: maxTransactionDto } },
      faults: [userFaults.notFound],
      async handle({ principal, params, query }) {
        assertSelf(principal, params.id)
        const { from = null, to = null, currency = null } = query
        const expenses = await transactions.listLargestExpenses(params.id, { from, to, currency })
        return { status: 200, body: toMaxTransactionDto(query, expenses) }
      },
    }),
  ]
}

function toCreatedAnswer({ transaction }: Outcome): Answer {
  return {
    status: 201,
    body: toTransactionDto(transaction!),
    headers: { Location: `/transactions/${transaction!.id}` },
  }
}

function toDryRunAnswer({ transaction }: Outcome): Answer {
  return { status: 200, body: toTransactionDto(transaction!), headers: { 'Dry-Run': 'true' } }
}
