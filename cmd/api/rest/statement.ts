import { z } from 'zod'
import { roles } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import { instantOutput } from '../../../internal/wire/instant'
import { currencySchema, moneyOutput } from '../../../internal/wire/money'
import { accountFaults } from '../../../pkg/account/account'
import type { Ownership } from '../../../pkg/account/app/ownership'
import { accountIdSchema } from '../../../pkg/account/dto/account'
import type { StatementApp } from '../../../pkg/statement/app/statement'
import { toCsv } from '../../../pkg/statement/dto/csv'
import { toJson } from '../../../pkg/statement/dto/json'
import { statementQuery } from '../../../pkg/statement/dto/statement'
import { statementFaults } from '../../../pkg/statement/statement'
import { toTransactionDto, transactionDto } from '../../../pkg/transaction/dto/transaction'

const lineDto = transactionDto
  .extend({ balance: moneyOutput.meta({ description: 'The running balance, in this order.' }) })
  .meta({ id: 'StatementLine', description: 'One entry, as the account sees it.' })

/** Only for the reference and for readers: the API writes it line by line. */
export const statementDto = z
  .strictObject({
    account_id: accountIdSchema,
    currency: currencySchema,
    from: instantOutput.nullable(),
    to: instantOutput.nullable(),
    opening_balance: moneyOutput.meta({ description: 'All that counts before `from`.' }),
    lines: z.array(lineDto),
    closing_balance: moneyOutput,
  })
  .meta({ id: 'Statement' })

const csv = z.string().meta({
  description:
    'RFC 4180, with a header row: `line` is opening, transaction or closing. An apostrophe stands ' +
    'before a description that a spreadsheet might take for a formula.',
})

export interface StatementRoutesDeps {
  statements: StatementApp
  ownership: Ownership
}

export function statementRoutes({ statements, ownership }: StatementRoutesDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/:id/statement',
      tag: 'Accounts',
      summary: 'Get the statement of an account',
      roles,
      description:
        'Every entry that counts in the period, oldest first, with the running balance; of one ' +
        'moment, however long it takes. Streamed: an answer that breaks off is not whole.',
      params: z.strictObject({ id: accountIdSchema }),
      query: statementQuery,
      answers: {
        200: {
          description: 'The statement.',
          content: { 'application/json': statementDto, 'text/csv': csv },
          headers: { 'Content-Disposition': 'With CSV: a name for the file.' },
        },
      },
      faults: [accountFaults.notFound, statementFaults.busy],
      async handle({ principal, params: { id }, query: { from = null, to = null }, mediaType }) {
        await ownership.assertOwn(principal, id)
        const pages = statements.read(id, { from, to })
        if (mediaType !== 'text/csv') {
          const headers = { 'Content-Type': 'application/json', Vary: 'Accept' }
          return { status: 200, body: toJson(pages, toTransactionDto), headers }
        }
        const headers = {
          'Content-Type': 'text/csv; charset=utf-8; header=present',
          // A colon may stand in an id, but not in every file's name.
          'Content-Disposition': `attachment; filename="statement-${id.replaceAll(':', '_')}.csv"`,
          Vary: 'Accept',
        }
        return { status: 200, body: toCsv(pages), headers }
      },
    }),
  ]
}
