import { z } from 'zod'
import { Fault, databaseUnavailable, type FaultSpec } from '../../../internal/fault/fault'
import { route, type Route } from '../../../internal/http/route'

const tag = 'Health'
const healthDto = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' })
const ok = { status: 200, body: { status: 'ok' } }

export const notReady = {
  kind: 'unavailable',
  code: 'api.not_ready',
  title: 'The API cannot serve at the moment',
} satisfies FaultSpec

/** `whyNotReady` answers a sentence, or undefined when requests can be served. */
export function healthRoutes({
  whyNotReady,
}: {
  whyNotReady(): Promise<string | undefined>
}): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      uncounted: true,
      tag,
      summary: 'Is the process alive?',
      answers: { 200: { description: 'It is.', schema: healthDto } },
      faults: [],
      handle: async () => ok,
    }),

    route({
      method: 'get',
      path: '/readyz',
      uncounted: true,
      tag,
      summary: 'Can requests be served?',
      description:
        'The database answers, its schema is not older than this version, and lets the API post.',
      answers: { 200: { description: 'They can.', schema: healthDto } },
      faults: [notReady, databaseUnavailable],
      async handle() {
        const reason = await whyNotReady()
        if (reason !== undefined) throw new Fault(notReady, { detail: reason })
        return ok
      },
    }),
  ]
}
