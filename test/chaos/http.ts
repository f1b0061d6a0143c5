import { Agent, request } from 'node:http'
import type { Sent } from './history'
import type { Reply } from './kind'

// Longer than the API takes for any answer, so that only what is frozen or gone runs into it.
const timeoutMs = 5000

// One for each process that is called: connections are kept, as real clients do.
const agent = new Agent({ keepAlive: true, maxSockets: 512 })

/** Sends it as it is, with its key; throws when no whole answer came. */
export async function send(
  url: string,
  { path, body, key, kind }: Pick<Sent, 'path' | 'body' | 'key'> & Partial<Pick<Sent, 'kind'>>,
): Promise<Reply> {
  const headers = {
    ...(body && { 'Content-Type': 'application/json' }),
    ...(key !== null && { 'Idempotency-Key': key }),
  }
  const text = body ? JSON.stringify(body) : ''
  const reply = await exchange(`${url}${path}`, { method: 'POST', headers, body: text })
  return kind?.read?.(reply) ?? reply
}

export function get(url: string): Promise<Reply> {
  return exchange(url, { method: 'GET', headers: {}, body: '' })
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
