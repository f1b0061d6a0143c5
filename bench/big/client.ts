import { Agent, get, type IncomingMessage } from 'node:http'

/** One request at a time on one connection: what an answer takes, not how many there are a second. */
export interface LatencyClient {
  /** Milliseconds to the end of an answer, or to its first byte; the rest of that one is not read. */
  time(path: string, until: 'end' | 'first byte'): Promise<number>
  /** Reads an answer to its end without keeping it. */
  drain(path: string): Promise<{ bytes: number; ms: number }>
  close(): void
}

export class Refused extends Error {}

// Longer than the API takes for anything.
const timeoutMs = 300_000

export function newLatencyClient(baseUrl: string): LatencyClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  const request = (path: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const sent = get(baseUrl + path, { agent, timeout: timeoutMs }, resolve)
      sent.on('error', reject)
      sent.on('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)))
    })

  return {
    async time(path, until) {
      const startedAt = performance.now()
      const answer = await request(path)
      await refuseFailure(answer)
      for await (const _ of answer) if (until === 'first byte') break
      return performance.now() - startedAt
    },
    async drain(path) {
      const startedAt = performance.now()
      const answer = await request(path)
      await refuseFailure(answer)
      let bytes = 0
      for await (const chunk of answer) bytes += (chunk as Buffer).length
      return { bytes, ms: performance.now() - startedAt }
    },
    close: () => agent.destroy(),
  }
}

async function refuseFailure(answer: IncomingMessage): Promise<void> {
  if (answer.statusCode === 200) return
  const chunks = await answer.toArray()
  const text = Buffer.concat(chunks as Buffer[]).toString()
  const code = /"code":"([^"]+)"/.exec(text)?.[1]
  throw new Refused(`answered ${answer.statusCode}${code === undefined ? '' : ` ${code}`}`)
}
