import { Agent, request } from 'node:http'
import type { Sent } from './history'
import type { Reply } from './kind'

// Longer than the API takes for any answer, so that only what is frozen or gone runs into it.
const timeoutMs = 5000

// One for each process that is called: connections are kept, as real clients do.
const agent = new Agent({ keepAlive: true, maxSockets: 512 })

/** Of all customers. */
export const password = 'what everybody knows here'

function signInOf(user: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

type Sending = Pick<Sent, 'path' | 'key'> &
  Partial<Pick<Sent, 'body' | 'kind'>> & { method?: 'PUT' | 'DELETE'; as?: string }

/** Sends it as it is, with its key; throws when no whole answer came. */
export async function send(
  url: string,
  { method, path, body, as, key, kind }: Sending,
): Promise<Reply> {
  const headers = {
    ...(as !== undefined && { Authorization: signInOf(as) }),
    ...(body && { 'Content-Type': 'application/json' }),
    ...(key !== null && { 'Idempotency-Key': key }),
  }
  const text = body ? JSON.stringify(body) : ''
  const reply = await exchange(`${url}${path}`, { method: method ?? 'POST', headers, body: text })
  return kind?.read?.(reply) ?? reply
}

/** As the demo operator, unless somebody signs in. */
export function get(url: string, as?: string): Promise<Reply> {
  const headers = { ...(as !== undefined && { Authorization: signInOf(as) }) }
  return exchange(url, { method: 'GET', headers, body: '' })
}

interface Message {
  method: string
  headers: Record<string, string>
  body: string
}

function exchange(url: string, { method, headers, body }: Message): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const call = request(url, { method, headers, agent, signal }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (part: string) => (text += part))
      res.on('error', reject)
      res.on('end', () => {
        const isReplayed = res.headers['idempotency-replayed'] === 'true'
        resolve({ status: res.statusCode ?? 0, text, isReplayed })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}
