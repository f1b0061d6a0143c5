import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import type { Account } from './account'
import { isCode } from './file'

export interface ProgramOptions {
  /** Run as this account instead of our own. */
  account?: Account
  input?: string
  timeoutMs?: number
}

const defaultTimeoutMs = 60_000

/**
 * What every program of ours runs with. Nothing is inherited: PGDATA or PGPORT would change what PostgreSQL does,
 * and the folder we stand in may be closed to the account.
 */
export function surroundings(account?: Account) {
  return {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(account && { uid: account.uid, gid: account.gid }),
  }
}

/** Runs a program to its end and answers what it printed; throws with what it complained of. */
export function runProgram(file: string, args: string[], options: ProgramOptions = {}) {
  const { account, input = '', timeoutMs = defaultTimeoutMs } = options
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const
  return new Promise<string>((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { ...surroundings(account), ...limits },
      (error, out, complaint) => {
        if (!error) return resolve(out)
        const late = error.killed ? `not done after ${timeoutMs / 1000} s` : error.message
        reject(new Error(`${basename(file)}: ${complaint.trim() || late}`, { cause: error }))
      },
    )
    // The program may end without reading its input; its exit code says enough.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/** True when a process has this number, ours or another account's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !isCode(error, 'ESRCH')
  }
}
