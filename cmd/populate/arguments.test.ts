import { readPopulateArguments } from './arguments'

const path = 'config/populate/local.json'

test('has a default for everything but the configuration file', () => {
  expect(readPopulateArguments([path])).toEqual({
    path,
    users: 100,
    transactions: 10_000,
    seed: 1,
    ifEmpty: false,
  })
  expect(() => readPopulateArguments([])).toThrow('the configuration file is missing')
})

test('takes every option up to its bounds', () => {
  const most = ['--users', '1000000', '--transactions=50000000', '--seed', '2147483647']
  expect(readPopulateArguments([...most, '--if-empty', path])).toEqual({
    path,
    users: 1_000_000,
    transactions: 50_000_000,
    seed: 2_147_483_647,
    ifEmpty: true,
  })
  const least = ['--users=1', '--transactions=0', '--seed=0', path]
  expect(readPopulateArguments(least)).toMatchObject({ users: 1, transactions: 0, seed: 0 })
})

test.each([
  ['--users=0', '--users must be a whole number from 1 to 1,000,000, not "0"'],
  ['--users=1000001', '--users must be a whole number from 1 to 1,000,000, not "1000001"'],
  ['--users=1e3', '--users must be a whole number from 1 to 1,000,000, not "1e3"'],
  ['--users=', '--users must be a whole number from 1 to 1,000,000, not ""'],
  ['--transactions=-1', '--transactions must be a whole number from 0 to 50,000,000, not "-1"'],
  ['--transactions=1.5', '--transactions must be a whole number from 0 to 50,000,000, not "1.5"'],
  ['--seed=2147483648', '--seed must be a whole number from 0 to 2,147,483,647, not "2147483648"'],
  ['--sed=1', "Unknown option '--sed'"],
  ['more', 'does not know what to do with "more"'],
])('refuses %s', (arg, message) => {
  expect(() => readPopulateArguments([path, arg])).toThrow(message)
})
