import { authFaults } from '../auth/fault'
import { invalidRequest, type FaultSpec } from '../fault/fault'
import { mediaTypesOf, type Route } from './route'

/** What HTTP itself refuses, whatever the domain. */
export const generalFaults = {
  invalid: invalidRequest,
  invalidJson: {
    kind: 'invalid',
    code: 'request.invalid_json',
    title: 'The body is not JSON',
  },
  malformedUrl: {
    kind: 'invalid',
    code: 'request.malformed_url',
    title: 'The URL is not well formed',
  },
  malformed: {
    kind: 'invalid',
    code: 'request.malformed',
    title: 'The request is not well-formed HTTP',
  },
  notAcceptable: {
    kind: 'invalid',
    code: 'request.not_acceptable',
    title: 'The answer does not come in such a form',
    status: 406,
  },
  tooLarge: {
    kind: 'invalid',
    code: 'request.too_large',
    title: 'The body is too large',
    status: 413,
  },
  unsupportedMediaType: {
    kind: 'invalid',
    code: 'request.unsupported_media_type',
    title: 'The body is not in a form that is taken',
    status: 415,
  },
  headersTooLarge: {
    kind: 'invalid',
    code: 'request.headers_too_large',
    title: 'The headers are too large',
    status: 431,
  },
  tooSlow: {
    kind: 'invalid',
    code: 'request.too_slow',
    title: 'The request did not arrive in time',
    status: 408,
  },
  tooMany: {
    kind: 'too_many',
    code: 'request.too_many',
    title: 'Too many requests',
  },
  timeout: {
    kind: 'unavailable',
    code: 'request.timeout',
    title: 'The request took too long',
  },
  busy: {
    kind: 'unavailable',
    code: 'api.busy',
    title: 'The API is busy',
  },
  unauthenticated: authFaults.unauthenticated,
  forbidden: authFaults.forbidden,
  tooManyAttempts: authFaults.tooManyAttempts,
  authBusy: authFaults.busy,
  routeNotFound: {
    kind: 'not_found',
    code: 'route.not_found',
    title: 'No such route',
  },
  methodNotAllowed: {
    kind: 'invalid',
    code: 'route.method_not_allowed',
    title: 'The route does not take this method',
    status: 405,
  },
  internal: {
    kind: 'internal',
    code: 'internal',
    title: 'Something went wrong',
  },
} as const satisfies Record<string, FaultSpec>

/** All that a route may answer, for the reference: its own faults and those that go with its shape. */
export function faultsOf(route: Route): FaultSpec[] {
  const { invalid, malformedUrl, invalidJson, tooLarge, tooSlow, unsupportedMediaType } =
    generalFaults
  const ofForms = mediaTypesOf(route).length > 1 ? [generalFaults.notAcceptable] : []
  const ofBody = route.body ? [invalidJson, tooLarge, tooSlow, unsupportedMediaType] : []
  const { busy, tooMany, timeout, internal } = generalFaults
  // Failed sign-ins are limited also where nothing else is.
  const isLimited = !route.unlimited || route.roles !== 'anyone'
  const ofLoad = [...(route.uncounted ? [] : [busy]), ...(isLimited ? [tooMany] : [])]
  const ofRoles = route.roles === 'anyone' ? [] : Object.values(authFaults)
  const ofRequest = [invalid, malformedUrl, ...ofForms, ...ofBody]
  const general = [...ofRequest, ...ofRoles, ...ofLoad, timeout, internal]
  return [...new Set<FaultSpec>([...route.faults, ...general])]
}
