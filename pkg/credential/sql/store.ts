import type { Role } from '../../../internal/auth/principal'
import { lookupLimits, newLookup } from '../../../internal/lookup/lookup'
import { sqlState, violates } from '../../../internal/postgres/errors'
import type { Executor } from '../../../internal/postgres/query'
import { newUserNotFound } from '../../user/user'
import type { Credential, CredentialStore } from '../credential'
import { listCredentials, putCredential, type ListCredentialsRow } from './credential.sql.ts'

export function newCredentialStore(db: Executor): CredentialStore {
  // However many sign in at once, they leave the connections to those who have.
  const credentials = newLookup({
    load: (userIds) => loadCredentials(db, userIds),
    ...lookupLimits,
  })
  return {
    find: credentials.find,

    async put({ userId, role, passwordHash }) {
      try {
        await putCredential(db, { user_id: userId, role, password_hash: passwordHash })
      } catch (error) {
        if (!violates(error, sqlState.foreign_key_violation, 'credential_user_fkey')) throw error
        throw newUserNotFound(userId, error)
      }
    },
  }
}

async function loadCredentials(db: Executor, userIds: string[]): Promise<Map<string, Credential>> {
  const rows = await listCredentials(db, { user_ids: userIds })
  return new Map(rows.map((row) => [row.user_id, toCredential(row)]))
}

function toCredential(row: ListCredentialsRow): Credential {
  return {
    userId: row.user_id,
    role: row.role as Role,
    passwordHash: row.password_hash,
    changedAt: row.changed_at,
  }
}
