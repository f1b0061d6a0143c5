import { z } from 'zod'
import { toPassword } from '../../../internal/auth/basic'
import { roles, type Principal } from '../../../internal/auth/principal'
import { readableIdSchema } from '../../../internal/wire/id'
import { passwordLength } from '../credential'

const { min, max } = passwordLength

/** PUT /users/:id/credential */
export const setCredentialInput = z
  .strictObject({
    // Characters are counted by the rule; this only bounds what it has to look at.
    password: z
      .string()
      .max(2 * max)
      .transform(toPassword)
      .meta({
        description: `${min} to ${max} characters, none of the commonest passwords, and not the user's id.`,
        example: 'correct horse battery staple',
      }),
    role: z.enum(roles).optional().meta({
      description: 'Only an operator gives one. Left out it stays; it begins as `customer`.',
    }),
  })
  .meta({ id: 'SetCredential' })

export const meDto = z
  .strictObject({ user_id: readableIdSchema, role: z.enum(roles) })
  .meta({ id: 'Me' })

export function toMeDto({ userId, role }: Principal): z.input<typeof meDto> {
  return { user_id: userId, role }
}
