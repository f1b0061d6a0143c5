import type { Script } from './script'

export interface SessionSettings {
  /** `redis://user:password@host:6379/0`, or `rediss://…`. */
  url: string
  connectTimeoutMs: number
  /** For an answer. */
  timeoutMs: number
}

/** One connection. When it breaks it stays broken. */
export interface Session {
  /** Rejects when there is no answer in time, or an error for one. */
  run(script: Script, keys: readonly string[], args: readonly number[]): Promise<unknown>
  drop(): void
  /** Resolves to what broke it. */
  broken: Promise<Error>
}

/** Throws when nothing answers there in time. */
export async function openSession(settings: SessionSettings): Promise<Session> {
  const { timeoutMs, connectTimeoutMs } = settings
  const client = await newClient(settings)
  const drop = () => {
    if (client.isOpen) client.destroy()
  }
  const broken = new Promise<Error>((resolve) => client.on('error', resolve))
  try {
    // A server that hangs takes the connection and then never answers to the password.
    await within(connectTimeoutMs, client.connect())
    await within(timeoutMs, client.ping())
  } catch (error) {
    drop()
    throw error
  }
  const send = (
    command: string,
    script: string,
    keys: readonly string[],
    args: readonly number[],
  ) => client.sendCommand([command, script, String(keys.length), ...keys, ...args.map(String)])
  async function run(script: Script, keys: readonly string[], args: readonly number[]) {
    try {
      return await send('EVALSHA', script.sha1, keys, args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return send('EVAL', script.text, keys, args)
    }
  }
  return { run: (...command) => within(timeoutMs, run(...command)), drop, broken }
}

/** Loaded when somebody has a Redis: the package takes 20 MB of memory. */
async function newClient({ url, connectTimeoutMs }: SessionSettings) {
  const { createClient } = await import('redis')
  return createClient({
    url,
    RESP: 2,
    // Nothing waits for a connection to come back: what cannot be asked is decided without it.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  })
}

function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(`no answer within ${timeoutMs} ms`))
    // An answer that came while this process was busy is read before it is given up.
    const timer = setTimeout(() => setImmediate(giveUp), timeoutMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
