import { delayAfter, familiarMs, networkOf, newAttempts, type Attempt } from './attempt'

const hourMs = 3_600_000

function newFake(change: { entriesMax?: number } = {}) {
  const time = { ms: 0 }
  const delayed: Attempt[] = []
  const attempts = newAttempts({
    ...{ userFailuresMax: 3, userFailuresAnywhereMax: 8, addressFailuresMax: 6 },
    ...{ entriesMax: 100, nowMs: () => time.ms },
    ...{ onDelay: (attempt) => delayed.push(attempt), ...change },
  })
  async function fail(userId: string, address = 'here'): Promise<number> {
    const waitMs = await attempts.begin({ userId, address })
    if (waitMs === 0) await attempts.end({ userId, address }, 'failed')
    return waitMs
  }
  const waitOf = async (userId: string, address = 'here') => {
    const waitMs = await attempts.begin({ userId, address })
    if (waitMs === 0) await attempts.end({ userId, address }, 'abandoned')
    return waitMs
  }
  async function succeed(userId: string, address = 'here'): Promise<number> {
    const waitMs = await attempts.begin({ userId, address })
    if (waitMs === 0) await attempts.end({ userId, address }, 'succeeded')
    return waitMs
  }
  return { attempts, time, delayed, fail, succeed, waitOf }
}

test('the wait begins with a second, doubles, and ends with an hour', () => {
  const waits = Array.from({ length: 20 }, (_, i) => delayAfter(i, 3))
  expect(waits.slice(0, 8)).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 16_000])
  expect(waits.slice(15)).toEqual([hourMs, hourMs, hourMs, hourMs, hourMs])
  expect(delayAfter(1_000_000, 3)).toBe(hourMs)
})

test('a user waits longer after each failure from one address, and nowhere else', async () => {
  const { fail, time, waitOf } = newFake()
  for (let i = 0; i < 3; i++) expect(await fail('ada', 'a')).toBe(0)
  expect(await waitOf('ada', 'a')).toBe(1000)
  expect(await waitOf('ada', 'b')).toBe(0)
  expect(await waitOf('eve', 'a')).toBe(0)
  time.ms += 999
  expect(await fail('ada', 'a')).toBe(1)
  time.ms += 1
  expect(await fail('ada', 'a')).toBe(0)
  expect(await waitOf('ada', 'a')).toBe(2000)
  expect(await waitOf('ada', 'b')).toBe(0)
})

test('a user waits everywhere after far more failures, from wherever they come', async () => {
  const { fail, waitOf } = newFake()
  for (const address of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
    expect(await waitOf('ada', 'x')).toBe(0)
    expect(await fail('ada', address)).toBe(0)
  }
  expect(await waitOf('ada', 'x')).toBe(1000)
  expect(await waitOf('eve', 'x')).toBe(0)
})

test('nobody can keep a user waiting where they have signed in lately', async () => {
  const { fail, succeed, time, waitOf } = newFake()
  expect(await succeed('ada', 'home')).toBe(0)
  for (let i = 0; i < 40; i++) await fail('ada', `elsewhere-${i}`)
  for (let i = 0; i < 6; i++) await fail(`eve-${i}`, 'home')
  expect(await waitOf('eve', 'home')).toBe(1000)
  expect(await waitOf('ada', 'elsewhere')).toBe(1000)
  expect(await succeed('ada', 'home')).toBe(0)
  // Whoever guesses there waits as anywhere.
  for (let i = 0; i < 3; i++) expect(await fail('ada', 'home')).toBe(0)
  expect(await waitOf('ada', 'home')).toBe(1000)
  time.ms += familiarMs
  for (let i = 0; i < 8; i++) await fail('ada', `again-${i}`)
  expect(await waitOf('ada', 'home')).toBe(1000)
})

test('an address waits, whoever it tries, and its neighbours do not', async () => {
  const { fail, waitOf } = newFake()
  for (const userId of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await fail(userId)).toBe(0)
  expect(await waitOf('g')).toBe(1000)
  expect(await waitOf('g', 'there')).toBe(0)
})

test('the right password forgets the failures of the user, and not those of the address', async () => {
  const { fail, succeed, waitOf } = newFake()
  for (let i = 0; i < 2; i++) await fail('ada')
  for (let i = 0; i < 5; i++) await fail('ada', `elsewhere-${i}`)
  expect(await succeed('ada')).toBe(0)
  for (let i = 0; i < 2; i++) expect(await fail('ada')).toBe(0)
  expect(await waitOf('ada')).toBe(0)
  expect(await waitOf('ada', 'elsewhere')).toBe(0)
  for (let i = 0; i < 2; i++) expect(await fail('eve')).toBe(0)
  expect(await waitOf('bob')).toBe(1000)
})

test('what was given up counts for nothing', async () => {
  const { waitOf } = newFake()
  for (let i = 0; i < 10; i++) expect(await waitOf('ada')).toBe(0)
})

test('nobody is locked out for ever: a quiet while forgets it all', async () => {
  const { fail, time, waitOf } = newFake()
  for (let i = 0; i < 30; i++) {
    await fail('ada')
    time.ms += hourMs
  }
  expect(await fail('ada')).toBe(0)
  expect(await waitOf('ada')).toBe(hourMs)
  time.ms += 3 * hourMs + 1
  for (let i = 0; i < 2; i++) expect(await fail('ada')).toBe(0)
  expect(await waitOf('ada')).toBe(0)
})

test('once somebody waits, one attempt is made at a time', async () => {
  const { attempts, fail, time } = newFake()
  for (let i = 0; i < 3; i++) await fail('ada')
  time.ms += 1000
  expect(await attempts.begin({ userId: 'ada', address: 'here' })).toBe(0)
  expect(await attempts.begin({ userId: 'ada', address: 'here' })).toBe(1000)
})

test('tells when a user or an address begins to wait, and once', async () => {
  const { fail, time, delayed } = newFake()
  for (let i = 0; i < 5; i++) {
    await fail('ada')
    time.ms += hourMs
  }
  expect(delayed).toEqual([{ userId: 'ada', address: 'here' }])
})

test('remembers a bounded number of users and addresses', async () => {
  const { fail, waitOf } = newFake({ entriesMax: 2 })
  for (let i = 0; i < 3; i++) await fail('ada', 'a')
  expect(await waitOf('ada', 'a')).toBe(1000)
  await fail('bob', 'c')
  await fail('eve', 'd')
  expect(await waitOf('ada', 'a')).toBe(0)
})

test('whoever is refused makes nobody else forgotten', async () => {
  const { fail, waitOf } = newFake({ entriesMax: 9 })
  for (const userId of ['a', 'b', 'c', 'd', 'e']) expect(await fail(userId)).toBe(0)
  for (let i = 0; i < 3; i++) await fail('ada', 'there')
  await fail('f')
  for (let i = 0; i < 20; i++) expect(await waitOf(`nobody-${i}`)).toBe(1000)
  for (let i = 0; i < 20; i++) expect(await waitOf('ada', 'there')).toBe(1000)
  expect(await waitOf('g')).toBe(1000)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::', '0:0:0:0'],
  ['', ''],
])('%s belongs to the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
