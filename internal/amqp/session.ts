import type { Socket } from 'node:net'
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib'

export interface SessionSettings {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://…`. */
  url: string
  /** For the connection and the channel to be there. */
  connectTimeoutMs: number
  /** The broker, or we, give a connection up on which nothing was heard for twice as long. */
  heartbeatSeconds: number
}

/** A connection with one confirm channel on it. When the channel ends, all of it has ended. */
export interface Session {
  channel: ConfirmChannel
  connection: ChannelModel
  /** The broker has no disk or memory left, says so, and takes nothing until it does again. */
  isBlocked(): boolean
  isOpen(): boolean
  /** What the broker had against the channel, when it was the one to close it. */
  refusal(): ChannelRefusal | undefined
  /** Breaks it off at once: whatever waits for a confirm is told. */
  drop(reason: string): void
  /** Says goodbye, and does not wait longer than that. */
  close(timeoutMs: number): Promise<void>
  ended: Promise<void>
}

export interface ChannelRefusal {
  /** An AMQP reply code, as 404. */
  code: number
  reason: string
}

/** Throws when the broker cannot be reached or does not let us in. */
export async function openSession(settings: SessionSettings): Promise<Session> {
  const { url, connectTimeoutMs } = settings
  const connection = await connect(withHeartbeat(url, settings.heartbeatSeconds), {
    timeout: connectTimeoutMs,
    noDelay: true,
    clientProperties: { connection_name: 'tillbook' },
  })
  // An unheard 'error' ends the process; what follows from it is told by 'close'.
  connection.on('error', () => {})
  const timer = setTimeout(() => drop(connection, 'no channel in time'), connectTimeoutMs)
  try {
    return watch(connection, await connection.createConfirmChannel())
  } catch (error) {
    drop(connection, 'no channel')
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function watch(connection: ChannelModel, channel: ConfirmChannel): Session {
  let isBlocked = false
  let isOpen = true
  let refusal: ChannelRefusal | undefined
  connection.on('blocked', () => (isBlocked = true))
  connection.on('unblocked', () => (isBlocked = false))
  channel.on('error', (error: Error & { code?: number }) => {
    refusal = { code: error.code ?? 0, reason: error.message }
  })
  const ended = new Promise<void>((resolve) => {
    // Before amqplib's own listener, which tells everybody who waits for a confirm.
    channel.prependListener('close', () => {
      isOpen = false
      resolve()
      if (refusal) drop(connection, 'the channel was closed')
    })
  })
  return {
    channel,
    connection,
    ended,
    isBlocked: () => isBlocked,
    isOpen: () => isOpen,
    refusal: () => refusal,
    drop: (reason) => drop(connection, reason),
    async close(timeoutMs) {
      const timer = setTimeout(() => drop(connection, 'no goodbye in time'), timeoutMs)
      // Fails when it has ended already, and never ends when the broker does not answer.
      void connection.close().catch(() => {})
      await ended
      clearTimeout(timer)
    },
  }
}

/**
 * amqplib says goodbye and waits for an answer, which a broker that hangs never gives. Its socket, which
 * the types leave out, is destroyed with an error: only then does it stop its timers and tell its channels.
 */
function drop(connection: ChannelModel, reason: string): void {
  const { stream } = connection.connection as unknown as { stream: Socket }
  stream.destroy(new Error(reason))
}

function withHeartbeat(url: string, seconds: number): string {
  const whole = new URL(url)
  if (!whole.searchParams.has('heartbeat')) whole.searchParams.set('heartbeat', String(seconds))
  return whole.href
}
