import type { Role } from '../../internal/auth/principal'
import type { Instant } from '../../internal/clock/instant'
import type { FaultSpec } from '../../internal/fault/fault'
import { commonPasswords } from './common-password'

/** How a user signs in, and as what. */
export interface Credential {
  userId: string
  role: Role
  passwordHash: string
  changedAt: Instant
}

export interface NewCredential {
  userId: string
  /** Null: the role stays, and is `customer` for a user who could not sign in before. */
  role: Role | null
  passwordHash: string
}

export const credentialFaults = {
  noSignIn: {
    kind: 'unprocessable',
    code: 'credential.no_sign_in',
    title: 'A user with such an id cannot sign in',
  },
} as const satisfies Record<string, FaultSpec>

export interface CredentialStore {
  /** Undefined when the user is not there or cannot sign in. */
  find(userId: string): Promise<Credential | undefined>
  /** In place of the one before. Faults: user.not_found. */
  put(credential: NewCredential): Promise<void>
}

/** Characters, not bytes: whoever writes in another script has no shorter password. */
export const passwordLength = { min: 8, max: 128 }

/** Why it cannot be a password of that user, to stand behind "password: "; undefined when it can. */
export function refusePassword(password: string, userId: string): string | undefined {
  const { min, max } = passwordLength
  const length = [...password].length
  if (length < min) return `must have at least ${min} characters`
  if (length > max) return `must have at most ${max} characters`

  if (/[\u0000-\u001f\u007f]/.test(password)) return 'must have no control characters'
  const plain = password.toLowerCase()
  if (plain === userId.toLowerCase()) return 'must not be the id of the user'
  if (commonPasswords.has(plain)) return 'must not be one of those that everybody tries first'
  if (new Set(plain).size < 3) return 'must have more than two different characters'
  return undefined
}

/** The colon ends the user id in an Authorization header of the scheme Basic. */
export function canSignIn(userId: string): boolean {
  return !userId.includes(':')
}
