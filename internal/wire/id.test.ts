import { idempotencyKeySchema, readableIdSchema, uuidSchema } from './id'

const takes = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success

test.each(['a', 'A1', '0', 'ada-checking', 'a_b.c:d-e', 'x'.repeat(64), 'world:EUR'])(
  'takes %j as an id',
  (id) => {
    expect(readableIdSchema.parse(id)).toBe(id)
  },
)

test.each([
  ...['', '-a', '_a', '.a', ':a', 'a b', 'a/b', 'a\n', '\na', 'a\u0000', 'ä', '１', 'x'.repeat(65)],
  ...[1, null, undefined, ['a'], { toString: () => 'a' }],
])('refuses %p as an id', (id) => {
  expect(takes(readableIdSchema, id)).toBe(false)
})

const uuid = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'

test('takes a UUID in any case and makes it lower', () => {
  expect(uuidSchema.parse(uuid)).toBe(uuid)
  expect(uuidSchema.parse(uuid.toUpperCase())).toBe(uuid)
})

test.each(['', uuid.slice(1), `${uuid}0`, `{${uuid}}`, uuid.replaceAll('-', ''), `${uuid}\n`, 1])(
  'refuses %j as a UUID',
  (value) => {
    expect(takes(uuidSchema, value)).toBe(false)
  },
)

test.each(['a', '!~"\\', 'x'.repeat(255), '5f2c9a52-order-1042'])('takes %j as a key', (key) => {
  expect(idempotencyKeySchema.parse(key)).toBe(key)
})

test.each(['', ' ', 'a b', 'a\t', 'é', '\u007f', 'x'.repeat(256), 'a\n'])(
  'refuses %j as a key',
  (key) => {
    expect(takes(idempotencyKeySchema, key)).toBe(false)
  },
)

test('says of a key that was sent twice that it must be sent once', () => {
  const { error } = idempotencyKeySchema.safeParse(['a', 'b'])
  expect(error!.issues[0]!.message).toBe('must be sent once')
})
