import { readOutboxArguments } from './arguments'

const path = 'config/outbox/local.json'
const id = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'

test('lists what is parked by default', () => {
  expect(readOutboxArguments([path, 'list'])).toEqual({
    path,
    command: 'list',
    filter: { state: 'parked', ids: undefined, from: undefined, to: undefined, limit: 1000 },
    asJson: false,
  })
})

test('takes ids, a range of times and a state', () => {
  const given = ['--id', id, `--id=${id}`, '--from', '2026-01-31T09:30:00Z', '--state=published']
  const { filter, command } = readOutboxArguments([path, 'replay', ...given, '--limit', '5'])
  expect(command).toBe('replay')
  expect(filter).toEqual({
    state: 'published',
    ids: [id, id],
    from: '2026-01-31T09:30:00.000000Z',
    to: undefined,
    limit: 5,
  })
})

test.each([
  [[], 'the command is missing'],
  [['purge'], 'the command must be one of list, replay, discard, not "purge"'],
  [['replay'], 'replay needs --id, --from, --to or --all'],
  [['discard', '--state=parked'], 'discard needs --id, --from, --to or --all'],
  [['discard', '--all', '--state=published'], 'only parked events can be discarded'],
  [['replay', '--all', '--state=waiting'], 'those that wait need no replay'],
  [['list', '--state=lost'], '--state must be one of waiting, parked, published, not "lost"'],
  [['list', '--id=7'], '--id must be the UUID of an event, not "7"'],
  [['list', '--to=tomorrow'], '--to must be a time such as 2026-01-31T09:30:00Z, not "tomorrow"'],
  [['list', '--limit=0'], '--limit must be a whole number from 1 to 10000, not "0"'],
  [['list', '--limit=10001'], '--limit must be'],
  [['list', 'more'], 'does not know what to do with "more"'],
])('refuses %j', (args, message) => {
  expect(() => readOutboxArguments([path, ...args])).toThrow(message)
})
