import { Code, ConnectError } from '@connectrpc/connect'
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf'
import type { Fault, FaultKind } from '../fault/fault'
import { generalFaults } from '../http/general-fault'
import { toFault } from '../http/problem'
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from './gen/google/rpc/error_details_pb'

/** What each kind is on this transport; the one for HTTP stands in internal/http/problem.ts. */
const codeOfKind: Record<FaultKind, Code> = {
  invalid: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  forbidden: Code.PermissionDenied,
  not_found: Code.NotFound,
  // Something else has to change before the same call can succeed. ABORTED would invite to repeat it.
  conflict: Code.FailedPrecondition,
  unprocessable: Code.FailedPrecondition,
  too_many: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  internal: Code.Internal,
}

/** More precise than the kind's own. */
const codeOfFault: Readonly<Record<string, Code>> = {
  [generalFaults.timeout.code]: Code.DeadlineExceeded,
}

export function codeOf({ code, kind }: Pick<Fault, 'code' | 'kind'>): Code {
  return codeOfFault[code] ?? codeOfKind[kind]
}

/** As it stands in the specification of gRPC, in lower case: `not_found`. */
export function nameOfCode(code: Code): string {
  if ((code as number) === 0) return 'ok'
  return (Code[code] ?? 'Unknown')
    .replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase()
}

/** For the trailer `grpc-message`: all but visible ASCII and the space is percent-encoded. */
export function encodeMessage(text: string): string {
  return text.replace(/[^ -~]+|%/gu, encodeURIComponent)
}

/** Whose codes stand in the reason of an ErrorInfo. */
const domain = 'tillbook'

/** The refusal as it goes out: the fault's public words, and what a program needs as google.rpc details. */
export function toConnectError(error: unknown, requestId: string): ConnectError {
  // What the transport itself refuses, or the caller gave up, is in public words already.
  if (error instanceof ConnectError) return error
  const fault = toFault(error)
  const details = [
    detail(ErrorInfoSchema, { reason: fault.code, domain, metadata: toMetadata(fault.members) }),
    detail(RequestInfoSchema, { requestId }),
  ]
  if (fault.errors) details.push(detail(BadRequestSchema, toBadRequest(fault.errors)))
  const { retryAfterSeconds } = fault
  if (retryAfterSeconds !== undefined)
    details.push(detail(RetryInfoSchema, toRetryInfo(retryAfterSeconds)))
  return new ConnectError(fault.detail, codeOf(fault), toHeaders(fault), details, fault)
}

/** Who calls over plain HTTP looks for it there. */
function toHeaders({ retryAfterSeconds }: Fault): Record<string, string> | undefined {
  if (retryAfterSeconds === undefined) return undefined
  return { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }
}

interface Detail {
  desc: DescMessage
  value: MessageInitShape<DescMessage>
}

function detail<Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>): Detail {
  return { desc, value: value as MessageInitShape<DescMessage> }
}

function toBadRequest(errors: NonNullable<Fault['errors']>) {
  return {
    fieldViolations: errors.map(({ path, message }) => ({ field: path, description: message })),
  }
}

function toRetryInfo(seconds: number) {
  const whole = Math.floor(seconds)
  return { retryDelay: { seconds: BigInt(whole), nanos: Math.round((seconds - whole) * 1e9) } }
}

/** Public members of a problem document; a map of protobuf holds text only. */
function toMetadata(members: Fault['members'] = {}): Record<string, string> {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, text(value)]))
}
