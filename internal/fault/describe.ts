import { inspect, types } from 'node:util'
import { Fault } from './fault'

const causesMax = 5

/** An error for a person: one line with its causes, or everything there is to know with `debug`. */
export function describeError(error: unknown, debug = false): string {
  if (debug) return inspect(error)
  const parts: string[] = []
  for (let depth = 0; error !== undefined && depth < causesMax; depth++) {
    const text = textOf(error)
    // Many an error repeats its cause in its own words.
    if (!parts.some((part) => part.includes(text))) parts.push(text)
    error = types.isNativeError(error) ? error.cause : undefined
  }
  return parts.join(': ')
}

function textOf(error: unknown): string {
  // Written by us for this very purpose, and the one that may have several lines.
  if (error instanceof Fault) return error.detail
  if (!types.isNativeError(error)) return String(error)
  const { errors } = error as { errors?: unknown }
  // A host with several addresses fails with one error for each, and no message of its own.
  if (error.message === '' && Array.isArray(errors)) return errors.map(textOf).join('; ')
  return (error.message || error.name).replace(/\s*\n\s*/g, ' ')
}
