import type { Account } from '../account/account'
import { toTotalsDto } from './dto/user'
import { totalsOf, type User } from './user'

const account = (currency: string, balance: bigint) => ({ currency, balance }) as Account

test('sums the balances of each currency, minor unit by minor unit', () => {
  const accounts = [
    account('EUR', 9007199254740991n),
    account('EUR', 9007199254740991n),
    account('JPY', -3n),
    account('EUR', 1n),
    account('USD', 0n),
  ]
  expect([...totalsOf(accounts)].sort()).toEqual([
    ['EUR', 18014398509481983n],
    ['JPY', -3n],
    ['USD', 0n],
  ])
})

test('has no totals without accounts', () => {
  expect(totalsOf([]).size).toBe(0)
})

test('shows totals by currency, each in its own scale', () => {
  const accounts = [account('KWD', -1n), account('JPY', 1250n), account('EUR', 5n)]
  const totals = toTotalsDto({ user: {} as User, accounts })
  expect(Object.entries(totals)).toEqual([
    ['EUR', '0.05'],
    ['JPY', '1250'],
    ['KWD', '-0.001'],
  ])
})
