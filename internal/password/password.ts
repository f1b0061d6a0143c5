import { hash, verify, type Options } from '@node-rs/argon2'
import { authFaults } from '../auth/fault'
import { Fault } from '../fault/fault'
import { newLimiter } from '../limiter/limiter'

/** Keeps passwords as Argon2id, in the text that tells its own parameters and salt. */
export interface Passwords {
  /** Faults: auth.busy. */
  hash(password: string): Promise<string>
  /**
   * Whether the password is the one that was hashed. Without a hash it is not, which takes as long to
   * find out. Faults: auth.busy.
   */
  verify(hash: string | undefined, password: string): Promise<boolean>
  /** For the metrics. */
  counts(): { inFlight: number; queued: number }
}

export interface PasswordOptions {
  /** Each takes a processor for some 20 ms, and 19 MiB. */
  inFlightMax: number
  queueMax: number
  /** The real one, unless a test counts what is asked of it. */
  argon2?: { hash: typeof hash; verify: typeof verify }
}

/** What OWASP advises, with one thread. */
const parameters: Options = {
  // Argon2id; its name is a const enum, which cannot be imported here.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
}

/** Of random bytes that nobody kept: for users who are not there. */
const nobodysHash =
  '$argon2id$v=19$m=19456,t=2,p=1$dTNO/JC4NDvoBFo0HYVrHA$I0TuS6uTD496zAZL4c1dOLhSodOSe/0qVd/TxDaYVvY'

export function newPasswords(options: PasswordOptions): Passwords {
  const { inFlightMax, queueMax, argon2 = { hash, verify } } = options
  // The two processors of a small machine are then still there for those who have signed in.
  const limiter = newLimiter({ inFlightMax, queueMax, overflow: newBusy })
  return {
    hash: (password) => limiter.run(() => argon2.hash(password, parameters)),
    async verify(known, password) {
      const isRight = await limiter.run(() => argon2.verify(known ?? nobodysHash, password))
      return isRight && known !== undefined
    },
    counts: limiter.counts,
  }
}

function newBusy(): Fault {
  return new Fault(authFaults.busy, {
    detail: 'More sign in than can be checked at once. Nothing was done; send it again.',
  })
}
