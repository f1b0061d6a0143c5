import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { z } from 'zod'
import { decodeCursor, encodeCursor } from './cursor'

const position = z.array(z.string())
const invalid = expect.objectContaining({ code: 'page.invalid_cursor' }) as unknown

function expectInvalid(list: string, cursor: string, schema: z.ZodType = position): void {
  let thrown: unknown
  try {
    decodeCursor(list, cursor, schema)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toEqual(invalid)
}

test('what is encoded is decoded for the same list, and needs no escaping in a URL', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string({ unit: 'binary' })), (list, values) => {
      const cursor = encodeCursor(list, values)
      expect(decodeCursor(list, cursor, position)).toEqual(values)
      expect(encodeURIComponent(cursor)).toBe(cursor)
    }),
  )
})

test('refuses the cursor of another list', () => {
  const cursor = encodeCursor('transactions a null null', ['x'])
  expectInvalid('transactions b null null', cursor)
  expectInvalid('users', cursor)
  expectInvalid('', cursor)
})

test.each(['', 'x', 'a'.repeat(512), '!!!', '\u0000', '😀', 'W10'])('refuses %j', (cursor) => {
  expectInvalid('users', cursor)
})

test('refuses a cursor of which a single character was changed', () => {
  const cursor = encodeCursor('users', ['ada'])
  for (let i = 0; i < cursor.length; i++) {
    const other = cursor[i] === 'A' ? 'B' : 'A'
    const changed = cursor.slice(0, i) + other + cursor.slice(i + 1)
    // The last character may carry bits that mean nothing.
    if (Buffer.from(changed, 'base64url').equals(Buffer.from(cursor, 'base64url'))) continue
    expectInvalid('users', changed)
  }
})

test('refuses a position of another form, and one that is no JSON, under the right digest', () => {
  expectInvalid('users', encodeCursor('users', ['a', 'b']), z.tuple([z.string()]))
  const digest = createHash('sha256').update('users\n[').digest('hex').slice(0, 16)
  expectInvalid('users', Buffer.from(`${digest}[`).toString('base64url'))
})
