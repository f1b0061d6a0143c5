import { z } from 'zod'
import { limitDefault, pageInput, pageOutput, toPage } from './page'

const input = z.strictObject(pageInput)

test('reads a limit, and takes the default for none', () => {
  expect(input.parse({})).toEqual({ limit: limitDefault })
  expect(input.parse({ limit: '1' }).limit).toBe(1)
  expect(input.parse({ limit: '100', cursor: 'x' })).toEqual({ limit: 100, cursor: 'x' })
  expect(input.parse({ limit: '007' }).limit).toBe(7)
})

test.each(['0', '101', '-1', '1.5', '1e2', '', ' 1', '0x1', 'abc', '1000'])(
  'refuses %j as a limit',
  (limit) => {
    const { error } = input.safeParse({ limit })
    expect(error!.issues).toMatchObject([
      { path: ['limit'], message: expect.stringMatching(/100/) },
    ])
  },
)

const shape = { toDto: (n: number) => `row ${n}`, cursorOf: (n: number) => `after ${n}` }

test.each<[number[], number, string[], string | null]>([
  [[], 2, [], null],
  [[1], 2, ['row 1'], null],
  [[1, 2], 2, ['row 1', 'row 2'], null],
  // One row more than asked for was read: there is another page, and it begins behind the last shown.
  [[1, 2, 3], 2, ['row 1', 'row 2'], 'after 2'],
])('makes a page of %j by %i', (rows, limit, data, next_cursor) => {
  const page = toPage(rows, limit, shape)
  expect(page).toEqual({ data, next_cursor })
  expect(pageOutput(z.string()).parse(page)).toEqual(page)
})
