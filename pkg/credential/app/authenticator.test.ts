import type { Attempt, AttemptOutcome } from '../../../internal/auth/attempt'
import type { Principal } from '../../../internal/auth/principal'
import { newSystemClock } from '../../../internal/clock/clock'
import { Fault } from '../../../internal/fault/fault'
import { newCredentialStore } from '../memory/store'
import { newAuthenticator, type AuthenticatorDeps } from './authenticator'

const rememberMs = 60_000
const ada: Principal = { userId: 'ada', role: 'customer' }

function basic(userId: string, password: string): string {
  return `Basic ${Buffer.from(`${userId}:${password}`).toString('base64')}`
}

/** With hashes that are the password itself behind `$`, and everything that is done written down. */
function newFake(change: Partial<AuthenticatorDeps> = {}) {
  const time = { ms: 0 }
  const verified: [string | undefined, string][] = []
  const outcomes: AttemptOutcome[] = []
  const waits: number[] = []
  const looks: string[] = []
  const users = new Set(['ada', 'eve'])
  const store = newCredentialStore({ users, clock: newSystemClock() })
  const authenticator = newAuthenticator({
    credentials: {
      find: (userId) => {
        looks.push(userId)
        return store.find(userId)
      },
    },
    passwords: {
      verify: async (hash, password) => {
        verified.push([hash, password])
        return hash === `$${password}`
      },
    },
    attempts: {
      begin: async (_attempt: Attempt) => waits.shift() ?? 0,
      end: async (_attempt, outcome) => void outcomes.push(outcome),
    },
    ...{ rememberMs, rememberedMax: 100, nowMs: () => time.ms, ...change },
  })
  const put = (userId: string, password: string, role: Principal['role'] | null = null) =>
    store.put({ userId, role, passwordHash: `$${password}` })
  const enter = async (header?: string) => authenticator.authenticate(header, 'here')
  const faultOf = async (header?: string): Promise<Fault> => {
    const fault: unknown = await enter(header).catch((error: unknown) => error)
    if (fault instanceof Fault) return fault
    throw new Error('it was not refused')
  }
  return { authenticator, time, verified, outcomes, waits, looks, put, enter, faultOf }
}

test('tells who it is by the right password', async () => {
  const { enter, put, outcomes } = newFake()
  await put('ada', 'secret')
  await put('eve', 'other', 'operator')
  expect(await enter(basic('ada', 'secret'))).toEqual(ada)
  expect(await enter(basic('eve', 'other'))).toEqual({ userId: 'eve', role: 'operator' })
  expect(outcomes).toEqual(['succeeded', 'succeeded'])
})

test('answers a wrong password, an unknown user and a header that is none in the same words', async () => {
  const { faultOf, put } = newFake()
  await put('ada', 'secret')
  const headers = [
    basic('ada', 'wrong'),
    basic('nobody', 'secret'),
    basic('a b', 'x'),
    'Basic !',
    '',
  ]
  const faults = await Promise.all(headers.map((header) => faultOf(header)))
  expect(new Set(faults.map(({ message }) => message)).size).toBe(1)
  expect(faults[0]).toMatchObject({ kind: 'unauthenticated', code: 'auth.unauthenticated' })
})

test('does for an unknown user all that it does for one that is there', async () => {
  const { faultOf, put, verified, looks, outcomes } = newFake()
  await put('ada', 'secret')
  await faultOf(basic('ada', 'wrong'))
  await faultOf(basic('nobody', 'wrong'))
  // No id: not a thing to ask the database for, but for something all the same.
  await faultOf(basic('no body', 'wrong'))
  expect(verified).toEqual([
    ['$secret', 'wrong'],
    [undefined, 'wrong'],
    [undefined, 'wrong'],
  ])
  expect(looks).toEqual(['ada', 'nobody', ''])
  expect(outcomes).toEqual(['failed', 'failed', 'failed'])
})

test('lets nobody in without a header, unless there is a demo', async () => {
  expect((await newFake().faultOf(undefined)).detail).toMatch(/HTTP Basic/)
  const demo: Principal = { userId: 'demo', role: 'operator' }
  const { enter, faultOf } = newFake({ demo })
  expect(await enter(undefined)).toBe(demo)
  expect((await faultOf(basic('ada', 'wrong'))).code).toBe('auth.unauthenticated')
  expect((await faultOf('')).code).toBe('auth.unauthenticated')
})

