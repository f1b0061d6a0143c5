import { EventEmitter } from 'node:events'
import { newClosers } from './closers'
import { describeError } from '../fault/describe'
import { runProgram, type Running } from './program'
import { usageFault } from './arguments'

function newHost(args: string[] = []) {
  const written = { stdout: '', stderr: '' }
  const host = Object.assign(new EventEmitter(), {
    argv: ['node', 'program', ...args],
    env: {},
    stdout: newOutput((text) => (written.stdout += text)),
    stderr: newOutput((text) => (written.stderr += text)),
  })
  return { host, written }
}

function newOutput(write: (text: string) => void) {
  return Object.assign(new EventEmitter(), { write })
}

function errorOf(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`write ${code}`), { code })
}

const spec = (main: (args: string[]) => Promise<Running | void>) => ({
  name: 'tillbook-x',
  usage: '\nUsage: tillbook-x\n',
  version: '1.2.3',
  main,
})

const never = () => new Promise<never>(() => {})

describe('runProgram', () => {
  test('hands the arguments over and gives 0 when the work is done', async () => {
    const { host } = newHost(['a', '--b'])
    const main = jest.fn(async () => {})
    expect(await runProgram(spec(main), host)).toBe(0)
    expect(main).toHaveBeenCalledWith(['a', '--b'])
  })

  test('gives 2 for what the user has to put right, 1 for any other failure', async () => {
    const wrong = newHost()
    const usage = async () => Promise.reject(usageFault('the file is missing'))
    expect(await runProgram(spec(usage), wrong.host)).toBe(2)
    expect(wrong.written.stderr).toContain('tillbook-x: the file is missing\n')
    expect(wrong.written.stderr).toContain('tillbook-x --help')

    const failed = newHost()
    const failure = async () => Promise.reject(new Error('no luck', { cause: new Error('rain') }))
    expect(await runProgram(spec(failure), failed.host)).toBe(1)
    expect(failed.written.stderr).toBe('tillbook-x: no luck: rain\n')
  })

  test('ends without a word when whoever reads has seen enough, and with one when the disk is full', async () => {
    for (const [code, wanted] of [
      ['EPIPE', { code: 141, stderr: '' }],
      ['ENOSPC', { code: 1, stderr: expect.stringMatching(/cannot be written: write ENOSPC\n$/) }],
    ] as const) {
      const { host, written } = newHost()
      const done = runProgram(spec(never), host)
      host.stdout.emit('error', errorOf(code))
      expect({ code: await done, stderr: written.stderr }).toEqual(wanted)
    }
  })

  test('what serves goes on when nobody reads what it prints or logs', async () => {
    const { host } = newHost()
    const close = jest.fn(async () => {})
    const done = runProgram(
      spec(async () => ({ close })),
      host,
    )
    await new Promise(setImmediate)
    host.stdout.emit('error', errorOf('EPIPE'))
    host.stderr.emit('error', errorOf('EPIPE'))
    await new Promise(setImmediate)
    expect(close).not.toHaveBeenCalled()
    host.emit('SIGTERM', 'SIGTERM')
    expect(await done).toBe(0)
  })

  test('closes what runs at the first signal, once, and gives 0 when that is done', async () => {
    const { host } = newHost()
    const close = jest.fn(async () => {})
    const done = runProgram(
      spec(async () => ({ close })),
      host,
    )
    await new Promise(setImmediate)
    expect(close).not.toHaveBeenCalled()
    host.emit('SIGTERM', 'SIGTERM')
    expect(await done).toBe(0)
    expect(close).toHaveBeenCalledTimes(1)
  })

  test('gives 130 at the second signal, without waiting for the closing', async () => {
    const { host } = newHost()
    const done = runProgram(
      spec(async () => ({ close: never })),
      host,
    )
    await new Promise(setImmediate)
    host.emit('SIGINT', 'SIGINT')
    host.emit('SIGINT', 'SIGINT')
    expect(await done).toBe(130)
  })

  test('leaves at once at a signal before anything is served', async () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const { host } = newHost()
      const done = runProgram(spec(never), host)
      host.emit(signal, signal)
      expect(await done).toBe(code)
    }
  })

  test('gives 1 when closing fails, and when it takes longer than 10 seconds', async () => {
    const failing = newHost()
    const fails = async () => ({ close: async () => Promise.reject(new Error('stuck')) })
    const failed = runProgram(spec(fails), failing.host)
    failing.host.emit('SIGTERM', 'SIGTERM')
    expect(await failed).not.toBe(0)

    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] })
    const slow = newHost()
    const done = runProgram(
      spec(async () => ({ close: never })),
      slow.host,
    )
    await new Promise(setImmediate)
    slow.host.emit('SIGTERM', 'SIGTERM')
    await jest.advanceTimersByTimeAsync(10_000)
    jest.useRealTimers()
    expect(await done).toBe(1)
    expect(slow.written.stderr).toContain('did not close within 10 seconds')
  })
})

describe('newClosers', () => {
  test('closes in reverse, all of them, once, and throws the first failure in the end', async () => {
    const closed: string[] = []
    const closers = newClosers()
    closers.add(() => closed.push('first'))
    closers.add(() => {
      throw new Error('broken')
    })
    closers.add(async () => closed.push('last'))
    const both = [closers.close(), closers.close()]
    await expect(both[0]).rejects.toThrow('broken')
    await expect(both[1]).rejects.toThrow('broken')
    expect(closed).toEqual(['last', 'first'])
  })
})

describe('describeError', () => {
  test('is one line with the causes, each said once', () => {
    const error = new Error('cannot start: no room', {
      cause: new Error('no room', { cause: new Error('disk\n  full') }),
    })
    expect(describeError(error)).toBe('cannot start: no room: disk full')
  })

  test('tells every attempt of a connection to several addresses', () => {
    const error = new AggregateError([new Error('a refused'), new Error('b refused')])
    expect(describeError(error)).toBe('a refused; b refused')
  })

  test('ends with causes that go round in a ring', () => {
    const error = new Error('round')
    error.cause = error
    expect(describeError(error)).toBe('round')
  })
})
