import { newFollower } from '../../../internal/clock/follower'
import type { Instant } from '../../../internal/clock/instant'
import { newLru } from '../../../internal/lru/lru'
import type { LockedAccount } from '../book'

/**
 * How this process left the accounts that it posted to last, and what time the database has. Others may
 * have changed them since: whoever decides by it has the database compare them in the same statement that
 * writes what was decided.
 */
export interface Recall {
  /** Those of which nothing is known. Undefined when others post to some of the accounts, too. */
  unknown(ids: readonly string[]): string[] | undefined
  /** All of them, or undefined. */
  accounts(ids: readonly string[]): Map<string, LockedAccount> | undefined
  now(): Instant | undefined
  /** How the database has them, where nothing is known of them yet. */
  learn(accounts: Iterable<LockedAccount>): void
  /** How they were left: what is decided next starts from here, even before that is committed. */
  keep(accounts: Iterable<LockedAccount>): void
  hear(now: Instant): void
  /** Told of a decision that came to nothing, as does what was decided by it since. */
  forget(ids: readonly string[]): void
  /** Others post to these: for a while nothing is known of them. */
  distrust(ids: readonly string[]): void
  /** Rises when something is forgotten: what is sent before that and fails afterwards may fail for that. */
  age(): number
}

/** Some 400 bytes each. */
const accountsMax = 16_384
const distrustedMs = 1000

/** Others post to it; nothing of it is known until then. */
interface Distrusted {
  untilMs: number
}

export function newRecall(elapsedMs = () => performance.now()): Recall {
  const known = newLru<LockedAccount | Distrusted>(accountsMax)
  const follower = newFollower(elapsedMs)
  let age = 0

  function find(id: string): LockedAccount | Distrusted | undefined {
    const found = known.get(id)
    if (!found || !('untilMs' in found) || found.untilMs > elapsedMs()) return found
    known.delete(id)
    return undefined
  }
  function put(account: LockedAccount): void {
    if (isPlain(account)) known.set(account.id, account)
    else known.delete(account.id)
  }

  return {
    unknown(ids) {
      const unknown: string[] = []
      for (const id of ids) {
        const found = find(id)
        if (!found) unknown.push(id)
        else if ('untilMs' in found) return undefined
      }
      return unknown
    },
    accounts(ids) {
      const accounts = new Map<string, LockedAccount>()
      for (const id of ids) {
        const found = known.get(id)
        if (!found || 'untilMs' in found) return undefined
        accounts.set(id, found)
      }
      return accounts
    },
    now: follower.now,
    learn(accounts) {
      for (const account of accounts) if (!find(account.id)) put(account)
    },
    keep(accounts) {
      for (const account of accounts) {
        const found = find(account.id)
        if (!found || !('untilMs' in found)) put(account)
      }
    },
    hear: follower.hear,
    forget(ids) {
      age += 1
      for (const id of ids) known.delete(id)
    },
    distrust(ids) {
      age += 1
      const untilMs = elapsedMs() + distrustedMs
      for (const id of ids) known.set(id, { untilMs })
    },
    age: () => age,
  }
}

/** What is set aside ends by the clock, and of a closed account nothing more is asked. */
function isPlain({ held, expiredHoldIds, closedAt }: LockedAccount): boolean {
  return held === 0n && expiredHoldIds.length === 0 && closedAt === null
}
