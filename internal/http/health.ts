import { z } from 'zod'
import { Fault, databaseUnavailable, type FaultSpec } from '../fault/fault'
import { route, type Route } from './route'

const tag = 'Health'
const healthDto = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' })
const ok = { status: 200, body: { status: 'ok' } }

export const notReady = {
  kind: 'unavailable',
  code: 'api.not_ready',
  title: 'The API cannot serve at the moment',
} satisfies FaultSpec

export interface Health {
  /** A sentence, or undefined when the program can do its work. */
  whyNotReady(): Promise<string | undefined>
  /** What /readyz answers then; of the API unless another is named. */
  fault?: FaultSpec
}

export function healthRoutes({ whyNotReady, fault = notReady }: Health): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      uncounted: true,
      unlimited: true,
      tag,
      summary: 'Is the process alive?',
      roles: 'anyone',
      answers: { 200: { description: 'It is.', schema: healthDto } },
      faults: [],
      handle: async () => ok,
    }),

    route({
      method: 'get',
      path: '/readyz',
      uncounted: true,
      unlimited: true,
      tag,
      summary: 'Can requests be served?',
      roles: 'anyone',
      description:
        'The database answers, its schema is not older than this version, and lets the API post.',
      answers: { 200: { description: 'They can.', schema: healthDto } },
      faults: [fault, databaseUnavailable],
      async handle() {
        const reason = await whyNotReady()
        if (reason !== undefined) throw new Fault(fault, { detail: reason })
        return ok
      },
    }),
  ]
}
