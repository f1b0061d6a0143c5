import { readCredentialArguments } from './arguments'

test('reads who, as what, and under which name', () => {
  const args = [
    '--user',
    'root',
    '--role=operator',
    '--first-name',
    'A',
    '--last-name',
    'L',
    'c.json',
  ]
  expect(readCredentialArguments(args)).toEqual({
    path: 'c.json',
    userId: 'root',
    role: 'operator',
    name: { first: 'A', last: 'L' },
  })
  expect(readCredentialArguments(['--user', 'root', 'c.json'])).toEqual({
    path: 'c.json',
    userId: 'root',
    role: null,
    name: undefined,
  })
})

test.each<[string, string[]]>([
  ['--user must be the id of a user', ['c.json']],
  ['--user must be the id of a user', ['--user', 'a b', 'c.json']],
  [
    '--role must be one of customer, merchant, operator',
    ['--user', 'a', '--role', 'king', 'c.json'],
  ],
  ['--first-name and --last-name go together', ['--user', 'a', '--first-name', 'A', 'c.json']],
  ['the configuration file is missing', ['--user', 'a']],
])('says: %s', (sentence, args) => {
  expect(() => readCredentialArguments(args)).toThrow(sentence)
})
