import { beginning, comparePositions, formatPosition, readPosition } from './position'

const id = '019c1f6e-8d7a-7c3b-9f10-2b6f0c5d4e3a'

test.each([`0-${id}`, `1-${id}`, `9223372036854775807-${id}`])(
  '%s reads back as it was',
  (text) => {
    expect(formatPosition(readPosition(text)!)).toBe(text)
  },
)

test('positions go by number, then by id', () => {
  const texts = [
    `2-${id}`,
    `10-${id}`,
    '10-ffffffff-ffff-ffff-ffff-ffffffffffff',
    `11-00000000-0000-0000-0000-000000000000`,
    `11-${id}`,
  ]
  const positions = [beginning, ...texts.map((text) => readPosition(text)!)]
  expect([...positions].reverse().sort(comparePositions)).toEqual(positions)
  expect(comparePositions(readPosition(`2-${id}`)!, readPosition(`2-${id}`)!)).toBe(0)
})
