import type { Clock } from '../../../internal/clock/clock'
import { newUserNotFound } from '../../user/user'
import type { Credential, CredentialStore } from '../credential'

export interface CredentialMemory {
  users: { has(id: string): boolean }
  clock: Clock
}

/** For unit tests; nothing is kept. */
export function newCredentialStore({ users, clock }: CredentialMemory): CredentialStore {
  const credentials = new Map<string, Credential>()
  return {
    find: async (userId) => credentials.get(userId),
    async put({ userId, role, passwordHash }) {
      if (!users.has(userId)) throw newUserNotFound(userId)
      const kept = role ?? credentials.get(userId)?.role ?? 'customer'
      credentials.set(userId, { userId, role: kept, passwordHash, changedAt: clock.now() })
    },
  }
}
