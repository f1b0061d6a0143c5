import { z } from 'zod'
import { operators, roles } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import { decodeCursor, encodeCursor, invalidCursor } from '../../../internal/page/cursor'
import { toPage } from '../../../internal/page/page'
import { instantInput } from '../../../internal/wire/instant'
import { accountFaults } from '../../../pkg/account/account'
import type { AccountApp } from '../../../pkg/account/app/account'
import type { Ownership } from '../../../pkg/account/app/ownership'
import {
  accountAtDto,
  accountDto,
  accountIdSchema,
  changeAccountInput,
  getAccountQuery,
  toAccountAtDto,
  toAccountDto,
  toMinBalance,
} from '../../../pkg/account/dto/account'
import type { BalanceApp } from '../../../pkg/transaction/app/balance'
import type { TransactionApp } from '../../../pkg/transaction/app/transaction'
import {
  listTransactionsQuery,
  toTransactionDto,
  transactionIdSchema,
  transactionPageDto,
} from '../../../pkg/transaction/dto/transaction'
import type { Period, TransactionPosition } from '../../../pkg/transaction/transaction'

const tag = 'Accounts'
const accountParams = z.strictObject({ id: accountIdSchema })
const transactionPosition = z.tuple([instantInput, transactionIdSchema])

export interface AccountRoutesDeps {
  accounts: AccountApp
  transactions: TransactionApp
  balances: BalanceApp
  ownership: Ownership
}

export function accountRoutes(deps: AccountRoutesDeps): Route[] {
  const { accounts, transactions, balances, ownership } = deps
  return [
    route({
      method: 'get',
      path: '/accounts/:id',
      tag,
      summary: 'Get an account, or its balance at a time',
      roles,
      description:
        'With `at`: the sum of what counts up to and at that time, by effective_at, whenever it was ' +
        'posted. The time may lie in the future.',
      params: accountParams,
      query: getAccountQuery,
      answers: {
        200: {
          description: 'The account; with `at` its balance then.',
          schema: z.union([accountDto, accountAtDto]),
        },
      },
      faults: [accountFaults.notFound],
      async handle({ principal, params: { id }, query: { at } }) {
        await ownership.assertOwn(principal, id)
        const body =
          at === undefined
            ? toAccountDto(await accounts.get(id))
            : toAccountAtDto(await balances.getAccountAt(id, at), at)
        return { status: 200, body }
      },
    }),

    route({
      method: 'patch',
      path: '/accounts/:id',
      tag,
      summary: 'Change the limit of an account',
      roles: operators,
      params: accountParams,
      body: changeAccountInput,
      answers: { 200: { description: 'The account.', schema: accountDto } },
      faults: [accountFaults.notFound, accountFaults.closed, accountFaults.limitNotMet],
      async handle({ params, body }) {
        const read = (currency: string) => toMinBalance(body.min_balance, currency)
        return { status: 200, body: toAccountDto(await accounts.setMinBalance(params.id, read)) }
      },
    }),

    route({
      method: 'post',
      path: '/accounts/:id/close',
      tag,
      summary: 'Close an account',
      roles,
      description: 'It has to be empty, and takes no more transactions afterwards.',
      params: accountParams,
      answers: { 200: { description: 'The account.', schema: accountDto } },
      faults: [accountFaults.notFound, accountFaults.notEmpty],
      async handle({ principal, params: { id } }) {
        await ownership.assertOwn(principal, id)
        return { status: 200, body: toAccountDto(await accounts.close(id)) }
      },
    }),

    route({
      method: 'get',
      path: '/accounts/:id/transactions',
      tag,
      summary: 'List the transactions of an account, newest first',
      roles,
      description: 'Each as this account sees it, also those that were posted to the other side.',
      params: accountParams,
      query: listTransactionsQuery,
      answers: { 200: { description: 'A page of transactions.', schema: transactionPageDto } },
      faults: [accountFaults.notFound, invalidCursor],
      async handle({ principal, params: { id }, query }) {
        await ownership.assertOwn(principal, id)
        const { from = null, to = null, limit, cursor } = query
        const list = listName(id, { from, to })
        const after = cursor === undefined ? undefined : readPosition(list, cursor)
        const rows = await transactions.listByAccount(id, { from, to, after, limit: limit + 1 })
        const cursorOf = (row: TransactionPosition) => encodeCursor(list, [row.effectiveAt, row.id])
        return { status: 200, body: toPage(rows, limit, { toDto: toTransactionDto, cursorOf }) }
      },
    }),
  ]
}

function listName(accountId: string, { from, to }: Period): string {
  return `transactions ${accountId} ${from} ${to}`
}

function readPosition(list: string, cursor: string): TransactionPosition {
  const [effectiveAt, id] = decodeCursor(list, cursor, transactionPosition)
  return { effectiveAt, id }
}
