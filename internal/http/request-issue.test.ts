import { z } from 'zod'
import { toFieldErrors, wordIssue } from './request-issue'

function wordsOf(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value, { error: wordIssue })
  return toFieldErrors(error?.issues ?? []).map(({ path, message }) =>
    path ? `${path}: ${message}` : message,
  )
}

const decimal = z.string().regex(/^\d+\.\d\d$/, 'must be a decimal string such as "12.50"')

test.each<[string, z.ZodType, unknown, string[]]>([
  ['a missing field', z.object({ a: z.string() }), {}, ['a: is required']],
  ['another type', z.string(), 1, ['must be a string']],
  ['no object', z.strictObject({}), [], ['must be an object']],
  ['no list', z.array(z.string()), {}, ['must be a list']],
  ['no boolean', z.boolean(), 'yes', ['must be true or false']],
  ['a fraction', z.int(), 1.5, ['must be a whole number']],
  ['1e999', z.number(), Infinity, ['must be a finite number']],
  ['an empty text', z.string().min(1), '', ['must not be empty']],
  ['a short text', z.string().min(3), 'a', ['must have at least 3 characters']],
  ['a long text', z.string().max(3), 'abcd', ['must have at most 3 characters']],
  ['a long list', z.array(z.int()).max(1), [1, 2], ['must have at most 1 entries']],
  ['a small number', z.number().min(1), 0, ['must be at least 1']],
  ['a number on the edge', z.number().positive(), 0, ['must be more than 0']],
  ['a number over the edge', z.number().lt(5), 5, ['must be less than 5']],
  ['no multiple', z.number().multipleOf(5), 4, ['must be a multiple of 5']],
  ['another choice', z.enum(['a', 'b']), 'c', ['must be one of "a", "b"']],
  ['another literal', z.literal('EUR'), 'c', ['must be "EUR"']],
  ['no time', z.iso.datetime(), 'x', ['must be a time such as "2026-01-31T09:30:00Z"']],
  ['another form', z.string().regex(/a/), 'x', ['has not the form that is expected']],
  ['a schema’s own words', decimal, 'x', ['must be a decimal string such as "12.50"']],
  ['a rule without words', z.string().refine(() => false), 'x', ['is not valid']],
  ['unknown keys', z.object({ a: z.strictObject({}) }), { a: { b: 1, c: 2 } }, ['a.b: is not known here', 'a.c: is not known here']], // prettier-ignore
  ['a key of a record', z.record(z.string().max(1), z.int()), { ab: 1 }, ['ab: has a name that is not taken: it must have at most 1 characters']], // prettier-ignore
  ['an entry', z.object({ a: z.array(z.object({ b: z.int() })) }), { a: [{ b: 'x' }] }, ['a.0.b: must be a number']], // prettier-ignore
  ['no form of a union', z.object({ a: decimal.or(z.number()) }), { a: true }, ['a: must be a string or a number']], // prettier-ignore
  ['the meant form of a union', z.object({ a: decimal.or(z.number()) }), { a: 'x' }, ['a: must be a decimal string such as "12.50"']], // prettier-ignore
  ['a union of two near misses', z.union([z.strictObject({ a: decimal }), z.strictObject({ b: decimal })]), {}, ['has none of the forms that are taken']], // prettier-ignore
  ['a union’s own words', z.union([z.string(), z.number()], 'must be an amount'), true, ['must be an amount']], // prettier-ignore
])('%s is said in words for people', (_name, schema, value, words) => {
  expect(wordsOf(schema, value)).toEqual(words)
})
