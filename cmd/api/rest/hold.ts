import { z } from 'zod'
import { route, type Answer, type Route } from '../../../internal/http/route'
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

export function holdRoutes({ holds }: { holds: HoldApp }): Route[] {
  return [
    route({
      method: 'post',
      path: '/holds',
      tag,
      summary: 'Set money aside',
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
      async handle({ headers, body }) {
        const verdict = await holds.open(toHoldRequest(body, headers['idempotency-key']))
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
      params: holdParams,
      answers: { 200: { description: 'The hold as it is now.', schema: holdDto } },
      faults: [holdFaults.notFound],
      async handle({ params }) {
        return { status: 200, body: toHoldDto(await holds.get(params.id)) }
      },
    }),

    route({
      method: 'post',
      path: '/holds/:id/capture',
      tag,
      summary: 'Pay out of a hold, in parts or whole',
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
      async handle({ params, headers, body }) {
        const key = headers['idempotency-key'] ?? null
        const verdict = await holds.capture(params.id, body.amount ?? null, key)
        return answerVerdict(verdict, ({ hold, transaction }) => ({
          status: 201,
          body: { hold: toHoldDto(hold!), transaction: toTransactionDto(transaction!) },
          headers: { Location: `/transactions/${transaction!.id}` },
        }))
      },
    }),

    route({
      method: 'post',
      path: '/holds/:id/release',
      tag,
      summary: 'Give back what is left of a hold',
      params: holdParams,
      headers: idempotencyHeaders,
      answers: { 200: { description: 'The hold.', schema: holdDto, headers: replayedHeaders } },
      faults: holdChangeFaults,
      async handle({ params, headers }) {
        const key = headers['idempotency-key'] ?? null
        return answerVerdict(await holds.release(params.id, key), toHoldAnswer)
      },
    }),

    route({
      method: 'post',
      path: '/holds/:id/extend',
      tag,
      summary: 'Give a hold another end',
      params: holdParams,
      headers: idempotencyHeaders,
      body: extendHoldInput,
      answers: { 200: { description: 'The hold.', schema: holdDto, headers: replayedHeaders } },
      faults: holdChangeFaults,
      async handle({ params, headers, body }) {
        const key = headers['idempotency-key'] ?? null
        return answerVerdict(await holds.extend(params.id, body.expires_at, key), toHoldAnswer)
      },
    }),
  ]
}

function toHoldAnswer({ hold }: Outcome): Answer {
  return { status: 200, body: toHoldDto(hold!) }
}
