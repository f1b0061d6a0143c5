import { spawnProgram, type SpawnedProgram } from '../harness/program'

export interface ApiProcess {
  url: string
  program: SpawnedProgram
}

/** bin/tillbook-api as a process of its own, on a free port. */
export async function spawnApi(
  databaseUrl: string,
  config = 'config/api/local.json',
): Promise<ApiProcess> {
  const env = { DATABASE_URL: databaseUrl, PORT: '0' }
  const program = spawnProgram('api', [config], env)
  const [, url] = await program.ready(/serves on (http:\S+)/)
  return { url: url!, program }
}

export interface Reply {
  status: number
  headers: Headers
  text: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  json: any
}

export async function get(url: string): Promise<Reply> {
  return toReply(await fetch(url, { signal: AbortSignal.timeout(20_000) }))
}

export function post(url: string, body: unknown, key?: string): Promise<Reply> {
  return send('POST', url, body, key)
}

export function patch(url: string, body: unknown): Promise<Reply> {
  return send('PATCH', url, body)
}

async function send(method: string, url: string, body: unknown, key?: string): Promise<Reply> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (key !== undefined) headers['idempotency-key'] = key
  const signal = AbortSignal.timeout(20_000)
  return toReply(await fetch(url, { method, body: JSON.stringify(body), headers, signal }))
}

async function toReply(response: Response): Promise<Reply> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text === '' ? undefined : JSON.parse(text),
  }
}

/** A user with one account that holds `balance`. */
export async function openAccount(api: string, id: string, balance?: string): Promise<void> {
  const user = `user-${id}`
  await expect201(post(`${api}/users`, { id: user, first_name: 'Ada', last_name: 'Lovelace' }))
  await expect201(post(`${api}/users/${user}/accounts`, { id, name: 'Test', currency: 'EUR' }))
  if (balance) await expect201(post(`${api}/transactions`, { account_id: id, amount: balance }))
}

async function expect201(reply: Promise<Reply>): Promise<void> {
  const { status, text } = await reply
  if (status !== 201) throw new Error(`${status}: ${text}`)
}
