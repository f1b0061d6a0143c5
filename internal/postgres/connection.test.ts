import { redactUrl } from './connection'

test.each([
  ['postgres://ada:secret@db:5432/book', 'postgres://ada@db:5432/book'],
  ['postgres://ada:se@cr@et@db:5432/book', 'postgres://ada@db:5432/book'],
  ['postgres://ada:se/cr:et@db/book', 'postgres://ada@db/book'],
  ['postgres://:secret@db/book', 'postgres://@db/book'],
  ['postgres://db:5432/book', 'postgres://db:5432/book'],
  ['postgres://db:5432/book?user=a@b', 'postgres://db:5432/book?user=a@b'],
  [
    'postgres://db/book?password=secret&sslmode=require',
    'postgres://db/book?password=…&sslmode=require',
  ],
])('%s is shown as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown)
})
