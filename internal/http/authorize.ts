import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import { authFaults } from '../auth/fault'
import { stranger, type Principal, type Role } from '../auth/principal'
import { Fault } from '../fault/fault'
import { exchangeOf, type Border } from './border'
import { kindOfMethod, spendAndTell, type RateLimit } from './rate-limit'
import type { Route } from './route'
import { assertOwnSite } from './site'

/**
 * Tells who sends a request, or throws auth.unauthenticated, auth.too_many_attempts, auth.busy or
 * database.unavailable. At once for whom it remembers, which spares the request a turn.
 */
export type Authenticate = (req: IncomingMessage) => Principal | Promise<Principal>

/** Throws when a route does not say who may call it: what nobody thought of is nobody's to call. */
export function assertRoles(routes: readonly Route[]): void {
  for (const { method, path, roles } of routes) {
    if (roles === 'anyone' || (Array.isArray(roles) && roles.length > 0)) continue
    throw new Error(
      `${method.toUpperCase()} ${path} declares no roles: say in the route who may call it`,
    )
  }
}

/** Who a request comes from, for the handlers behind `newAuthorizer`. */
export function principalOf(res: Response): Principal {
  return res.locals.principal as Principal
}

export interface AuthorizerOptions {
  authenticate: Authenticate
  border: Border
  rateLimit?: RateLimit | undefined
}

/** Comes before the body is read: that of a stranger, or of whoever asks too often, is not worth the work. */
export function newAuthorizer(
  { roles, unlimited }: Pick<Route, 'roles' | 'unlimited'>,
  { authenticate, border, rateLimit }: AuthorizerOptions,
): RequestHandler {
  const limit = unlimited ? undefined : rateLimit
  if (roles === 'anyone' && !limit) return admitStranger
  const identify = roles === 'anyone' ? () => stranger : authenticate
  return (req, res, next) => {
    // From here on its time counts.
    exchangeOf(req, res)
    const enter = (principal: Principal) => {
      res.locals.principal = roles === 'anyone' ? principal : withRole(principal, roles)
      next()
    }
    const admit = (principal: Principal) => {
      const { userId } = principal
      const spent = limit && spendAndTell(limit, kindOfMethod(req.method), { req, res, userId })
      return spent ? spent.then(() => enter(principal)) : enter(principal)
    }
    const fail = (error: unknown) => void refuse(border, req, res, error, rateLimit)
    try {
      if (roles !== 'anyone') assertOwnSite(req)
      const known = identify(req)
      const admitted = known instanceof Promise ? known.then(admit) : admit(known)
      admitted?.catch(fail)
    } catch (error) {
      fail(error)
    }
  }
}

const admitStranger: RequestHandler = (_req, res, next) => {
  res.locals.principal = stranger
  next()
}

function withRole(principal: Principal, roles: readonly Role[]): Principal {
  if (roles.includes(principal.role)) return principal
  const those = roles.map((role) => `${role}s`).join(' and ')
  throw new Fault(authFaults.forbidden, { detail: `This is for ${those} only.` })
}

async function refuse(
  border: Border,
  req: Request,
  res: Response,
  error: unknown,
  rateLimit: RateLimit | undefined,
): Promise<void> {
  const isUnknown = error instanceof Fault && error.kind === 'unauthenticated'
  if (!isUnknown) return border.refuse(req, res, error)
  try {
    if (rateLimit) await spendAndTell(rateLimit, 'sign_in', { req, res, userId: '' })
    border.refuse(req, res, error, { 'WWW-Authenticate': challengeTo(req) })
  } catch (tooMany) {
    border.refuse(req, res, tooMany)
  }
}

/**
 * A browser that sees the scheme `Basic` asks for a password in a window of its own, and sends it along
 * with whatever any site makes it send from then on. A page that fetches gets a scheme browsers do not
 * know, and asks by itself.
 */
function challengeTo({ headers }: IncomingMessage): string {
  const isFetch = headers['sec-fetch-mode'] === 'cors' || headers['x-requested-with'] !== undefined
  return `${isFetch ? 'xBasic' : 'Basic'} realm="tillbook", charset="UTF-8"`
}
