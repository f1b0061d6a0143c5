import { Fault, type FaultKind, type FaultSpec, type FieldError } from '../fault/fault'
import { generalFaults } from './general-fault'

/** A problem document, RFC 9457: what every refusal looks like on the wire. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  /** Ends in the request id, under which the log knows the request. */
  instance: string
  code: string
  errors?: FieldError[]
  [member: string]: unknown
}

const statusOfKind: Record<FaultKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unprocessable: 422,
  too_many: 429,
  unavailable: 503,
  internal: 500,
}

export function statusOf(spec: FaultSpec): number {
  return spec.status ?? statusOfKind[spec.kind]
}

/** The declared faults by status and code. Throws when one code is declared in two ways. */
export function collectFaults(specs: Iterable<FaultSpec>): FaultSpec[] {
  const byCode = new Map<string, FaultSpec>()
  for (const spec of specs) {
    const known = byCode.get(spec.code) ?? spec
    if (known.title !== spec.title || statusOf(known) !== statusOf(spec)) {
      throw new Error(`the fault ${spec.code} is declared in two ways`)
    }
    byCode.set(spec.code, known)
  }
  return [...byCode.values()].sort(
    (a, b) => statusOf(a) - statusOf(b) || (a.code < b.code ? -1 : 1),
  )
}

/** What was thrown, as a Fault; a defect's own words stay inside. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  return new Fault(generalFaults.internal, {
    detail: 'Something went wrong on this side. It was logged under the request id.',
    cause: error,
  })
}

export function toProblem(fault: Fault, requestId: string): Problem {
  const { spec, detail, errors, members } = fault
  const problem: Problem = {
    type: `/docs/problems#${spec.code}`,
    title: spec.title,
    status: statusOf(spec),
    detail,
    instance: `/requests/${requestId}`,
    code: spec.code,
  }
  if (errors) problem.errors = errors
  // Twice: the usual order comes first, and no member may take the place of a standard one.
  return members ? { ...problem, ...members, ...problem } : problem
}

/** Seconds for `Retry-After`: always there on a 503, elsewhere where the fault names them. */
export function retryAfterSeconds(fault: Fault): number | undefined {
  const seconds = fault.retryAfterSeconds ?? (statusOf(fault.spec) === 503 ? 1 : undefined)
  return seconds === undefined ? undefined : Math.max(1, Math.ceil(seconds))
}