describe('a password that was right', () => {
  async function newEntered(change: Partial<AuthenticatorDeps> = {}) {
    const fake = newFake(change)
    await fake.put('ada', 'secret')
    await fake.enter(basic('ada', 'secret'))
    return { ...fake, again: () => fake.authenticator.authenticate(basic('ada', 'secret'), 'here') }
  }

  test('is remembered for a minute: at once, without a look-up or a hash', async () => {
    const { again, time, verified, looks } = await newEntered()
    time.ms = rememberMs - 1
    expect(again()).toEqual(ada)
    expect({ verified: verified.length, looks: looks.length }).toEqual({ verified: 1, looks: 1 })
  })

  test('is looked up after it, and takes no other hash while nobody changed it', async () => {
    const { again, time, verified, looks, outcomes } = await newEntered()
    time.ms = rememberMs
    expect(await again()).toEqual(ada)
    expect({ verified: verified.length, looks: looks.length }).toEqual({ verified: 1, looks: 2 })
    expect(outcomes).toEqual(['succeeded'])
    expect(again()).toEqual(ada)
  })

  test('says nothing for another one', async () => {
    const { faultOf, verified } = await newEntered()
    expect((await faultOf(basic('ada', 'secre'))).kind).toBe('unauthenticated')
    expect((await faultOf(basic('ada', ''))).kind).toBe('unauthenticated')
    expect(verified).toHaveLength(3)
  })

  test('still counts after somebody else has tried a wrong one', async () => {
    const { again, faultOf } = await newEntered()
    await faultOf(basic('ada', 'wrong'))
    expect(again()).toEqual(ada)
  })

  test('is forgotten at once when this process changes it', async () => {
    const { again, put, authenticator } = await newEntered()
    await put('ada', 'another')
    authenticator.forget('ada')
    await expect(again()).rejects.toMatchObject({ kind: 'unauthenticated' })
  })

  test('is forgotten within the minute when another process changes it', async () => {
    const { again, put, time } = await newEntered()
    await put('ada', 'another')
    expect(again()).toEqual(ada)
    time.ms = rememberMs
    await expect(again()).rejects.toMatchObject({ kind: 'unauthenticated' })
  })

  test('gives the new role after a change of it', async () => {
    const { again, put, authenticator } = await newEntered()
    await put('ada', 'secret', 'merchant')
    authenticator.forget('ada')
    expect(await again()).toEqual({ userId: 'ada', role: 'merchant' })
  })

  test('is not remembered when it was changed while it was checked', async () => {
    const fake = newFake({
      passwords: {
        verify: async () => {
          // The check began with what was there before the change, and ends after it.
          await fake.put('ada', 'another')
          fake.authenticator.forget('ada')
          return true
        },
      },
    })
    await fake.put('ada', 'secret')
    await fake.enter(basic('ada', 'secret'))
    const checked = fake.looks.length
    await fake.enter(basic('ada', 'secret'))
    expect(fake.looks.length).toBe(checked + 1)
  })

  test('is forgotten when too many others came after it', async () => {
    const { again, put, enter, looks } = await newEntered({ rememberedMax: 1 })
    await put('eve', 'other')
    await enter(basic('eve', 'other'))
    expect(await again()).toEqual(ada)
    expect(looks).toEqual(['ada', 'eve', 'ada'])
  })

  test('gets in while guesses at it have to wait', async () => {
    const { again, faultOf, time, waits } = await newEntered()
    waits.push(1500)
    expect((await faultOf(basic('ada', 'wrong'))).kind).toBe('too_many')
    waits.push(1500)
    time.ms = rememberMs
    expect(await again()).toEqual(ada)
  })
})

test('the same credentials many times at once are checked once, and are one attempt', async () => {
  const { enter, put, verified, outcomes } = newFake()
  await put('ada', 'secret')
  const many = Array.from({ length: 50 }, () => enter(basic('ada', 'secret')))
  expect(await Promise.all(many)).toEqual(Array(50).fill(ada))
  expect({ verified: verified.length, outcomes }).toEqual({ verified: 1, outcomes: ['succeeded'] })
})

test('says when to come again, and checks nothing until then', async () => {
  const { faultOf, put, waits, verified } = newFake()
  await put('ada', 'secret')
  waits.push(1500)
  expect(await faultOf(basic('ada', 'secret'))).toMatchObject({
    kind: 'too_many',
    code: 'auth.too_many_attempts',
    retryAfterSeconds: 2,
  })
  expect(verified).toEqual([])
})

test('what could not be checked is no failure of anybody', async () => {
  const away = new Error('the database is away')
  const { enter, outcomes } = newFake({ credentials: { find: () => Promise.reject(away) } })
  await expect(enter(basic('ada', 'secret'))).rejects.toBe(away)
  expect(outcomes).toEqual(['abandoned'])
})
