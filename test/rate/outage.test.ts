import { newKey } from '../../internal/redis/key'
import { pollUntil } from '../harness/poll'
import { describeWith, serviceUrl } from '../harness/service'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy'
import { ask, newProcess, newRate, nowMs, somebody, type LoggingRedis } from './redis'

const levels = ({ entries }: LoggingRedis) => entries.map(({ level }) => level)

/** Long enough for a machine that is busy, and short enough to wait for. */
const timeoutMs = 300

describeWith('Redis', 'a Redis that fails', () => {
  let proxy: TcpProxy
  let redis: LoggingRedis
  beforeEach(async () => {
    proxy = await startTcpProxy(serviceUrl('Redis'))
    redis = await newProcess({ url: proxy.url, timeoutMs })
  })
  afterEach(async () => {
    await redis.close()
    await proxy.close()
  })
  const isBack = () => pollUntil(() => redis.isThere(), { what: 'Redis' })

  test.each(['away', 'frozen'] as const)(
    'is done without at once while it is %s, told of once, and used again when it is back',
    async (mode) => {
      const rate = newRate(redis, { max: 5 })
      const caller = somebody()
      for (let i = 0; i < 2; i++) await rate.take(caller)
      proxy.mode = mode
      const begunMs = nowMs()
      const all = []
      for (let i = 0; i < 500; i++) all.push(await rate.take(caller))
      // One of them found out, and the others did not ask.
      expect(nowMs() - begunMs).toBeLessThan((all.length * timeoutMs) / 10)
      expect(all.filter(({ isAllowed }) => isAllowed)).toHaveLength(5)
      expect(redis.isThere()).toBe(false)
      expect(levels(redis)).toEqual(['warn'])

      proxy.mode = 'open'
      await isBack()
      // It has not seen what was counted elsewhere; the one that found out may have reached it late.
      expect([1, 2]).toContain((await rate.take(caller)).remaining)
      expect(levels(redis)).toEqual(['warn', 'info'])
    },
  )

  test('that comes and goes is told of once, until it stays', async () => {
    const other = await newProcess({ url: proxy.url, settleMs: 60_000 })
    const rate = newRate(other, { max: 1000 })
    const caller = somebody()
    for (let i = 0; i < 5; i++) {
      await rate.take(caller)
      const before = proxy.connections()
      proxy.cut()
      const isNew = () => proxy.connections() > before && other.isThere()
      await pollUntil(isNew, { what: 'new connection' })
    }
    await rate.take(caller)
    expect(levels(other)).toEqual(['warn'])
    await other.close()
  })

  test('that breaks while it is asked fails none of those who ask', async () => {
    const rate = newRate(redis, { max: 1000 })
    const caller = somebody()
    const asked = Array.from({ length: 200 }, async () => rate.take(caller))
    proxy.cut()
    const all = await Promise.all(asked)
    expect(all.every(({ isAllowed }) => isAllowed)).toBe(true)
    expect(levels(redis)).toEqual(['warn'])
    await isBack()
  })

  test('that takes the connection and answers nothing holds up no start', async () => {
    proxy.mode = 'frozen'
    const begunMs = nowMs()
    const other = await newProcess({ url: proxy.url, timeoutMs, connectTimeoutMs: 200 })
    expect(nowMs() - begunMs).toBeLessThan(20_000)
    expect(other.isThere()).toBe(false)
    expect(levels(other)).toEqual(['warn'])
    proxy.mode = 'open'
    await pollUntil(() => other.isThere(), { what: 'Redis' })
    await other.close()
  })

  test('that is nowhere holds up no start and no end', async () => {
    const other = await newProcess({ url: 'redis://127.0.0.1:1' })
    expect(await newRate(other, { max: 1 }).take(somebody())).toMatchObject({ isAllowed: true })
    await other.close()
    expect(levels(other)).toEqual(['warn'])
  })

  test('that answers with an error is done without, and that is told of once', async () => {
    const rate = newRate(redis, { max: 3 })
    const caller = somebody()
    const key = newKey('rate:read', `user\0${caller.id}`)
    await ask('LPUSH', key, 'a list')
    const all = []
    for (let i = 0; i < 4; i++) {
      await isBack()
      all.push(await rate.take(caller))
    }
    expect(all.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, false])
    expect(levels(redis)).toEqual(['warn'])
    await ask('DEL', key)
    await isBack()
    expect(await rate.take(caller)).toMatchObject({ isAllowed: true })
    expect(levels(redis)).toEqual(['warn', 'info'])
  })

  test('is let go of when it is closed in the middle of an outage', async () => {
    proxy.mode = 'away'
    await pollUntil(() => !redis.isThere(), { what: 'outage' })
    await redis.close()
    proxy.mode = 'open'
    const before = proxy.connections()
    const begunMs = nowMs()
    await pollUntil(() => nowMs() - begunMs > 120, { what: 'time' })
    expect(proxy.connections()).toBe(before)
  })
})
