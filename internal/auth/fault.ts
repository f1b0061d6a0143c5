import type { FaultSpec } from '../fault/fault'

/** What stands between a caller and anything that is not for everybody. */
export const authFaults = {
  unauthenticated: {
    kind: 'unauthenticated',
    code: 'auth.unauthenticated',
    title: 'Signing in is needed',
  },
  forbidden: { kind: 'forbidden', code: 'auth.forbidden', title: 'The role does not allow it' },
  tooManyAttempts: {
    kind: 'too_many',
    code: 'auth.too_many_attempts',
    title: 'Too many attempts to sign in have failed',
  },
  busy: { kind: 'unavailable', code: 'auth.busy', title: 'Too many are signing in at once' },
} as const satisfies Record<string, FaultSpec>
