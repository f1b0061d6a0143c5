import { z } from 'zod'
import { readableId, uuid } from '../id/id'

/** The id of a user or an account, chosen by the client or a UUIDv7. */
export const readableIdSchema = z
  .string()
  .regex(readableId, 'must be 1 to 64 letters, digits or -_.: and begin with a letter or digit')

export const uuidSchema = z.string().regex(uuid, 'must be a UUID').toLowerCase()

/** What a client sends in `Idempotency-Key`; sent twice it arrives as a list and is refused. */
export const idempotencyKeySchema = z
  .string('must be sent once')
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
