import { z } from 'zod'
import { roles } from '../../../internal/auth/principal'
import { route, type Answer, type Route } from '../../../internal/http/route'
import type { Ownership } from '../../../pkg/account/app/ownership'
import type { HoldAccess } from '../../../pkg/hold/app/access'
import type { HoldApp } from '../../../pkg/hold/app/hold'
import {
  captureHoldInput,
  extendHoldInput,
  holdDto,
  holdIdSchema,
  newCapturedHoldDto,
  openHoldFields,
  toHoldDto,
  toHoldRequest,
} from '../../../pkg/hold/dto/hold'
import { holdFaults } from '../../../pkg/hold/hold'
import { keyOf, type TransactionAccess } from '../../../pkg/transaction/app/access'
import {
  idempotencyHeaders,
  refusesOneSide,
  sidesInput,
  toTransactionDto,
  transactionDto,
} from '../../../pkg/transaction/dto/transaction'
import type { Outcome } from '../../../pkg/transaction/instruction'
import { answerVerdict, holdChangeFaults, movementFaults, replayedHeaders } from './verdict'

const tag = 'Holds'
const holdParams = z.strictObject({ id: holdIdSchema })
export const capturedHoldDto = newCapturedHoldDto(transactionDto)

const openHoldInput = z
  .strictObject({ ...sidesInput, ...openHoldFields })
  .superRefine(refusesOneSide)
  .meta({ id: 'OpenHold' })

const location = { Location: 'Where it can be read.' }

export interface HoldRoutesDeps {
  holds: HoldApp
  holdAccess: HoldAccess
  ownership: Ownership
  transactionAccess: TransactionAccess
}

export function holdRoutes(deps: HoldRoutesDeps): Route[] {
  const { holds, holdAccess: access, ownership, transactionAccess } = deps
  return [
    route({
      method: 'post',
      path: '/holds',
      tag,
      summary: 'Set money aside',
      roles,
      description:
        'What is held stays in the balance and is no longer available. It is paid by captures, given ' +
        'back by a release, and free again when its time is over.',
      headers: idempotencyHeaders,
      body: openHoldInput,
      answers: {
        201: {
          description: 'The hold.',
          schema: holdDto,
          headers: { ...location, ...replayedHeaders },
        },
      },
      faults: movementFaults,
      async handle({ principal, headers, body }) {
        await ownership.assertOwn(principal, body.account_id)
        const key = keyOf(principal, headers['idempotency-key'])
        const verdict = await holds.open(toHoldRequest(body, key))
        return answerVerdict(verdict, (outcome) => {
          const answer = toHoldAnswer(outcome)
          return { ...answer, status: 201, headers: { Location: `/holds/${outcome.hold!.id}` } }
        })
      },
    }),

    route({
      method: 'get',
      path: '/holds/:id',
      tag,
      summary: 'Get a hold',
      roles,
      params: holdParams,
      answers: { 200: { description: 'The hold as it is now.', schema: holdDto } },
      faults: [holdFaults.notFound],
      async handle({ principal, params }) {
        const hold = await holds.get(params.id)
        await access.assertMaySee(principal, hold)
        return { status: 200, body: toHoldDto(hold) }
      },
    }),

    route({
      method: 'post',
      path: '/holds/:id/capture',
      tag,
      summary: 'Pay out of a hold, in parts or whole',
      roles,
      params: holdParams,
      headers: idempotencyHeaders,
      body: captureHoldInput,
      isBodyOptional: true,
      answers: {
        201: {
          description: 'The transaction, and the hold after it.',
          schema: capturedHoldDto,
          headers: { Location: 'Where the transaction can be read.', ...replayedHeaders },
        },
      },
      faults: [...movementFaults, ...holdChangeFaults, holdFaults.amountExceeded],
      async handle({ principal, params, headers, body }) {
        await access.assertPayee(principal, params.id)
        const key = keyOf(principal, headers['idempotency-key'])
        const verdict = await holds.capture(params.id, body.amount ?? null, key)
        const seen =
          verdict.status === 'refused'
            ? undefined
            : await transactionAccess.show(principal, verdict.transaction!)
        return answerVerdict(verdict, ({ hold }) => ({
          status: 201,
          body: { hold: toHoldDto(hold!), transaction: toTransactionDto(seen!) },
          headers: { Location: `/transactions/${seen!.id}` },
        }))
      },
    }),

    route({
      method: 'post',
      path: '/holds/:id/release',
      tag,
      summary: 'Give back what is left of a hold',
      roles,
      params: holdParams,
      headers: idempotencyHeaders,
      answers: { 200: { description: 'The hold.', schema: holdDto, headers: replayedHeaders } },
      faults: holdChangeFaults,
      async handle({ principal, params, headers }) {
        await access.assertPayer(principal, params.id)
        const key = keyOf(principal, headers['idempotency-key'])
        return answerVerdict(await holds.release(params.id, key), toHoldAnswer)
      },
    }),

    route({
      method: 'post',
      path: '/holds/:id/extend',
      tag,
      summary: 'Give a hold another end',
      roles,
      params: holdParams,
      headers: idempotencyHeaders,
      body: extendHoldInput,
      answers: { 200: { description: 'The hold.', schema: holdDto, headers: replayedHeaders } },
      faults: holdChangeFaults,
      async handle({ principal, params, headers, body }) {
        await access.assertPayer(principal, params.id)
        const key = keyOf(principal, headers['idempotency-key'])
        return answerVerdict(await holds.extend(params.id, body.expires_at, key), toHoldAnswer)
      },
    }),
  ]
}

function toHoldAnswer({ hold }: Outcome): Answer {
  return { status: 200, body: toHoldDto(hold!) }
}
