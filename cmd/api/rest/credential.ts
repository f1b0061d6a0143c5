import { z } from 'zod'
import { roles } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import type { CredentialApp } from '../../../pkg/credential/app/credential'
import { credentialFaults } from '../../../pkg/credential/credential'
import { meDto, setCredentialInput, toMeDto } from '../../../pkg/credential/dto/credential'
import { userIdSchema } from '../../../pkg/user/dto/user'
import { userFaults } from '../../../pkg/user/user'

const tag = 'Users'

export function credentialRoutes({ credentials }: { credentials: CredentialApp }): Route[] {
  return [
    route({
      method: 'get',
      path: '/me',
      tag,
      summary: 'Who am I?',
      roles,
      answers: { 200: { description: 'Whoever sent the request.', schema: meDto } },
      faults: [],
      handle: async ({ principal }) => ({ status: 200, body: toMeDto(principal) }),
    }),

    route({
      method: 'put',
      path: '/users/:id/credential',
      tag,
      summary: 'Set the password of a user',
      description:
        'From the answer on, the user signs in with this password and no other. Users set their own, ' +
        'operators that of anyone, and the role with it.',
      roles,
      params: z.strictObject({ id: userIdSchema }),
      body: setCredentialInput,
      answers: { 204: { description: 'It is set.' } },
      faults: [userFaults.notFound, credentialFaults.noSignIn],
      async handle({ principal, params, body: { password, role = null } }) {
        await credentials.set(principal, { userId: params.id, password, role })
        return { status: 204, body: undefined }
      },
    }),
  ]
}
