import { Code, ConnectError } from '@connectrpc/connect'
import { Fault, type FaultKind } from '../fault/fault'
import { generalFaults } from '../http/general-fault'
import { encodeMessage, nameOfCode, toConnectError } from './status'

const faultOf = (kind: FaultKind) =>
  new Fault({ kind, code: 'test.code', title: 'T' }, { detail: 'In words.' })

test.each<[FaultKind, Code]>([
  ['invalid', Code.InvalidArgument],
  ['unauthenticated', Code.Unauthenticated],
  ['forbidden', Code.PermissionDenied],
  ['not_found', Code.NotFound],
  ['conflict', Code.FailedPrecondition],
  ['unprocessable', Code.FailedPrecondition],
  ['too_many', Code.ResourceExhausted],
  ['unavailable', Code.Unavailable],
  ['internal', Code.Internal],
])('a fault that is %s goes out as code %d, in its own public words', (kind, code) => {
  const { code: given, rawMessage } = toConnectError(faultOf(kind), 'id-1')
  expect({ given, rawMessage }).toEqual({ given: code, rawMessage: 'In words.' })
})

const detailsOf = (error: unknown) =>
  toConnectError(error, 'id-1').details.map(
    (one) => 'desc' in one && [one.desc.typeName, one.value],
  )

test('tells programs its code, its members, the request, the fields and when to try again', () => {
  const options = {
    ...{ detail: 'No.', errors: [{ path: 'name', message: 'is required' }] },
    ...{ members: { upstream: 'users', sold: [1] }, retryAfterSeconds: 1.5 },
  }
  const fault = new Fault({ kind: 'invalid', code: 'test.code', title: 'T' }, options)
  const metadata = { upstream: 'users', sold: '[1]' }
  expect(detailsOf(fault)).toEqual([
    ['google.rpc.ErrorInfo', { reason: 'test.code', domain: 'tillbook', metadata }],
    ['google.rpc.RequestInfo', { requestId: 'id-1' }],
    ['google.rpc.BadRequest', { fieldViolations: [{ field: 'name', description: 'is required' }] }],
    ['google.rpc.RetryInfo', { retryDelay: { seconds: 1n, nanos: 500_000_000 } }],
  ])
})

test('a defect’s own words stay inside', () => {
  const error = toConnectError(new Error('relation "secret" does not exist'), 'id-1')
  expect(error.code).toBe(Code.Internal)
  expect(error.rawMessage).not.toContain('secret')
  const values = error.details.map(({ value }) => value)
  expect(JSON.stringify(values)).not.toContain('secret')
})

test('what took too long is DEADLINE_EXCEEDED, and what the transport says stays as it is', () => {
  const late = new Fault(generalFaults.timeout, { detail: 'Late.' })
  expect(toConnectError(late, 'id-1').code).toBe(Code.DeadlineExceeded)
  const own = new ConnectError('gone', Code.Canceled)
  expect(toConnectError(own, 'id-1')).toBe(own)
})

test('codes have the names of the specification', () => {
  const all = Array.from({ length: 17 }, (_, code) => nameOfCode(code as Code))
  expect(all).toEqual([
    ...['ok', 'canceled', 'unknown', 'invalid_argument', 'deadline_exceeded', 'not_found'],
    ...['already_exists', 'permission_denied', 'resource_exhausted', 'failed_precondition'],
    ...['aborted', 'out_of_range', 'unimplemented', 'internal', 'unavailable', 'data_loss'],
    'unauthenticated',
  ])
})

test.each([
  ['plain, with "quotes" & more', 'plain, with "quotes" & more'],
  ['50 %', '50 %25'],
  ['a\nb', 'a%0Ab'],
  ['Straße 😀', 'Stra%C3%9Fe %F0%9F%98%80'],
])('the message %j goes out as %j', (text, encoded) => {
  expect(encodeMessage(text)).toBe(encoded)
  expect(decodeURIComponent(encoded)).toBe(text)
})
