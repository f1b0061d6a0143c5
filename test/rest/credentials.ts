import type { Role } from '../../internal/auth/principal'
import type { Sent, TestApi } from './api'

/** Of everybody in the tests, unless one says otherwise. */
export const password = 'correct horse battery'

export function basic(userId: string, secret = password): string {
  return `Basic ${Buffer.from(`${userId}:${secret}`).toString('base64')}`
}

/** The request as that user sends it. */
export function as(userId: string, sent: Sent, secret = password): Sent {
  return { ...sent, headers: { ...sent.headers, Authorization: basic(userId, secret) } }
}

/** A user who can sign in. The caller of the test has to be an operator. */
export async function aSignIn(api: TestApi, id: string, role?: Role): Promise<void> {
  const json = { id, first_name: id, last_name: 'Test' }
  await api.send({ method: 'POST', path: '/users', json })
  const answer = await api.send({
    method: 'PUT',
    path: `/users/${id}/credential`,
    json: { password, role },
  })
  expect(answer.status).toBe(204)
}
