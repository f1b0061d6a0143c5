import { roles, type Role } from '../../internal/auth/principal'
import { readArguments, usageFault } from '../../internal/cli/arguments'
import { readableId } from '../../internal/id/id'

export interface CredentialArguments {
  /** The configuration file. */
  path: string
  userId: string
  /** Null: as it is. */
  role: Role | null
  /** For a user who is not there yet. */
  name: { first: string; last: string } | undefined
}

/** Reads what stands behind `tillbook-credential`; faults tell the option and what it takes. */
export function readCredentialArguments(args: string[]): CredentialArguments {
  const { values, positionals } = readArguments(args, {
    options: {
      user: { type: 'string' },
      role: { type: 'string' },
      'first-name': { type: 'string' },
      'last-name': { type: 'string' },
    },
    positionals: ['configuration file'],
  })
  const { user, role, 'first-name': first, 'last-name': last } = values
  if (user === undefined || !readableId.test(user)) {
    throw usageFault('--user must be the id of a user')
  }
  if ((first === undefined) !== (last === undefined)) {
    throw usageFault('--first-name and --last-name go together')
  }
  return {
    path: positionals[0],
    userId: user,
    role: role === undefined ? null : readRole(role),
    name: first === undefined || last === undefined ? undefined : { first, last },
  }
}

function readRole(text: string): Role {
  const role = roles.find((one) => one === text)
  if (role) return role
  throw usageFault(`--role must be one of ${roles.join(', ')}, not "${text}"`)
}
