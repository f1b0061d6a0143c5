/** What a caller may do. An operator reaches everything. */
export const roles = ['customer', 'merchant', 'operator'] as const

export type Role = (typeof roles)[number]

/** For what only an operator may do. */
export const operators: readonly Role[] = ['operator']

/** Who is asking: a user that has signed in. */
export interface Principal {
  userId: string
  role: Role
}

/**
 * Stands for whoever calls what anyone may call. No user has an empty id, so that nothing is theirs,
 * should somebody ask by mistake.
 */
export const stranger: Principal = { userId: '', role: 'customer' }
