import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { usageFault } from '../../internal/cli/arguments'

/** What is read from, and where the question is put. */
export interface Terminal {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean }
  stderr: NodeJS.WritableStream
}

/**
 * The first line of the standard input, which shows up neither in the list of processes nor in the
 * shell's history. A person at a terminal is asked for it, and it is not shown.
 */
export async function readPassword({ stdin, stderr }: Terminal): Promise<string> {
  if (stdin.isTTY) stderr.write('Password: ')
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: silence, terminal: stdin.isTTY === true })
  const first = await lines[Symbol.asyncIterator]().next()
  lines.close()
  if (stdin.isTTY) stderr.write('\n')
  if (!first.done) return first.value
  throw usageFault('the password is missing: write it to the standard input')
}
