import type { LogStream, SerializedError } from './log'

interface Entry extends Record<string, unknown> {
  level: string
  time: string
  msg?: string
}

const colours: Record<string, string> = { warn: '\x1b[33m', error: '\x1b[31m', debug: '\x1b[2m' }

/** Turns each JSON line into `09:30:00.123 info  message  key=value`, coloured on a terminal. */
export function newPrettyStream(target: LogStream & { isTTY?: boolean }): LogStream {
  return {
    write(line) {
      const { level, time, msg = '', err, ...fields } = JSON.parse(line) as Entry
      const head = `${time.slice(11, 23)} ${level.padEnd(5)} ${msg}`
      const text = [head, ...Object.entries(fields).map(toPair), ...errorText(err)].join('  ')
      const colour = target.isTTY ? colours[level] : undefined
      target.write(colour ? `${colour}${text}\x1b[0m\n` : `${text}\n`)
    },
  }
}

function toPair([key, value]: [string, unknown]): string {
  return `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`
}

function errorText(err: unknown): string[] {
  if (err === undefined) return []
  const chain: string[] = []
  let error = err as SerializedError | undefined
  for (; error; error = error.cause) chain.push(`${error.type}: ${error.message}`)
  return [`err=${chain.join(' <- ').replaceAll('\n', ' ')}`]
}
