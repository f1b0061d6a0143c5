import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { Attempt, AttemptOutcome, Attempts } from '../../../internal/auth/attempt'
import { readBasic, type SignIn } from '../../../internal/auth/basic'
import { authFaults } from '../../../internal/auth/fault'
import type { Principal, Role } from '../../../internal/auth/principal'
import { Fault } from '../../../internal/fault/fault'
import { readableId } from '../../../internal/id/id'
import { newLru } from '../../../internal/lru/lru'
import type { Passwords } from '../../../internal/password/password'
import type { Credential, CredentialStore } from '../credential'

export interface Authenticator {
  /**
   * Who sends an `Authorization` header from an address: at once for whom it remembers. Faults:
   * auth.unauthenticated, auth.too_many_attempts, auth.busy, database.unavailable.
   */
  authenticate(authorization: string | undefined, address: string): Principal | Promise<Principal>
  /**
   * Whether a principal of `authenticate` is still who they were: neither their password nor their role
   * was changed since. Faults: database.unavailable.
   */
  isStill(principal: Principal): Promise<boolean>
  /** After a change of password or role: the next request is checked anew. */
  forget(userId: string): void
}

export interface AuthenticatorDeps {
  credentials: Pick<CredentialStore, 'find'>
  passwords: Pick<Passwords, 'verify'>
  attempts: Attempts
  /** Whom callers without a header are taken for; nobody when it is left out. */
  demo?: Principal | undefined
  /** How long a check counts: so late may another process hear of a change. */
  rememberMs: number
  rememberedMax: number
  nowMs(): number
  /** For metrics. */
  onAttempt?(outcome: SignInOutcome): void
}

/** `delayed`: nothing was checked, because too many before it had failed. */
export type SignInOutcome = AttemptOutcome | 'delayed'

/** A password that was right, in a form that only this process can compare with. */
interface Remembered {
  digest: string
  principal: Principal
  changedAt: Credential['changedAt']
  untilMs: number
}

export function newAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { credentials, passwords, attempts, demo, rememberMs, nowMs, onAttempt } = deps
  const key = createSecretKey(randomBytes(32))
  // By user: each has one password that is right.
  const remembered = newLru<Remembered>(deps.rememberedMax)
  /** The same credentials sent many times at once are checked once, and count as one attempt. */
  const underWay = new Map<string, Promise<Principal>>()
  /** When the credential had changed last that a principal was taken from. */
  const origins = new WeakMap<Principal, Credential['changedAt']>()
  let changes = 0

  // As text: a buffer for it would cost half as much again. Nobody outside can tell how far two of them
  // are alike, because nobody outside knows the key: they are compared as they come.
  function digestOf({ userId, password }: SignIn): string {
    return createHmac('sha256', key).update(`${userId}\0${password}`).digest('binary')
  }

  function authenticate(authorization: string | undefined, address: string) {
    if (authorization === undefined) return demo ?? refuseStranger()
    const signIn = readBasic(authorization)
    if (!signIn) return refuse()
    const digest = digestOf(signIn)
    const known = remembered.get(signIn.userId)
    const isKnown = known?.digest === digest
    if (isKnown && nowMs() < known.untilMs) return known.principal
    return once(digest, () => check(signIn, digest, isKnown ? known : undefined, address))
  }

  function once(digest: string, work: () => Promise<Principal>): Promise<Principal> {
    const known = underWay.get(digest)
    if (known) return known
    const started = work().finally(() => underWay.delete(digest))
    underWay.set(digest, started)
    return started
  }

  async function check(
    signIn: SignIn,
    digest: string,
    known: Remembered | undefined,
    address: string,
  ): Promise<Principal> {
    const changesBefore = changes
    const credential =
      (known && (await findUnchanged(known))) ?? (await verify(signIn, address)) ?? refuse()
    const { userId, role, changedAt } = credential
    const principal = { userId, role }
    origins.set(principal, changedAt)
    // A change meanwhile may be one that this check has not seen.
    if (changes === changesBefore) {
      remembered.set(userId, { digest, principal, changedAt, untilMs: nowMs() + rememberMs })
    }
    return principal
  }

  /** What was right is still right while nobody changed it: that takes no hash to find out. */
  async function findUnchanged(known: Remembered): Promise<Credential | undefined> {
    const credential = await credentials.find(known.principal.userId)
    return credential?.changedAt === known.changedAt ? credential : undefined
  }

  async function isStill(principal: Principal): Promise<boolean> {
    if (principal === demo) return true
    const { userId, role } = principal
    const changedAt = origins.get(principal)
    const isSame = (now: { role: Role; changedAt: Credential['changedAt'] } | undefined) =>
      now !== undefined && now.changedAt === changedAt && now.role === role
    const known = remembered.get(userId)
    if (known && nowMs() < known.untilMs) {
      if (isSame({ role: known.principal.role, changedAt: known.changedAt })) return true
    }
    return isSame(await credentials.find(userId))
  }

  /** Undefined when the password is wrong, or there is no such user: both take as long. */
  async function verify(signIn: SignIn, address: string): Promise<Credential | undefined> {
    const attempt: Attempt = { userId: signIn.userId, address }
    const waitMs = await attempts.begin(attempt)
    if (waitMs > 0) {
      onAttempt?.('delayed')
      throw newTooMany(waitMs)
    }
    let outcome: AttemptOutcome = 'abandoned'
    try {
      const credential = await find(signIn.userId)
      const isRight = await passwords.verify(credential?.passwordHash, signIn.password)
      outcome = isRight ? 'succeeded' : 'failed'
      return isRight ? credential : undefined
    } finally {
      onAttempt?.(outcome)
      await attempts.end(attempt, outcome)
    }
  }

  /** What cannot be an id is not asked for; the database would refuse some of it. */
  async function find(userId: string): Promise<Credential | undefined> {
    return credentials.find(readableId.test(userId) ? userId : '')
  }

  return {
    authenticate,
    isStill,
    forget(userId) {
      changes += 1
      remembered.delete(userId)
    },
  }
}

function refuseStranger(): never {
  throw new Fault(authFaults.unauthenticated, {
    detail: 'Sign in with the id of a user and their password, as HTTP Basic.',
  })
}

/** The same for a header that is no header, a user who is not there, and a password that is wrong. */
function refuse(): never {
  throw new Fault(authFaults.unauthenticated, {
    detail: 'The user id or the password is wrong, or the Authorization header is not HTTP Basic.',
  })
}

function newTooMany(waitMs: number): Fault {
  const retryAfterSeconds = Math.ceil(waitMs / 1000)
  return new Fault(authFaults.tooManyAttempts, {
    detail: `Too many attempts have failed. The next one may be made in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  })
}
