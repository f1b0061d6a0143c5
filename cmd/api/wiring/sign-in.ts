import type { ApiConfig } from '../../../config/config'
import { newAttempts, type AttemptOptions } from '../../../internal/auth/attempt'
import { authFaults } from '../../../internal/auth/fault'
import { newSharedAttempts } from '../../../internal/auth/shared-attempt'
import type { Principal } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import { newAddressOf } from '../../../internal/http/address'
import type { Authenticate } from '../../../internal/http/authorize'
import { isNamedByAddress } from '../../../internal/http/site'
import type { Log } from '../../../internal/log/log'
import type { Metrics } from '../../../internal/metrics/metrics'
import { newPasswords, type Passwords } from '../../../internal/password/password'
import type { Redis } from '../../../internal/redis/redis'
import {
  newAuthenticator,
  type Authenticator,
  type SignInOutcome,
} from '../../../pkg/credential/app/authenticator'
import { newCredentialApp, type CredentialApp } from '../../../pkg/credential/app/credential'
import type { CredentialStore } from '../../../pkg/credential/credential'

/** Users and addresses, and pairs of them, whose failures are counted. */
const countedMax = 10_000

// Does not jump when somebody sets the clock of the machine.
const nowMs = () => performance.now()

export const demoOperator: Principal = { userId: 'demo', role: 'operator' }

export interface SignIns {
  /** For transports of their own way to carry a header: gRPC has it in the metadata. */
  authenticator: Authenticator
  authenticate: Authenticate
  credentials: CredentialApp
  /** For the metrics. */
  passwords: Pick<Passwords, 'counts'>
}

export interface SignInDeps {
  store: CredentialStore
  log: Log
  metrics: Metrics
  /** Where failures are counted together with other processes. */
  redis?: Redis | undefined
}

/** Everything about who is asking. */
export function newSignIns({ auth, http, rpc }: ApiConfig, deps: SignInDeps): SignIns {
  const { store, log, metrics, redis } = deps
  const passwords = newPasswords({
    inFlightMax: auth.hashes_in_flight_max,
    queueMax: auth.hash_queue_max,
  })
  const counting: AttemptOptions = {
    userFailuresMax: auth.user_failures_max,
    userFailuresAnywhereMax: auth.user_failures_anywhere_max,
    addressFailuresMax: auth.address_failures_max,
    entriesMax: countedMax,
    nowMs,
    onDelay: ({ userId, address }) =>
      log.warn({ user_id: userId.slice(0, 64), address }, 'sign-ins fail again and again'),
  }
  const authenticator = newAuthenticator({
    credentials: store,
    passwords,
    attempts: redis ? newSharedAttempts({ ...counting, redis }) : newAttempts(counting),
    onAttempt: newAttemptCounter(metrics),
    demo: auth.demo_operator ? demoOperator : undefined,
    rememberMs: auth.remember_ms,
    rememberedMax: auth.remembered_max,
    nowMs,
  })
  for (const host of auth.demo_operator ? new Set([http.host, rpc?.host ?? http.host]) : []) {
    if (!isLoopback(host)) log.warn({ host }, 'everybody who reaches this address is an operator')
  }
  const addressOf = newAddressOf(auth.trusted_proxies)
  const authenticate: Authenticate = (req) => {
    const { authorization } = req.headers
    if (authorization === undefined && auth.demo_operator && !isNamedByAddress(req))
      throw newNamed()
    return authenticator.authenticate(authorization, addressOf(req))
  }
  return {
    authenticator,
    authenticate,
    credentials: newCredentialApp({ credentials: store, passwords, forget: authenticator.forget }),
    passwords,
  }
}

function newAttemptCounter(metrics: Metrics): (outcome: SignInOutcome) => void {
  const count = metrics.counter({
    name: 'tillbook_sign_ins_total',
    help: 'Sign-ins whose password was checked, and those that had to wait because others had failed.',
    labels: ['outcome'],
  })
  return (outcome) => count(1, { outcome })
}

/** Else any page that somebody opens could be the operator of what runs on their machine. */
function newNamed(): Fault {
  return new Fault(authFaults.unauthenticated, {
    detail: 'Without a password, call it by its address or as localhost.',
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
