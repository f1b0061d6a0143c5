import { commonPasswords } from './common-password'
import { passwordLength, refusePassword } from './credential'

test.each([
  ['eight characters', 'a1b2c3d5'],
  ['blanks and any script', 'сорок тысяч обезьян'],
  ['128 characters of four bytes', '🐸🦊🐝x'.repeat(32)],
  ['one that holds a common one', 'password and something else'],
])('takes %s', (_name, password) => {
  expect(refusePassword(password, 'ada')).toBeUndefined()
})

test.each([
  ['seven characters', 'a1b2c3d', 'must have at least 8 characters'],
  ['seven characters of four bytes', '🐸🦊🐝🐸🦊🐝🐸', 'must have at least 8 characters'],
  ['129 characters', 'abc'.repeat(43), 'must have at most 128 characters'],
  ['a NUL', 'correct\0horse', 'must have no control characters'],
  ['a line break', 'correct\nhorse', 'must have no control characters'],
  ['the id of the user', 'Ada-Lovelace', 'must not be the id of the user'],
  ['a common one', 'Password123', 'must not be one of those that everybody tries first'],
  ['one character again and again', 'aaaaaaaaaa', 'must have more than two different characters'],
])('refuses %s', (_name, password, message) => {
  expect(refusePassword(password, 'ada-lovelace')).toBe(message)
})

test('the common ones are in lower case, long enough to be told from the short, and many', () => {
  for (const password of commonPasswords) {
    expect(password).toBe(password.toLowerCase())
    expect([...password].length).toBeGreaterThanOrEqual(passwordLength.min)
  }
  expect(commonPasswords.size).toBeGreaterThan(150)
})
