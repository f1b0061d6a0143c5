import { z } from 'zod'
import { pageInput } from '../../../internal/page/page'
import { readPosition, type Position } from '../position'

const form = 'must be the id of an event, or next_cursor of a page'
const example = '748-019c1f6e-8d7a-7c3b-9f10-2b6f0c5d4e3a'

const positionInput = z
  .string()
  .max(64)
  .transform((text, context): Position => {
    const position = readPosition(text)
    if (position) return position
    context.addIssue({ code: 'custom', message: form })
    return z.NEVER
  })
  .meta({ example })

/** GET /events */
export const listEventsQuery = z.strictObject({
  after: z
    .union([z.literal('latest'), positionInput], `${form}, or "latest"`)
    .optional()
    .meta({
      description:
        'The id of an event, or `next_cursor`: the ones behind it. `latest`: only those that come ' +
        'from now on. Without it from the beginning.',
    }),
  limit: pageInput.limit,
})

export const eventHeaders = z.object({
  'last-event-id': positionInput.optional().meta({
    description: 'What an EventSource sends when it connects again; wins over `after`.',
  }),
})

export const eventIdOutput = z
  .string()
  .refine((text) => readPosition(text) !== undefined, form)
  .meta({ description: 'Its position: stays the same for ever.', example })
