import { newLog, type Log } from '../../internal/log/log'

/** A log that nobody reads. */
export function silentLog(): Log {
  return newLog({ level: 'silent', format: 'json' })
}
