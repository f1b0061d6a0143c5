import type { z } from 'zod'
import type { FieldError } from '../fault/fault'

type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

const nouns: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
  date: 'a time',
}

const formats: Record<string, string> = {
  datetime: 'a time such as "2026-01-31T09:30:00Z"',
  date: 'a date such as "2026-01-31"',
  uuid: 'a UUID',
  email: 'an e-mail address',
  url: 'a URL',
}

const units: Record<string, string> = { string: 'characters', array: 'entries', set: 'entries' }

const anyForm = 'has none of the forms that are taken'

/**
 * What zod says in its own words, in words for people, made to stand behind the field's name:
 * "amount: must be a string". A schema's own message takes precedence.
 */
export function wordIssue(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required'
      if (issue.input === Infinity || issue.input === -Infinity) return 'must be a finite number'
      return `must be ${nouns[issue.expected] ?? `a ${issue.expected}`}`
    case 'too_small':
      if (issue.minimum === 1 && issue.origin in units) return 'must not be empty'
      return bound(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum)
    case 'too_big':
      return bound(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum)
    case 'invalid_value': {
      const values = issue.values.map((value) => JSON.stringify(value) ?? String(value))
      return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`
    }
    case 'invalid_format': {
      const noun = formats[issue.format]
      return noun ? `must be ${noun}` : 'has not the form that is expected'
    }
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_key':
      return `has a name that is not taken: it ${issue.issues[0]?.message ?? 'is not valid'}`
    case 'unrecognized_keys':
      return 'is not known here'
    case 'invalid_union':
      return anyForm
    default:
      return 'is not valid'
  }
}

function bound(origin: string, comparison: string, limit: number | bigint): string {
  const unit = units[origin]
  return unit ? `must have ${comparison} ${limit} ${unit}` : `must be ${comparison} ${limit}`
}

/** One error for each thing that is wrong: unknown keys each by their own path. */
export function toFieldErrors(issues: readonly Issue[], parents: PropertyKey[] = []): FieldError[] {
  return issues.flatMap((issue) => {
    const path = [...parents, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: toPath([...path, key]), message: issue.message }))
    }
    if (issue.code === 'invalid_union' && issue.message === anyForm) return branch(issue, path)
    return [{ path: toPath(path), message: issue.message }]
  })
}

/** What a union refused: the errors of the one form that was meant, else the forms that there are. */
function branch(issue: z.core.$ZodIssueInvalidUnion, path: PropertyKey[]): FieldError[] {
  const isOtherType = ([first]: Issue[]) => first?.code === 'invalid_type' && !first.path.length
  const meant = issue.errors.filter((errors) => !isOtherType(errors))
  if (meant.length === 1) return toFieldErrors(meant[0] ?? [], path)
  const expected = issue.errors.flatMap(([first]) => (first ? [first.message] : []))
  const isTypes = meant.length === 0 && expected.length > 0
  const message = isTypes
    ? [...new Set(expected)].join(' or ').replaceAll(' or must be', ' or')
    : anyForm
  return [{ path: toPath(path), message }]
}

const nameLengthMax = 64

/** `metadata.tags.0`; names that a client made up are cut short. */
function toPath(path: PropertyKey[]): string {
  return path.map((part) => String(part).slice(0, nameLengthMax)).join('.')
}
