import { newLog, type LogSettings } from './log'

function write(settings: Partial<LogSettings>, work: (log: ReturnType<typeof newLog>) => void) {
  let text = ''
  const stream = { write: (line: string) => void (text += line) }
  work(newLog({ level: 'info', format: 'json', ...settings }, stream))
  return text
}

const broken = () =>
  new Error('no answer', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) })

test('writes one JSON object a line, with the level by its name and the time in UTC', () => {
  const entry = JSON.parse(
    write({}, (log) => log.child({ request_id: 'r1' }).warn({ n: 1 }, 'slow')),
  )
  expect(entry).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    request_id: 'r1',
    n: 1,
    msg: 'slow',
  })
})

test('writes an error with its causes, and ends when they go round in a ring', () => {
  const error = broken()
  const entry = JSON.parse(write({}, (log) => log.error({ err: error }, 'failed')))
  expect(entry.err).toMatchObject({
    type: 'Error',
    message: 'no answer',
    cause: { message: 'reset', code: 'ECONNRESET' },
  })
  error.cause = error
  expect(write({}, (log) => log.error({ err: error }, 'failed'))).toContain('no answer')
})

test('leaves out what is below the level', () => {
  const text = write({ level: 'warn' }, (log) => {
    log.info('no')
    log.error('yes')
  })
  expect(text.trim().split('\n')).toHaveLength(1)
  expect(write({ level: 'silent' }, (log) => log.error('no'))).toBe('')
})

test('pretty is one readable line an entry, errors and all', () => {
  const text = write({ format: 'pretty' }, (log) => {
    log.info({ port: 8080, path: '/a' }, 'listening')
    log.error({ err: broken() }, 'failed')
  })
  expect(text.split('\n')).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} info {2}listening {2}port=8080 {2}path=\/a$/),
    expect.stringMatching(/^\S+ error failed {2}err=Error: no answer <- Error: reset$/),
    '',
  ])
})
