import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection, type Connection } from './connection'

/** Connections to one API, and what is sent over them. */
export interface Load {
  /** As many under way as `connections`, for some seconds. */
  closedLoop(options: { connections: number; seconds: number }): Promise<Measured>
  /** So many a second, however many are answered; each needs a connection that is free. */
  openLoop(options: { rate: number; seconds: number }): Promise<Measured>
  close(): void
}

export interface Measured {
  seconds: number
  offered: number
  /** Requests that were due when no connection was free. */
  unsent: number
  served: Latencies
  /** 503 with Retry-After. */
  refused: Latencies
  /** Anything else, by status; 0 is a broken connection. */
  others: Record<string, number>
}

/** In milliseconds, in the order of arrival. */
export type Latencies = number[]

export interface LoadOptions {
  url: string
  connections: number
  /** Ids of the accounts that are paid into. */
  accounts: readonly string[]
}

const tickMs = 4

export async function newLoad({ url, connections, accounts }: LoadOptions): Promise<Load> {
  const { hostname: host, port } = new URL(url)
  const requests = accounts.map((id) => newRequest(host, id))
  let isOver = true
  let next = 0
  let measured = newMeasured()
  let onFree: (connection: Connection) => void = () => {}

  function send(connection: Connection): void {
    const request = requests[next++ % requests.length]!
    request.bytes.write(randomUUID(), request.keyAt, 'latin1')
    measured.offered += 1
    // Copied, because the socket may keep it for a while, and the next one has another key.
    connection.send(Buffer.from(request.bytes))
  }
  function take(connection: Connection, status: number, head: string, latencyMs: number): void {
    if (status === 201) measured.served.push(latencyMs)
    else if (status === 503 && head.includes('\r\nRetry-After: ')) measured.refused.push(latencyMs)
    else measured.others[status] = (measured.others[status] ?? 0) + 1
    onFree(connection)
  }
  function lose(): void {
    measured.others[0] = (measured.others[0] ?? 0) + 1
  }

  const all: Connection[] = []
  const opened = { host, port: Number(port), onAnswer: take, onBreak: () => !isOver && lose() }
  for (let n = 0; n < connections; n += 100) {
    const some = Array.from({ length: Math.min(100, connections - n) }, () =>
      openConnection(opened),
    )
    all.push(...(await Promise.all(some)))
  }

  async function measure(work: () => Promise<void>): Promise<Measured> {
    measured = newMeasured()
    isOver = false
    const startedMs = performance.now()
    await work()
    isOver = true
    // What came until now is what counts; the rest is waited for, so that the next one starts clean.
    const result = { ...measured, seconds: (performance.now() - startedMs) / 1000 }
    measured = newMeasured()
    onFree = () => {}
    while (all.some(({ startedAtMs }) => startedAtMs !== null)) await sleep(tickMs)
    return result
  }

  return {
    closedLoop({ connections: count, seconds }) {
      return measure(async () => {
        onFree = (connection) => void (isOver || send(connection))
        for (const connection of all.slice(0, count)) send(connection)
        await sleep(seconds * 1000)
      })
    },
    openLoop({ rate, seconds }) {
      return measure(async () => {
        const free = [...all]
        onFree = (connection) => void free.push(connection)
        const startedMs = performance.now()
        for (let due = 0; ;) {
          const passedMs = performance.now() - startedMs
          if (passedMs >= seconds * 1000) return
          for (; due < (passedMs / 1000) * rate; due++) {
            const connection = free.shift()
            if (connection) send(connection)
            else measured.unsent += 1
          }
          await sleep(tickMs)
        }
      })
    },
    close() {
      isOver = true
      for (const connection of all) connection.close()
    },
  }
}

function newMeasured(): Measured {
  return { seconds: 0, offered: 0, unsent: 0, served: [], refused: [], others: {} }
}

/** The bytes of a deposit, and where its key stands in them. */
function newRequest(host: string, account: string): { bytes: Buffer; keyAt: number } {
  const key = randomUUID()
  const body = JSON.stringify({ account_id: account, amount: '1.00', description: 'Overload' })
  const head = [
    'POST /transactions HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Idempotency-Key: ${key}`,
  ]
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')
  return { bytes, keyAt: bytes.indexOf(key) }
}
