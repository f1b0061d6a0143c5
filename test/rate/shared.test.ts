import fc from 'fast-check'
import { paceOf, take } from '../../internal/rate/rate'
import { readTaken, takeScript } from '../../internal/rate/redis'
import { newKey } from '../../internal/redis/key'
import { pollUntil } from '../harness/poll'
import { describeWith } from '../harness/service'
import { ask, newProcess, newRate, nowMs, somebody, type LoggingRedis } from './redis'

/** So many seconds, or less by what a busy machine has taken meanwhile. */
function expectAbout(seconds: number, whole: number): void {
  expect(seconds).toBeLessThanOrEqual(whole)
  expect(seconds).toBeGreaterThan(whole - 60)
}

describeWith('Redis', 'requests that several processes count together', () => {
  let processes: LoggingRedis[]
  beforeAll(async () => {
    processes = await Promise.all([newProcess(), newProcess(), newProcess(), newProcess()])
  })
  afterAll(() => Promise.all(processes.map(({ close }) => close())))

  test('a burst over all of them takes exactly the quota', async () => {
    const rates = processes.map((redis) => newRate(redis, { max: 50 }))
    const caller = somebody()
    const all = await Promise.all(
      Array.from({ length: 400 }, async (_, i) => rates[i % rates.length]!.take(caller)),
    )
    expect(all.filter(({ isAllowed }) => isAllowed)).toHaveLength(50)
    const left = all.map(({ remaining }) => remaining)
    for (let i = 0; i < 50; i++) expect(left).toContain(i)
  })

  test('what one of them took, another one tells of to the second', async () => {
    const [one, other] = processes.map((redis) => newRate(redis))
    const caller = somebody()
    expect(await one!.take(caller)).toEqual({
      ...{ isAllowed: true, remaining: 4 },
      ...{ resetSeconds: 720, retryAfterSeconds: 0 },
    })
    // By now a little of it has grown again.
    const second = await other!.take(caller)
    expect(second.remaining).toBe(3)
    expectAbout(second.resetSeconds, 1440)
    for (let i = 0; i < 3; i++) await one!.take(caller)
    const refused = await other!.take(caller)
    expect(refused).toMatchObject({ isAllowed: false, remaining: 0 })
    expectAbout(refused.resetSeconds, 3600)
    expectAbout(refused.retryAfterSeconds, 720)
  })

  test('it grows again for all of them, one at a time', async () => {
    const [one, other] = processes.map((redis) => newRate(redis, { max: 4, windowMs: 400 }))
    const caller = somebody()
    const begunMs = nowMs()
    let allowed = 0
    await pollUntil(
      async () => {
        const both = [await one!.take(caller), await other!.take(caller)]
        allowed += both.filter(({ isAllowed }) => isAllowed).length
        return allowed >= 8
      },
      { what: 'eight requests' },
    )
    // Four at once, and four times a hundred milliseconds.
    expect(nowMs() - begunMs).toBeGreaterThanOrEqual(300)
    expect(allowed).toBeLessThanOrEqual(5 + Math.floor((nowMs() - begunMs) / 100))
  })

  test('the script decides as the function does, whatever it finds', async () => {
    const [redis] = processes
    const anything = fc.oneof(
      fc.constantFrom(undefined, '', 'x', '-1', '1e300', 'nan', '-inf'),
      fc.integer({ min: -2_000_000, max: 4_000_000 }),
    )
    const quotas = fc.record({
      max: fc.integer({ min: 1, max: 1000 }),
      windowMs: fc.integer({ min: 100, max: 3000 }),
    })
    await fc.assert(
      fc.asyncProperty(quotas, anything, async (quota, found) => {
        const key = newKey('rate:test', somebody().id)
        const pace = paceOf({ name: 'test', ...quota })
        const stored = typeof found === 'number' ? String((await serverUs()) + found) : found
        if (stored !== undefined) await ask('SET', key, stored, 'PX', '5000')
        let known = stored === undefined ? undefined : toNumber(stored)
        for (let i = 0; i < 5; i++) {
          const reply = await redis!.run(takeScript, [key], [pace.intervalUs, pace.capacityUs])
          const { nowUs, ...taken } = readTaken(reply as number[])
          expect(taken).toEqual(take(known, nowUs, pace))
          if (taken.isAllowed) known = taken.fullAtUs
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a key names nobody, has one length, and goes when it says nothing any more', async () => {
    const rate = newRate(processes[0]!, { windowMs: 10_000 })
    const hostile = ['*', '', '\0', 'a\r\nFLUSHALL\r\n', '💣'.repeat(500), 'ada'.repeat(1000)]
    for (const id of hostile) {
      const own = somebody().id + id
      await rate.take({ of: 'user', id: own })
      const key = newKey('rate:read', `user\0${own}`)
      expect(key).toMatch(/^tillbook:rate:read:[\w-]{22}$/)
      const ttlMs = Number(await ask('PTTL', key))
      expect(ttlMs).toBeGreaterThan(0)
      expect(ttlMs).toBeLessThanOrEqual(2000)
    }
  })

  test('a Redis that has forgotten its scripts is told them again', async () => {
    const rate = newRate(processes[0]!)
    const caller = somebody()
    await rate.take(caller)
    await ask('SCRIPT', 'FLUSH')
    expect(await rate.take(caller)).toMatchObject({ remaining: 3 })
    expect(processes[0]!.entries).toEqual([])
  })

  test('who was refused is refused from memory until then, and Redis is left in peace', async () => {
    let asked = 0
    const [redis] = processes
    const counting = {
      ...redis!,
      run: (...command: Parameters<LoggingRedis['run']>) => {
        asked += 1
        return redis!.run(...command)
      },
    }
    const rate = newRate(counting, { max: 1, windowMs: 300 })
    const caller = somebody()
    await rate.take(caller)
    for (let i = 0; i < 100; i++) await rate.take(caller)
    expect(asked).toBeLessThan(10)
    const allowed = async () => (await rate.take(caller)).isAllowed
    await pollUntil(allowed, { what: 'request' })
  })
})

async function serverUs(): Promise<number> {
  const [seconds, micros] = (await ask('TIME')) as [string, string]
  return Number(seconds) * 1e6 + Number(micros)
}

/** As Lua reads it. */
function toNumber(stored: string): number | undefined {
  const value = Number(stored.replace(/inf$/, 'Infinity'))
  return Number.isNaN(value) ? undefined : value
}
