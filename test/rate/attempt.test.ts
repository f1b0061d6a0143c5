import { randomUUID } from 'node:crypto'
import { networkOf, pairOf, type Attempt, type Attempts } from '../../internal/auth/attempt'
import { newSharedAttempts } from '../../internal/auth/shared-attempt'
import { newKey } from '../../internal/redis/key'
import { pollUntil } from '../harness/poll'
import { describeWith, serviceUrl } from '../harness/service'
import { startTcpProxy } from '../harness/tcp-proxy'
import { ask, newProcess, nowMs, someAddress, type LoggingRedis } from './redis'

const delayed: Attempt[] = []

function newCounting(redis: LoggingRedis): Attempts {
  return newSharedAttempts({
    ...{ redis, userFailuresMax: 3, userFailuresAnywhereMax: 8, addressFailuresMax: 6 },
    ...{ entriesMax: 100, nowMs },
    onDelay: (attempt) => delayed.push(attempt),
  })
}

const anAttempt = (change: Partial<Attempt> = {}): Attempt => ({
  userId: `user-${randomUUID()}`,
  address: someAddress(),
  ...change,
})

async function fail(attempts: Attempts, attempt: Attempt): Promise<number> {
  const waitMs = await attempts.begin(attempt)
  if (waitMs === 0) await attempts.end(attempt, 'failed')
  return waitMs
}

/**
 * How long this one has to wait. On a machine that is busy the second after the last failure may be over;
 * two more failures, which are fewer than make anybody wait, double it twice.
 */
async function waitAfterFailures(attempts: Attempts, next: () => Attempt): Promise<number> {
  let waitMs = 0
  for (let i = 0; waitMs === 0 && i < 3; i++) waitMs = await fail(attempts, next())
  return waitMs
}

/** What Redis takes for now. */
async function redisMs(): Promise<number> {
  const [seconds, microseconds] = (await ask('TIME')) as [string, string]
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
}

