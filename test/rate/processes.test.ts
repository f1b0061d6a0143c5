import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newDatabase, type TestDatabase } from '../harness/database'
import { pollUntil } from '../harness/poll'
import { spawnProgram, type SpawnedProgram } from '../harness/program'
import { describeWith, serviceUrl } from '../harness/service'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy'
import { someAddress } from './redis'

/** Of the API, that lets each address read 20 documents an hour. */
const config = {
  environment: 'test',
  // DATABASE_URL names another.
  database: { url: 'postgres://127.0.0.1/none' },
  auth: { trusted_proxies: 1, user_failures_max: 4, address_failures_max: 1000 },
  seal: { enabled: false },
  rate_limit: {
    ...{ window_ms: 3_600_000, reads_max: 20, failed_sign_ins_max: 1000 },
    // The machine may be busy with other things.
    redis_timeout_ms: 1000,
  },
}

describeWith('Redis', 'R6: two processes of the API', () => {
  let database: TestDatabase
  let proxy: TcpProxy
  let processes: SpawnedProgram[]
  let urls: string[]
  const folder = mkdtempSync(join(tmpdir(), 'tillbook-rate-'))
  beforeAll(async () => {
    database = await newDatabase()
    proxy = await startTcpProxy(serviceUrl('Redis'))
    const file = join(folder, 'api.json')
    writeFileSync(file, JSON.stringify(config))
    const env = { DATABASE_URL: database.url, PORT: '0' }
    processes = [serviceUrl('Redis'), proxy.url].map((url) =>
      spawnProgram('api', [file], { ...env, REDIS_URL: url }),
    )
    const ready = processes.map((one) => one.ready(/serves on (http:\/\/127\.0\.0\.1:\d+)$/m))
    urls = (await Promise.all(ready)).map(([, url]) => url!)
  })
  afterAll(async () => {
    for (const { close } of processes) await close()
    await proxy.close()
    await database.close()
    rmSync(folder, { recursive: true })
  })

  const read = async (url: string, address: string) => {
    const answer = await fetch(`${url}/openapi.json`, { headers: { 'X-Forwarded-For': address } })
    await answer.arrayBuffer()
    return answer.status
  }
  const burst = (address: string, over = urls) =>
    Promise.all(Array.from({ length: 60 }, (_, i) => read(over[i % over.length]!, address)))
  const allowed = (statuses: number[]) => statuses.filter((status) => status === 200).length

  test('let one address have its quota once, whichever it asks', async () => {
    const address = someAddress()
    const statuses = await burst(address)
    expect(allowed(statuses)).toBe(20)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
  })

  test('count together who guesses a password', async () => {
    const userId = someAddress().replaceAll(':', '-')
    const address = someAddress()
    const guess = async (i: number) => {
      const Authorization = `Basic ${btoa(`${userId}:guess ${i}`)}`
      const headers = { Authorization, 'X-Forwarded-For': address }
      return (await fetch(`${urls[i % 2]!}/me`, { headers })).status
    }
    const statuses = []
    for (let i = 0; i < 6; i++) statuses.push(await guess(i))
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
  })

  test('go on each by itself while Redis is away from one, and together when it is back', async () => {
    const address = someAddress()
    proxy.mode = 'frozen'
    expect(allowed(await burst(address))).toBe(40)
    const [, cutOff] = processes
    expect(cutOff!.output().match(/"msg":"Redis does not answer/g)).toHaveLength(1)
    proxy.mode = 'open'
    await pollUntil(async () => allowed(await burst(someAddress())) === 20, { what: 'one count' })
  })
})
