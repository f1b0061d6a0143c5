import { authFaults } from '../auth/fault'
import { newPasswords } from './password'

const real = { inFlightMax: 2, queueMax: 2 }

/** Argon2 in name only: tells what it was asked, and ends when it is told to. */
function newFake() {
  const asked: [string, string][] = []
  const ends: (() => void)[] = []
  const wait = <Result>(result: Result) =>
    new Promise<Result>((resolve) => ends.push(() => resolve(result)))
  const argon2 = {
    hash: async () => '$argon2id$fake',
    verify: (hash: string | Uint8Array, password: string | Uint8Array) => {
      asked.push([String(hash), String(password)])
      return wait(true)
    },
  }
  return { passwords: newPasswords({ ...real, argon2 }), asked, ends }
}

test('a password fits its own hash, and no other', async () => {
  const passwords = newPasswords(real)
  const hash = await passwords.hash('correct horse')
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await passwords.hash('correct horse')).not.toBe(hash)
  expect(await passwords.verify(hash, 'correct horse')).toBe(true)
  expect(await passwords.verify(hash, 'Correct horse')).toBe(false)
})

test('without a hash the same work is done, and whatever it comes to, it is wrong', async () => {
  const { passwords, asked, ends } = newFake()
  const verified = passwords.verify(undefined, 'secret')
  await new Promise(setImmediate)
  expect(asked).toEqual([[expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/), 'secret']])
  ends[0]!()
  expect(await verified).toBe(false)
})

test('what stands in for the hash is one that argon2 takes', async () => {
  expect(await newPasswords(real).verify(undefined, 'secret')).toBe(false)
})

test('two hashes run at once, two wait, and a fifth is refused at once with auth.busy', async () => {
  const { passwords, asked, ends } = newFake()
  const four = ['a', 'b', 'c', 'd'].map((password) => passwords.verify('$', password))
  await expect(passwords.verify('$', 'e')).rejects.toMatchObject({ code: authFaults.busy.code })
  await new Promise(setImmediate)
  expect(asked).toHaveLength(2)
  expect(passwords.counts()).toEqual({ inFlight: 2, queued: 2 })
  for (let i = 0; i < 4; i++) {
    ends[i]!()
    await new Promise(setImmediate)
  }
  expect(await Promise.all(four)).toEqual([true, true, true, true])
})