describeWith('Redis', 'sign-ins that fail in several processes', () => {
  let processes: LoggingRedis[]
  let one: Attempts
  let other: Attempts
  beforeAll(async () => {
    processes = await Promise.all([newProcess(), newProcess()])
    one = newCounting(processes[0]!)
    other = newCounting(processes[1]!)
  })
  beforeEach(() => void delayed.splice(0))
  afterAll(() => Promise.all(processes.map(({ close }) => close())))

  test('are counted together: a user waits in every process, and that is told once', async () => {
    const attempt = anAttempt()
    for (const attempts of [one, other, one]) {
      expect(await fail(attempts, attempt)).toBe(0)
    }
    expect(await waitAfterFailures(other, () => attempt)).toBeGreaterThan(0)
    expect(delayed).toMatchObject([{ userId: attempt.userId }])
    // Somewhere else they do not.
    expect(await other.begin({ ...attempt, address: someAddress() })).toBe(0)
  })

  test('make a user wait everywhere after far more of them, but not where they have signed in', async () => {
    const home = anAttempt()
    expect(await one.begin(home)).toBe(0)
    await one.end(home, 'succeeded')
    for (let i = 0; i < 8; i++) {
      const attempts = i % 2 === 0 ? one : other
      expect(await fail(attempts, { ...home, address: someAddress() })).toBe(0)
    }
    expect(await one.begin({ ...home, address: someAddress() })).toBeGreaterThan(500)
    for (let i = 0; i < 6; i++) await fail(one, anAttempt({ address: home.address }))
    expect(await one.begin(anAttempt({ address: home.address }))).toBeGreaterThan(500)
    expect(await other.begin(home)).toBe(0)
    await other.end(home, 'abandoned')
    const [, , , familiarKey] = keysOf(home)
    expect(Number(await ask('PTTL', familiarKey!))).toBeGreaterThan(604_000_000)
  })

  test('make an address wait, whoever it tries, and its whole network', async () => {
    const { address } = anAttempt()
    for (const attempts of [one, other, one, other, one, other]) {
      expect(await fail(attempts, anAttempt({ address }))).toBe(0)
    }
    const neighbour = address.replace(/1$/, '2')
    const next = () => anAttempt({ address: neighbour })
    expect(await waitAfterFailures(one, next)).toBeGreaterThan(0)
    expect(await one.begin(anAttempt())).toBe(0)
  })

  test('wait twice as long after each further failure, one attempt at a time', async () => {
    const attempt = anAttempt()
    const [userKey] = keysOf(attempt)
    for (let i = 0; i < 3; i++) await fail(one, attempt)
    // As if the second were over.
    await ask('HSET', userKey!, 'waits_until', '0')
    expect(await one.begin(attempt)).toBe(0)
    expect(await other.begin(attempt)).toBe(1000)
    const before = await redisMs()
    await one.end(attempt, 'failed')
    const waitsUntil = Number(await ask('HGET', userKey!, 'waits_until'))
    expect(waitsUntil).toBeGreaterThanOrEqual(before + 2000)
    expect(waitsUntil).toBeLessThanOrEqual((await redisMs()) + 2000)
    await ask('HSET', userKey!, 'waits_until', '0', 'failures', '40')
    await fail(other, attempt)
    const waitMs = await one.begin(attempt)
    expect(waitMs).toBeGreaterThan(3_590_000)
    expect(waitMs).toBeLessThanOrEqual(3_600_000)
  })

  test('are forgotten with the right password, and not those of the address', async () => {
    const attempt = anAttempt()
    for (let i = 0; i < 2; i++) await fail(one, attempt)
    expect(await other.begin(attempt)).toBe(0)
    await other.end(attempt, 'succeeded')
    const [userKey, , addressKey] = keysOf(attempt)
    expect(await ask('EXISTS', userKey!)).toBe(0)
    expect(await ask('HGET', addressKey!, 'failures')).toBe('2')
    for (let i = 0; i < 2; i++) expect(await fail(one, attempt)).toBe(0)
  })

  test('leave nothing behind for ever, and nothing that names anybody', async () => {
    const begun = anAttempt({ userId: 'a\r\nFLUSHALL\r\n'.repeat(50) + randomUUID() })
    await one.begin(begun)
    for (const key of keysOf(begun).slice(0, 3)) {
      expect(key).toMatch(/^tillbook:attempt:(pair|user|address):[\w-]{22}$/)
      expect(Number(await ask('PTTL', key))).toBeLessThanOrEqual(10_000)
      expect(Number(await ask('PTTL', key))).toBeGreaterThan(0)
    }
    await one.end(begun, 'failed')
    const [userKey] = keysOf(begun)
    expect(Number(await ask('PTTL', userKey!))).toBeGreaterThan(7_000_000)
    expect(Number(await ask('PTTL', userKey!))).toBeLessThanOrEqual(7_200_000)
  })

  test('of a process that was killed block nobody', async () => {
    const attempt = anAttempt()
    const [userKey] = keysOf(attempt)
    for (let i = 0; i < 3; i++) await fail(one, attempt)
    await ask('HSET', userKey!, 'waits_until', '0')
    expect(await one.begin(attempt)).toBe(0)
    expect(await other.begin(attempt)).toBe(1000)
    // As if its time were over.
    await ask('HSET', userKey!, 'busy_until', '1')
    expect(await other.begin(attempt)).toBe(0)
  })

  test('count in each process for itself while Redis is away', async () => {
    const proxy = await startTcpProxy(serviceUrl('Redis'))
    const redis = await newProcess({ url: proxy.url })
    const attempts = newCounting(redis)
    const attempt = anAttempt()
    // Seen by both.
    expect(await fail(attempts, attempt)).toBe(0)
    proxy.mode = 'away'
    for (let i = 0; i < 2; i++) expect(await fail(attempts, attempt)).toBe(0)
    expect(await waitAfterFailures(attempts, () => attempt)).toBeGreaterThan(0)
    expect(delayed).toEqual([attempt])
    proxy.mode = 'open'
    await pollUntil(() => redis.isThere(), { what: 'Redis' })
    expect(await attempts.begin(attempt)).toBe(0)
    await redis.close()
    await proxy.close()
  })
})

function keysOf({ userId, address }: Attempt): string[] {
  const network = networkOf(address)
  const pair = pairOf(userId, network)
  return [
    newKey('attempt:pair', pair),
    newKey('attempt:user', userId),
    newKey('attempt:address', network),
    newKey('attempt:familiar', pair),
  ]
}
