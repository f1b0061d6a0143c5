import { readArguments, usageFault } from '../../internal/cli/arguments'

export interface PopulateArguments {
  /** The configuration file. */
  path: string
  users: number
  transactions: number
  seed: number
  /** Do nothing when the book has any user. */
  ifEmpty: boolean
}

const usersMax = 1_000_000
const transactionsMax = 50_000_000
const seedMax = 2_147_483_647

/** Reads what stands behind `tillbook-populate`; faults tell the option and its bounds. */
export function readPopulateArguments(args: string[]): PopulateArguments {
  const { values, positionals } = readArguments(args, {
    options: {
      users: { type: 'string', default: '100' },
      transactions: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      'if-empty': { type: 'boolean', default: false },
    },
    positionals: ['configuration file'],
  })
  return {
    path: positionals[0],
    users: wholeNumber('--users', values.users, { min: 1, max: usersMax }),
    transactions: wholeNumber('--transactions', values.transactions, {
      min: 0,
      max: transactionsMax,
    }),
    seed: wholeNumber('--seed', values.seed, { min: 0, max: seedMax }),
    ifEmpty: values['if-empty'],
  }
}

function wholeNumber(option: string, text: string, { min, max }: { min: number; max: number }) {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (number >= min && number <= max) return number
  const bounds = `from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`
  throw usageFault(`${option} must be a whole number ${bounds}, not "${text}"`)
}
