import { readVerifyArguments } from './arguments'

const path = 'config/verify/local.json'
const digest = 'ab'.repeat(32)

test('rechecks everything by default', () => {
  const full = { path, isIncremental: false, expected: undefined }
  expect(readVerifyArguments([path])).toEqual(full)
  expect(readVerifyArguments(['--full', path])).toEqual(full)
  expect(readVerifyArguments(['--incremental', path])).toEqual({ ...full, isIncremental: true })
})

test('takes a seal that was kept', () => {
  const { expected } = readVerifyArguments(['--expect', `12:${digest.toUpperCase()}`, path])
  expect(expected).toEqual({ no: 12n, digest: Buffer.alloc(32, 0xab) })
})

test.each([
  [['--full', '--incremental'], 'exclude each other'],
  [['--incremental', `--expect=1:${digest}`], '--expect needs a full recheck'],
  [[`--expect=0:${digest}`], '--expect must be NUMBER:DIGEST'],
  [[`--expect=1:${digest}0`], '--expect must be NUMBER:DIGEST'],
  [['--expect=1'], '--expect must be NUMBER:DIGEST'],
  [['--quick'], "Unknown option '--quick'"],
  [['more'], 'does not know what to do with "more"'],
])('refuses %j', (args, message) => {
  expect(() => readVerifyArguments([path, ...args])).toThrow(message)
})
