import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultName } from './fault'
import type { Reply } from './reply'

const json = 'application/json'
const dripMs = 100
const chunk = Buffer.alloc(65_536, 'x')
const endlessBytes = 10 * 1024 ** 3
const longName = 'x'.repeat(1024 ** 2)
const names = ['name', 'firstName', 'lastName']

/** Sends the reply as it should be. */
export function send(res: ServerResponse, { status, body }: Reply): void {
  sendText(res, body === undefined ? '' : JSON.stringify(body), { status })
}

function sendText(
  res: ServerResponse,
  text: string,
  { status = 200, type = json }: { status?: number; type?: string } = {},
): void {
  const bytes = Buffer.byteLength(text)
  // What says that it has no content has no length either.
  if (status === 204) res.writeHead(status)
  else res.writeHead(status, { 'content-type': type, 'content-length': bytes })
  res.end(text)
}

type Strike = (res: ServerResponse, reply: Reply, url: string) => Promise<void> | void

const strikes: Record<Exclude<FaultName, 'error'>, Strike> = {
  error_after: (res) => send(res, { status: 500, body: { error: 'internal error' } }),
  drop: (res) => void res.destroy(),
  hang: () => {},
  slow_body: drip,
  html: (res) =>
    sendText(res, '<!doctype html><h1>Down for maintenance</h1>', { type: 'text/html' }),
  half_json: (res, { body }) => sendText(res, halfOf(JSON.stringify(body ?? { half: 'a JSON' }))),
  wrong_shape: (res) => sendText(res, '{"answer":[42]}'),
  redirect: (res, _reply, url) => void res.writeHead(302, { location: url }).end(),
  endless: flood,
  long_name: (res, { status, body }) => send(res, { status, body: withLongNames(body) }),
}

/** Sends the reply as the fault has it; what never ends, ends with the connection. */
export async function sendStruck(
  res: ServerResponse,
  { reply, fault, url }: { reply: Reply; fault: Exclude<FaultName, 'error'>; url: string },
): Promise<void> {
  await strikes[fault](res, reply, url)
}

/** A byte at a time. */
async function drip(res: ServerResponse, { status, body }: Reply): Promise<void> {
  const text = JSON.stringify(body ?? {})
  res.writeHead(status === 204 ? 200 : status, {
    'content-type': json,
    'content-length': Buffer.byteLength(text),
  })
  for (const byte of Buffer.from(text)) {
    if (res.destroyed) return
    res.write(Buffer.of(byte))
    await sleep(dripMs, undefined, { ref: false })
  }
  res.end()
}

/** 10 GB of a name, as fast as they are taken. */
async function flood(res: ServerResponse): Promise<void> {
  res.writeHead(200, { 'content-type': json }).write('{"name":"')
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  for (let sent = 0; sent < endlessBytes && !res.destroyed; sent += chunk.length) {
    if (!res.write(chunk)) await once(res, 'drain', { signal: gone.signal }).catch(() => {})
  }
  res.end('"}')
}

function halfOf(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2))
}

function withLongNames(body: unknown): unknown {
  const known = typeof body === 'object' && body !== null ? body : {}
  const present = names.filter((name) => name in known)
  const long = present.length > 0 ? present : ['name']
  return { ...known, ...Object.fromEntries(long.map((name) => [name, longName])) }
}
