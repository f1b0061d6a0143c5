/** What kind of thing went wrong. Closed: transports map each kind to a status of their own. */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'unprocessable'
  | 'too_many'
  | 'unavailable'
  | 'internal'

/** A fault as its domain declares it, once: `{kind: 'not_found', code: 'account.not_found', …}`. */
export interface FaultSpec {
  kind: FaultKind
  /** Stable and machine-readable, as in `account.insufficient_funds`. */
  code: string
  /** A few words that are the same each time, for the problem document. */
  title: string
  /** An HTTP status more precise than the kind's own. */
  status?: number
}

/** One thing that is wrong with the input: `path` as in `metadata.tags.0`, empty for the whole. */
export interface FieldError {
  path: string
  message: string
}

/** What is particular to one occurrence. */
export interface FaultOptions {
  /** One sentence for the caller; never internal text. */
  detail: string
  errors?: FieldError[]
  /** Further public members of the problem document, ready for JSON. */
  members?: Record<string, unknown>
  /** Seconds after which it is worth another try. */
  retryAfterSeconds?: number
  /** What lies beneath; logged, never shown. */
  cause?: unknown
}

/**
 * Everything that is thrown on purpose. What is thrown and is no Fault is a defect or the
 * database's word, and becomes `internal` at the border.
 */
export class Fault extends Error {
  readonly spec: FaultSpec
  readonly detail: string
  readonly errors: FieldError[] | undefined
  readonly members: Record<string, unknown> | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(spec: FaultSpec, options: FaultOptions) {
    super(`${spec.code}: ${options.detail}`, { cause: options.cause })
    this.name = 'Fault'
    this.spec = spec
    this.detail = options.detail
    this.errors = options.errors
    this.members = options.members
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get kind(): FaultKind {
    return this.spec.kind
  }

  get code(): string {
    return this.spec.code
  }
}

/** The input itself is wrong; `errors` says where. */
export const invalidRequest = {
  kind: 'invalid',
  code: 'request.invalid',
  title: 'The request is not valid',
} satisfies FaultSpec

/** The database cannot be reached, or not in time. */
export const databaseUnavailable = {
  kind: 'unavailable',
  code: 'database.unavailable',
  title: 'The database cannot be reached',
} satisfies FaultSpec
