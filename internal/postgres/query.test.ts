import { exec, many, maybe, one, type Executor } from './query'

type Run = (db: Executor, params: { values: unknown }) => Promise<unknown>

const text = { name: 'thing.Do', text: 'select 1', params: ['values'] }
const runs: [string, Run][] = [
  ['one', one(text)],
  ['maybe', maybe(text)],
  ['many', many(text)],
  ['exec', exec(text)],
]

test.each(runs)(
  '%s throws parameters that cannot be encoded at once, with nothing sent',
  (_name, run) => {
    const query = jest.fn()
    expect(() => run({ query }, { values: [Symbol('no')] })).toThrow(/no array element/)
    expect(query).not.toHaveBeenCalled()
  },
)
