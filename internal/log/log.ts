import { types } from 'node:util'
import pino from 'pino'
import { newPrettyStream } from './pretty'

/** One entry: a sentence, with fields in front of it when there are any. An `err` field is written with its causes. */
export interface LogMethod {
  (message: string): void
  (fields: object, message: string): void
}

export interface Log {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
  /** A log that writes these fields with every entry. */
  child(fields: Record<string, unknown>): Log
}

export interface LogSettings {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `json` for machines, `pretty` for a terminal: one line an entry either way. */
  format: 'json' | 'pretty'
}

/** Where the lines go. */
export interface LogStream {
  write(line: string): void
}

/** A log on standard error, which leaves standard output to what a program answers. */
export function newLog(settings: LogSettings, stream: LogStream = process.stderr): Log {
  const target = settings.format === 'pretty' ? newPrettyStream(stream) : stream
  return pino(
    {
      level: settings.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
    },
    target,
  )
}

export interface SerializedError {
  type: string
  message: string
  /** As the driver and Node give it: a SQLSTATE, ECONNREFUSED, a fault's code. */
  code?: string
  stack?: string
  cause?: SerializedError
}

const causesMax = 5

/** An error with its causes, a few levels deep: whoever throws may have made a ring of them. */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!types.isNativeError(error)) return { type: typeof error, message: String(error) }
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined &&
      depth < causesMax && { cause: serializeError(error.cause, depth + 1) }),
  }
}
