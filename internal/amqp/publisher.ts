import type { Log } from '../log/log'
import type { Backoff } from './backoff'
import { assertExchange } from './exchange'
import { newKeeper, type ConnectionState } from './keeper'
import type { Outcome, Outgoing } from './outcome'
import type { ChannelRefusal, Session, SessionSettings } from './session'
import { stream } from './stream'

export interface PublisherSettings extends SessionSettings {
  /** Of an exchange that is not there yet. */
  exchangeType: 'topic' | 'direct'
  confirmTimeoutMs: number
  backoff: Backoff
}

/**
 * Publishes to a broker that comes and goes. It keeps nothing: what was not confirmed is the caller's
 * to send again, and one batch is under way at a time.
 */
export interface Publisher {
  /** Resolves with true when messages can be published, however long that takes; false when it was closed. */
  ready(): Promise<boolean>
  /** What became of each, in the order of the messages. Throws nothing. */
  publish(messages: readonly Outgoing[]): Promise<Outcome[]>
  state(): ConnectionState
  /** Ends what is under way as unanswered. */
  close(): Promise<void>
}

export function newPublisher(settings: PublisherSettings, log: Log): Publisher {
  const { exchangeType: type, confirmTimeoutMs } = settings
  const keeper = newKeeper(settings, settings.backoff, log)
  /** The exchanges that are known to be there, for as long as the session lasts. */
  const exchanges = new WeakMap<Session, Set<string>>()

  async function send(messages: readonly Outgoing[]): Promise<Outcome[]> {
    const session = keeper.session()
    if (!session?.isOpen()) return messages.map(() => unanswered)
    try {
      await assertExchanges(session, new Set(messages.map(({ exchange }) => exchange)))
    } catch {
      return messages.map(() => unanswered)
    }
    const outcomes = await stream(session, messages, confirmTimeoutMs)
    if (outcomes.some(({ kind }) => kind !== 'unanswered')) keeper.worked()
    return outcomes
  }

  async function assertExchanges(session: Session, names: ReadonlySet<string>): Promise<void> {
    const known = exchanges.get(session) ?? new Set()
    exchanges.set(session, known)
    const timer = setTimeout(() => session.drop('no exchange in time'), confirmTimeoutMs)
    try {
      for (const name of names) {
        if (!known.has(name)) await assertExchange(session, { name, type }, log)
        known.add(name)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * A message that the broker cannot bear makes it close the channel, which takes all others along. Who
   * it was shows when each that has no answer is sent alone.
   */
  async function sendAlone(messages: readonly Outgoing[], outcomes: Outcome[]): Promise<void> {
    for (const [i, { kind }] of outcomes.entries()) {
      if (kind !== 'unanswered') continue
      if (keeper.state() === 'away' && !(await keeper.open())) return
      const [outcome = unanswered] = await send([messages[i]!])
      outcomes[i] = withRefusal(outcome, keeper.session()?.refusal())
    }
  }

  return {
    ready: keeper.ready,
    state: keeper.state,
    close: keeper.close,

    async publish(messages) {
      const outcomes = await send(messages)
      const refusal = keeper.session()?.refusal()
      if (messages.length === 1) return outcomes.map((outcome) => withRefusal(outcome, refusal))
      if (refusal) await sendAlone(messages, outcomes)
      return outcomes
    },
  }
}

const unanswered: Outcome = { kind: 'unanswered', reason: 'the connection was lost' }

/** Access refused, and not found: the message may be taken when somebody has put that right. */
const placeMissing: readonly number[] = [403, 404]

/** What the broker had against the channel, it had against the one message that was on it. */
function withRefusal(outcome: Outcome, refusal: ChannelRefusal | undefined): Outcome {
  if (outcome.kind !== 'unanswered' || !refusal) return outcome
  const { code, reason } = refusal
  return { kind: placeMissing.includes(code) ? 'unroutable' : 'refused', reason }
}
