import type { IncomingMessage } from 'node:http'
import type { Call } from './reply'

const bodyBytesMax = 262_144

/** The request with its body; undefined when it is too large, no JSON, or has a path that cannot be read. */
export async function readCall(req: IncomingMessage): Promise<Call | undefined> {
  const text = await readText(req)
  if (text === undefined) return undefined
  try {
    const url = new URL(req.url ?? '/', 'http://simulator')
    return {
      method: req.method ?? 'GET',
      segments: url.pathname.slice(1).split('/').map(decodeURIComponent),
      query: url.searchParams,
      idempotencyKey: req.headers['idempotency-key']?.toString(),
      body: text === '' ? undefined : JSON.parse(text),
    }
  } catch {
    return undefined
  }
}

async function readText(req: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
