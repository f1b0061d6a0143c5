import { authFaults } from '../../../internal/auth/fault'
import type { Principal, Role } from '../../../internal/auth/principal'
import { Fault, invalidRequest } from '../../../internal/fault/fault'
import type { Passwords } from '../../../internal/password/password'
import { assertSelf } from '../../user/user'
import { canSignIn, credentialFaults, refusePassword, type CredentialStore } from '../credential'

export interface Change {
  userId: string
  password: string
  /** Null: as it is. */
  role: Role | null
}

export interface CredentialApp {
  /**
   * Lets a user sign in with this password from now on, and with no other. An operator does it for
   * anyone; a user for themselves, and never changes what they are. Faults: request.invalid,
   * user.not_found, auth.forbidden, auth.busy, credential.no_sign_in.
   */
  set(principal: Principal, change: Change): Promise<void>
}

export interface CredentialAppDeps {
  credentials: Pick<CredentialStore, 'put'>
  passwords: Pick<Passwords, 'hash'>
  /** Told of each change once it is made: what is remembered of the user is old. */
  forget(userId: string): void
}

export function newCredentialApp(deps: CredentialAppDeps): CredentialApp {
  const { credentials, passwords, forget } = deps
  return {
    async set(principal, { userId, password, role }) {
      assertSelf(principal, userId)
      if (role !== null && principal.role !== 'operator') {
        throw new Fault(authFaults.forbidden, { detail: 'Only an operator gives a role.' })
      }
      assertAcceptable(userId, password)
      const passwordHash = await passwords.hash(password)
      await credentials.put({ userId, role, passwordHash })
      forget(userId)
    },
  }
}

function assertAcceptable(userId: string, password: string): void {
  if (!canSignIn(userId)) {
    throw new Fault(credentialFaults.noSignIn, {
      detail: `"${userId}" holds a colon, which ends the user id when somebody signs in.`,
    })
  }
  const message = refusePassword(password, userId)
  if (message === undefined) return
  const errors = [{ path: 'password', message }]
  throw new Fault(invalidRequest, { detail: `password: ${message}.`, errors })
}
