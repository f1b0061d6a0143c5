import type { z } from 'zod'
import { Fault, type FaultSpec, type FieldError } from '../internal/fault/fault'

const invalidConfig = {
  kind: 'invalid',
  code: 'config.invalid',
  title: 'The configuration cannot be used',
} satisfies FaultSpec

/** A file that cannot be read as a configuration at all. */
export function unreadable(path: string, why: string, cause?: unknown): Fault {
  return new Fault(invalidConfig, { detail: `${path}: ${why}`, cause })
}

/** A configuration with mistakes: all of them in the detail, and each in `errors`. */
export function mistaken(path: string, errors: FieldError[]): Fault {
  const list = errors.map((error) => `\n  ${error.path}: ${error.message}`).join('')
  return new Fault(invalidConfig, { detail: `${path} cannot be used:${list}`, errors })
}

type Issue = z.core.$ZodIssue

/**
 * An issue in words: the key, what must stand there, what does. `names` gives the environment
 * variable that a key's value came from.
 */
export function describeIssue(
  issue: Issue,
  input: unknown,
  names: Record<string, string>,
): FieldError[] {
  const key = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({
      path: key ? `${key}.${name}` : name,
      message: 'is no known key',
    }))
  }
  const message = issue.message + butIs(issue.path.reduce(step, input), issue)
  return [{ path: names[key] ?? (key || 'the whole file'), message }]
}

function step(value: unknown, key: PropertyKey): unknown {
  return (value as Record<PropertyKey, unknown> | undefined)?.[key]
}

function butIs(value: unknown, issue: Issue): string {
  // The URL of a database holds its password; and what is wrong with an object is no one value of it.
  if (issue.path.at(-1) === 'url' || issue.code === 'custom') return ''
  if (value === undefined) return ', and is missing'
  const text = JSON.stringify(value)
  return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
}
