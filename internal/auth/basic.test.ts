import { readBasic } from './basic'

function basic(text: string | Buffer): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

describe('an Authorization header', () => {
  test.each<[string, string, { userId: string; password: string }]>([
    [
      'the example of RFC 7617',
      'Aladdin:open sesame',
      { userId: 'Aladdin', password: 'open sesame' },
    ],
    ['a password with colons', 'ada:a:b::', { userId: 'ada', password: 'a:b::' }],
    ['an empty password', 'ada:', { userId: 'ada', password: '' }],
    ['UTF-8', 'ada:pässwörd 🐸', { userId: 'ada', password: 'pässwörd 🐸' }],
    ['letters with their marks apart', 'ada:pa\u0308ss', { userId: 'ada', password: 'p\u00e4ss' }],
  ])('is read: %s', (_name, text, signIn) => {
    expect(readBasic(basic(text))).toEqual(signIn)
  })

  test('is read whatever the case of the scheme, with several blanks, with and without padding', () => {
    const expected = { userId: 'ada', password: 'b' }
    for (const header of ['basic YWRhOmI=', 'BASIC   YWRhOmI=', 'Basic YWRhOmI']) {
      expect(readBasic(header)).toEqual(expected)
    }
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['another scheme', 'Bearer YWRhOmI='],
    ['no credentials', 'Basic'],
    ['a blank', 'Basic '],
    ['no base64', 'Basic a*b'],
    ['base64 of URLs', 'Basic YWRhOmI_-w'],
    ['padding in the middle', 'Basic YW==RhOmI='],
    ['two of them', 'Basic YWRhOmI= YWRhOmI='],
    ['a list', 'Basic YWRhOmI=, Basic YWRhOmI='],
    ['no colon', basic('ada')],
    ['no user', basic(':secret')],
    ['a NUL in the user', basic('a\0da:secret')],
    ['a NUL in the password', basic('ada:sec\0ret')],
    ['a line break', basic('ada:sec\nret')],
    ['DEL', basic('ada:sec\u007fret')],
    ['broken UTF-8', basic(Buffer.from([0x61, 0x3a, 0xff, 0xfe]))],
    ['Latin-1', basic(Buffer.from('ada:pässword', 'latin1'))],
    ['a megabyte', basic('ada:'.padEnd(1_000_000, 'x'))],
  ])('that is %s is none', (_name, header) => {
    expect(readBasic(header)).toBeUndefined()
  })

  test('has room for the longest id and password there are', () => {
    const [userId, password] = ['a'.repeat(64), '🐸'.repeat(128)]
    expect(readBasic(basic(`${userId}:${password}`))).toEqual({ userId, password })
  })
})
